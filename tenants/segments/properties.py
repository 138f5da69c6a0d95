"""What a segment's condition may ask of a member beside its metrics: properties, with `in` or with bounds."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from tenants.programme.leaves import Bounds, Number
from tenants.programme.strict import (
    Code,
    Codes,
    Day,
    Fault,
    Label,
    Labels,
    Strict,
    duplicates,
    invalid,
    shown,
)

Stage = Literal["new", "growing", "mature", "declining", "lost"]
RfmGroup = Literal[
    "champion",
    "loyal",
    "potential_loyalist",
    "recent",
    "promising",
    "needs_attention",
    "about_to_sleep",
    "at_risk",
    "cant_lose",
    "hibernating",
    "lost",
]
Channel = Literal["sms", "email", "wechat", "push", "health"]
Source = Literal["api", "import", "till", "page"]
Month = Annotated[int, Field(ge=1, le=12)] | Literal["this", "next"]
"""A month of the year, or the one that D is in, or the one after it."""
BranchCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]


def _none(value: object) -> bool:
    return value is None


def _listed(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("list-expected", "A list is expected here")
    again = duplicates([(type(item), item) for item in value])
    if again:
        faults = [Fault((n,), "duplicate", "{value} is listed twice", {"value": shown(value[n])}) for n in again]
        raise invalid("list", faults)
    return tuple(value)


_DAY: Final[TypeAdapter[dt.date]] = TypeAdapter(Day)
_NUMBER: Final[TypeAdapter[Decimal]] = TypeAdapter(Number)


def _bound(value: object) -> object:
    """A bound of a date attribute looks like a day; every other is a number."""
    if isinstance(value, dt.date) or (isinstance(value, str) and "-" in value[1:]):
        return _DAY.validate_python(value)
    return _NUMBER.validate_python(value)


AttributeBound = Annotated[
    Decimal | dt.date,
    BeforeValidator(_bound),
    PlainSerializer(str, return_type=str),
]


class _InOrBounds(Strict):
    """Either a list to choose from, or bounds."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        among, gte, lt = (getattr(self, name) for name in ("among", "gte", "lt"))
        if (among is not None) == (gte is not None or lt is not None):
            raise PydanticCustomError("in-or-bounds", "Here stands either in, or gte and lt")
        if gte is not None and lt is not None and (type(gte) is not type(lt) or gte >= lt):
            params = {"gte": str(gte), "lt": str(lt)}
            raise invalid("bounds", [Fault(("lt",), "bounds-crossed", "{lt} isn't above {gte}", params)])
        return self


class TierProperty(_InOrBounds):
    """The tier held on a ladder (the main one without `ladder`): one of the codes, or a range of ranks."""

    property: Literal["tier"]
    ladder: Code | None = Field(default=None, exclude_if=_none)
    among: Annotated[Codes, Field(min_length=1)] | None = Field(default=None, alias="in", exclude_if=_none)
    gte: int | None = Field(default=None, ge=0, le=20, exclude_if=_none)
    lt: int | None = Field(default=None, ge=1, le=20, exclude_if=_none)


class BranchProperty(Strict):
    """The branch where the member was registered, by the branch's code."""

    property: Literal["branch"]
    among: Annotated[tuple[BranchCode, ...], BeforeValidator(_listed)] = Field(
        alias="in", min_length=1, max_length=1000
    )


class TagProperty(Strict):
    """Has one of the tags."""

    property: Literal["tag"]
    among: Annotated[Labels, Field(min_length=1)] = Field(alias="in")


class AttributeProperty(_InOrBounds):
    """A declared attribute: one of the texts, choices or truth values, or a range of numbers or days."""

    property: Literal["attribute"]
    code: Code
    among: Annotated[tuple[Label | bool, ...], BeforeValidator(_listed), Field(min_length=1, max_length=200)] | None = (
        Field(default=None, alias="in", exclude_if=_none)
    )
    gte: AttributeBound | None = Field(default=None, exclude_if=_none)
    lt: AttributeBound | None = Field(default=None, exclude_if=_none)


