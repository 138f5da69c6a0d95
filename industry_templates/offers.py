"""What a template has to give beside the benefits of its tiers: coupons, rewards, price lists, commissions."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tenants.programme.strict import Code, Labels, Money, MoneyAboveZero, Names, Percent, Strict, as_tuple, by_tag


class AmountOff(Strict):
    type: Literal["amount"]
    amount: MoneyAboveZero


class PercentOff(Strict):
    type: Literal["percent"]
    percent: Percent = Field(gt=0)


class FixedPrice(Strict):
    """The thing costs so much, whatever its list price; 0: it is free."""

    type: Literal["fixed_price"]
    price: Money


AnyValue = AmountOff | PercentOff | FixedPrice
Value = Annotated[AnyValue, by_tag("type", "unknown-coupon", AmountOff, PercentOff, FixedPrice)]


class Combines(Strict):
    """What else may be used beside the coupon."""

    tier_discount: bool = True
    campaign: bool = False
    coupons: bool = False


class Coupon(Strict):
    """A promise of a discount, used once, within `valid_days` of being given; from `minimum` minor units on, for lines
    of the categories (none listed: of all).
    """

    code: Code
    names: Names
    value: Value
    minimum: Money = 0
    categories: Labels = ()
    valid_days: int = Field(ge=1, le=3660)
    combines: Combines = Combines()


class Reward(Strict):
    """A thing that points buy; `stock` None: as many as wanted, `tier` the lowest one that may claim it."""

    code: Code
    names: Names
    points: int = Field(ge=1, le=10**9)
    stock: int | None = Field(default=None, ge=0, le=10**9)
    tier: Code | None = None


class PricedItem(Strict):
    names: Names
    list_price: Money
    price: Money


class PriceList(Strict):
    """Prices of one of the till's lists, as an example to begin with."""

    code: Code
    names: Names
    items: Annotated[tuple[PricedItem, ...], BeforeValidator(as_tuple), Field(max_length=200)]


class Commission(Strict):
    """What an employee gets for each customer brought, shown in the staff report."""

    code: Code
    names: Names
    per: Literal["referred_member"]
    amount: MoneyAboveZero
