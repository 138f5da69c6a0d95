"""The metrics: what a leaf of a condition measures, between which bounds, and what each value is called.

Conditions ask for them with bounds, a score adds them up with weights; both share what is measured.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    PlainSerializer,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from tenants.programme.strict import MAX_MONEY, Code, Fault, Label, Strict, as_tuple, invalid, shown
from tenants.programme.windows import AnyWindow, Lifetime, Window, window_key

MAX_WEIGHTS: Final = 20
MAX_POINTS: Final = 10**9

Unit = Literal["money", "count", "days", "points", "number", "score"]
"""`money`: minor units; `number`: an exact decimal, the mean of what was noted; the others are whole."""

UNITS: Final[dict[str, Unit]] = {
    "spend": "money",
    "purchases": "count",
    "max_purchase": "money",
    "activities": "count",
    "rating": "number",
    "referrals": "count",
    "top_ups": "money",
    "max_top_up": "money",
    "points_earned": "points",
    "tenure_days": "days",
    "days_since_purchase": "days",
    "branches": "count",
    "score": "score",
}
"""What each metric's numbers are."""
METRICS: Final = tuple(UNITS)
WEIGHABLE: Final = tuple(metric for metric in METRICS if metric not in {"score", "rating", "days_since_purchase"})


def _none(value: object) -> bool:
    return value is None


class Bounds(Strict):
    """`gte` ≤ value < `lt`; at least one of them. Money in minor units, counts and days as they are."""

    gte: int | None = Field(default=None, ge=0, le=MAX_MONEY, exclude_if=_none)
    lt: int | None = Field(default=None, ge=1, le=MAX_MONEY, exclude_if=_none)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        _check(self.gte, self.lt)
        return self


