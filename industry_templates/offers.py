"""What a template has to give beside the benefits of its tiers and its coupons: rewards, price lists, commissions."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tenants.programme.strict import (
    Code,
    Fault,
    Label,
    Money,
    MoneyAboveZero,
    Names,
    Strict,
    as_tuple,
    duplicates,
    invalid,
)


class Reward(Strict):
    """A thing that points buy; `stock` None: as many as wanted, `tier` the lowest one that may claim it."""

    code: Code
    names: Names
    points: int = Field(ge=1, le=10**9)
    stock: int | None = Field(default=None, ge=0, le=10**9)
    tier: Code | None = None


class PricedItem(Strict):
    """`sku`: as the till's lines name it."""

    sku: Label
    names: Names
    list_price: Money
    price: Money


class PriceList(Strict):
    """Prices of one of the till's lists, as an example to begin with."""

    code: Code
    names: Names
    items: Annotated[tuple[PricedItem, ...], BeforeValidator(as_tuple), Field(max_length=200)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        skus = [item.sku for item in self.items]
        again = duplicates(skus)
        if again:
            message = "The list has this already"
            raise invalid("price-list", [Fault(("items", n, "sku"), "duplicate", message) for n in again])
        return self


class Commission(Strict):
    """What an employee gets for each customer brought, shown in the staff report."""

    code: Code
    names: Names
    per: Literal["referred_member"]
    amount: MoneyAboveZero
