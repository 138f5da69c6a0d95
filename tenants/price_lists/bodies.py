"""What callers send about price lists."""

from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from saas.errors import DomainError, FieldError, InvalidValueError, pointer
from saas.validation import Body, ChangeBody, ExternalId, MinorUnits
from tenants.programme.strict import Code, Names, as_tuple

MOST_PRICES: Final = 5000
_CODE: TypeAdapter[str] = TypeAdapter(Code)


class Price(Body):
    """Of one piece, in minor units. `sku`: as the till's lines name it. `list_price`: what others pay, to be shown
    beside it.
    """

    sku: ExternalId
    names: Names | None = None
    list_price: MinorUnits | None = None
    price: MinorUnits


class PriceListBody(Body):
    """The whole list: a price that isn't in it is gone."""

    names: Names
    prices: Annotated[list[Price], Field(max_length=MOST_PRICES)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for n, price in enumerate(self.prices):
            if price.sku in seen:
                raise InvalidValueError("duplicate", at=pointer("prices", n, "sku"))
            seen.add(price.sku)
        return self

    def rows(self) -> list[dict[str, Any]]:
        """The prices as JSON data."""
        return [{**price.model_dump(mode="json"), "names": _names(price.names)} for price in self.prices]


class PriceListChange(ChangeBody):
    """`prices` are put, `remove` (their skus) taken away; all others stay."""

    names: Names | None = None
    prices: Annotated[tuple[Price, ...], BeforeValidator(as_tuple), Field(max_length=MOST_PRICES)] = ()
    remove: Annotated[tuple[ExternalId, ...], BeforeValidator(as_tuple), Field(max_length=MOST_PRICES)] = ()


def _names(names: Names | None) -> dict[str, Any]:
    return {} if names is None else names.model_dump(mode="json")


def is_code(text: str) -> bool:
    """Whether a programme could name a price list so."""
    try:
        _CODE.validate_python(text)
    except ValidationError:
        return False
    return True


def require_code(text: str) -> str:
    """The same; raises DomainError `validation-failed`."""
    if not is_code(text):
        raise DomainError("validation-failed", errors=[FieldError("/code", "wrong-format")])
    return text