def _number(value: object) -> object:
    text = str(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not re.fullmatch(NUMBER, text, re.ASCII):
        message = "A number is written as a string such as «12.5», with at most 4 decimals"
        raise PydanticCustomError("decimal-string", message)
    return Decimal(text)


NUMBER: Final = r"-?[0-9]{1,10}(\.[0-9]{1,4})?"
Number = Annotated[
    Decimal,
    BeforeValidator(_number),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{NUMBER}$"}),
]
"""A bound of `rating`. Also read from a JSON number, whose shortest text is taken, never the float itself."""


class NumberBounds(Strict):
    """Like `Bounds`, exact decimals of at most 4 places: what members note may have them, and be negative."""

    gte: Number | None = Field(default=None, exclude_if=_none)
    lt: Number | None = Field(default=None, exclude_if=_none)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        _check(self.gte, self.lt)
        return self


def _check(gte: Decimal | int | None, lt: Decimal | int | None) -> None:
    if gte is None and lt is None:
        raise PydanticCustomError("bound-missing", "A condition needs gte or lt")
    if gte is not None and lt is not None and gte >= lt:
        params = {"gte": plain(gte), "lt": plain(lt)}
        raise invalid("bounds", [Fault(("lt",), "bounds-crossed", "{lt} isn't above {gte}", params)])


def plain(number: Decimal | int) -> int | str:
    """A bound or value as JSON has it: a whole metric's as a number, a decimal as a string."""
    return str(number) if isinstance(number, Decimal) else number


class Weight(Strict):
    """`points` for each `per` reached of a metric (floor): a part of a score."""

    per: int = Field(ge=1, le=MAX_MONEY)
    points: int = Field(ge=1, le=MAX_POINTS)


def _metrics(model: type[BaseModel]) -> tuple[str, ...]:
    """The metrics that a model stands for: the literals of its field."""
    return get_args(model.model_fields["metric"].annotation)


# --- what is measured -----------------------------------------------------------------------------


class _Windowed(Strict):
    """A metric over the facts of a window; `detail` narrows it to a category or kind."""

    window: Window

    @property
    def detail(self) -> str | None:
        return None


class _Plain(Strict):
    """A metric without a window of its own."""

    @property
    def window(self) -> None:
        return None

    @property
    def detail(self) -> None:
        return None


class _Bought(_Windowed):
    metric: Literal["spend", "purchases"]
    category: Label | None = Field(default=None, exclude_if=_none)

    @property
    def detail(self) -> str | None:
        return self.category


class _OfKind(_Windowed):
    kind: Code | None = Field(default=None, exclude_if=_none)

    @property
    def detail(self) -> str | None:
        return self.kind


class _Done(_OfKind):
    metric: Literal["activities"]


class _Counted(_Windowed):
    metric: Literal["max_purchase", "referrals", "top_ups", "max_top_up", "points_earned", "branches"]


class _Tenure(_Plain):
    metric: Literal["tenure_days"]


class BoughtWeight(_Bought, Weight):
    """Spend or purchases in a score."""


class DoneWeight(_Done, Weight):
    """Activities in a score."""


class CountedWeight(_Counted, Weight):
    """Another windowed metric in a score."""


class TenureWeight(_Tenure, Weight):
    """Days since joining in a score."""


AnyWeight = BoughtWeight | DoneWeight | CountedWeight | TenureWeight
_WEIGHTS: Final = {metric: model for model in get_args(AnyWeight) for metric in _metrics(model)}


def _parse_weight(value: object, _union: ValidatorFunctionWrapHandler) -> AnyWeight:
    if isinstance(value, AnyWeight):
        return value
    if not isinstance(value, dict):
        raise PydanticCustomError("object-expected", "An object is expected here")
    if "metric" not in value:
        missing = InitErrorDetails(type="missing", loc=("metric",), input=value)
        raise ValidationError.from_exception_data("weight", [missing])
    weight: AnyWeight = _WEIGHTS[_known(value["metric"], WEIGHABLE)].model_validate(value)
    return weight


class BoughtLeaf(_Bought, Bounds):
    """Spend or purchases, all or those of a category."""


class DoneLeaf(_Done, Bounds):
    """How many activities, all or those of a kind."""


class RatingLeaf(_OfKind, NumberBounds):
    """The mean of the activities' numbers."""

    metric: Literal["rating"]


class CountedLeaf(_Counted, Bounds):
    """Another metric with a window and nothing to narrow it."""


class PlainLeaf(_Plain, Bounds):
    """A metric that is what it is at D, without a window."""

    metric: Literal["tenure_days", "days_since_purchase"]


class ScoreLeaf(_Plain, Bounds):
    """Growth value: the sum of floor(value ÷ per) × points over its weights."""

    metric: Literal["score"]
    weights: Annotated[
        tuple[Annotated[AnyWeight, WrapValidator(_parse_weight)], ...],
        BeforeValidator(as_tuple),
        Field(min_length=1, max_length=MAX_WEIGHTS),
    ]


WindowedLeaf = BoughtLeaf | DoneLeaf | RatingLeaf | CountedLeaf
Leaf = WindowedLeaf | PlainLeaf | ScoreLeaf
Quantity = Leaf | AnyWeight
"""Whatever has a value: a leaf, or a weight's part of a score before it is weighed."""

_LEAVES: Final = {metric: model for model in get_args(Leaf) for metric in _metrics(model)}


def parse_leaf(value: dict[str, Any]) -> Leaf:
    """A leaf from an object with `metric`; raises pydantic's ValidationError, `unknown-metric` among its codes."""
    leaf: Leaf = _LEAVES[_known(value["metric"], METRICS)].model_validate(value)
    return leaf


def _known(metric: object, known: Iterable[str]) -> str:
    names = tuple(known)
    if isinstance(metric, str) and metric in names:
        return metric
    params = {"metric": shown(metric), "known": ", ".join(names)}
    message = "{metric} is not a metric; known are {known}"
    raise invalid("condition", [Fault(("metric",), "unknown-metric", message, params)])


# --- names ----------------------------------------------------------------------------------------


def leaf_key(leaf: Quantity) -> str:
    """A short stable name of what is measured: `spend/rolling_months:12`, `spend:tea/lifetime`, `tenure_days`.

    A score's is `score/` and 12 hexadecimal digits that its weights give, in whatever order they stand.
    Neither a metric nor a window's name has a slash, so no category can make two keys equal.
    """
    if isinstance(leaf, ScoreLeaf):
        weights = sorted(f"{leaf_key(weight)}*{weight.points}/{weight.per}" for weight in leaf.weights)
        digest = sha256("\n".join(weights).encode()).hexdigest()
        return f"score/{digest[:12]}"
    window: AnyWindow | None = leaf.window
    name = leaf.metric if leaf.detail is None else f"{leaf.metric}:{leaf.detail}"
    return name if window is None else f"{name}/{window_key(window)}"


def parts(leaf: Quantity) -> tuple[Quantity, ...]:
    """What has to be measured for a leaf: a score's weights, else the leaf itself."""
    return leaf.weights if isinstance(leaf, ScoreLeaf) else (leaf,)


def counts_anew(leaf: Quantity) -> bool:
    """Whether the value begins anew with a member's fall where it stands in a `qualify`: `lifetime` does."""
    return any(isinstance(part.window, Lifetime) for part in parts(leaf))