class BirthdayMonthProperty(Strict):
    """Born in one of these months; `this` and `next` are months as seen from D."""

    property: Literal["birthday_month"]
    among: Annotated[tuple[Month, ...], BeforeValidator(_listed)] = Field(alias="in", min_length=1, max_length=14)


class CountedProperty(Bounds):
    """A whole number of the member, between bounds.

    `birthday_in_days`: days from D to the next birthday (0: today; 29 February is kept on the 28th). `age`: whole
    years at D. `wallet_balance`: principal and bonus, minor units. Without a birthday the first two aren't met.
    """

    property: Literal["birthday_in_days", "age", "wallet_balance"]


class ExpiringProperty(Bounds):
    """How many points expire within so many days, D the first of them."""

    property: Literal["points_expiring"]
    days: int = Field(ge=1, le=3660)


class RanksProperty(Bounds):
    """How many ranks of a ladder (the main one without `ladder`) lie above the tier held: 0 at the top."""

    property: Literal["ranks_to_next"]
    ladder: Code | None = Field(default=None, exclude_if=_none)


class KindProperty(Strict):
    property: Literal["kind"]
    among: Annotated[tuple[Literal["person", "company"], ...], BeforeValidator(_listed)] = Field(
        alias="in", min_length=1, max_length=2
    )


class ConsentProperty(Strict):
    """Agreed, and still agrees, to one of the channels; `health`: to the keeping of health data."""

    property: Literal["consent"]
    among: Annotated[tuple[Channel, ...], BeforeValidator(_listed)] = Field(alias="in", min_length=1, max_length=5)


class StageProperty(Strict):
    """The life-cycle stage at D."""

    property: Literal["stage"]
    among: Annotated[tuple[Stage, ...], BeforeValidator(_listed)] = Field(alias="in", min_length=1, max_length=5)


class RfmGroupProperty(Strict):
    """The RFM group, over the tenant's window and grid."""

    property: Literal["rfm_group"]
    among: Annotated[tuple[RfmGroup, ...], BeforeValidator(_listed)] = Field(alias="in", min_length=1, max_length=11)


class SourceProperty(Strict):
    """How the member was registered."""

    property: Literal["source"]
    among: Annotated[tuple[Source, ...], BeforeValidator(_listed)] = Field(alias="in", min_length=1, max_length=4)


PropertyLeaf = (
    TierProperty
    | BranchProperty
    | TagProperty
    | AttributeProperty
    | BirthdayMonthProperty
    | CountedProperty
    | ExpiringProperty
    | RanksProperty
    | KindProperty
    | ConsentProperty
    | StageProperty
    | RfmGroupProperty
    | SourceProperty
)
_PROPERTIES: Final[dict[str, type[PropertyLeaf]]] = {
    "tier": TierProperty,
    "branch": BranchProperty,
    "tag": TagProperty,
    "attribute": AttributeProperty,
    "birthday_month": BirthdayMonthProperty,
    "birthday_in_days": CountedProperty,
    "age": CountedProperty,
    "kind": KindProperty,
    "consent": ConsentProperty,
    "stage": StageProperty,
    "rfm_group": RfmGroupProperty,
    "points_expiring": ExpiringProperty,
    "wallet_balance": CountedProperty,
    "ranks_to_next": RanksProperty,
    "source": SourceProperty,
}
PROPERTIES: Final = tuple(_PROPERTIES)


def parse_property(value: dict[str, Any]) -> PropertyLeaf:
    """A leaf from an object with `property`; raises pydantic's ValidationError, `unknown-property` among its codes."""
    name = value["property"]
    model = _PROPERTIES.get(name) if isinstance(name, str) else None
    if model is None:
        params = {"property": shown(name), "known": ", ".join(PROPERTIES)}
        message = "{property} is not a property; known are {known}"
        raise invalid("condition", [Fault(("property",), "unknown-property", message, params)])
    return model.model_validate(value)
