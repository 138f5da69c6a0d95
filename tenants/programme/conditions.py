"""Conditions over a member's metrics: any, all, not and leaves with bounds.

They are data: parsed here, compiled to SQL elsewhere, never text that becomes SQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from tenants.programme.strict import MAX_MONEY, Fault, Loc, Strict, as_tuple, invalid, shown
from tenants.programme.windows import AnyWindow, Window, window_key

MAX_DEPTH: Final = 6
"""How deep any, all and not may nest; a lone leaf has depth 0."""
MAX_LEAVES: Final = 64


class Bounds(Strict):
    """`gte` ≤ value < `lt`; at least one of them. Money in minor units, counts and days as they are."""

    gte: int | None = Field(default=None, ge=0, le=MAX_MONEY, exclude_if=lambda bound: bound is None)
    lt: int | None = Field(default=None, ge=1, le=MAX_MONEY, exclude_if=lambda bound: bound is None)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.gte is None and self.lt is None:
            raise PydanticCustomError("bound-missing", "A condition needs gte or lt")
        if self.gte is not None and self.lt is not None and self.gte >= self.lt:
            params = {"gte": self.gte, "lt": self.lt}
            raise invalid("bounds", [Fault(("lt",), "bounds-crossed", "{lt} isn't above {gte}", params)])
        return self


class WindowedLeaf(Bounds):
    """A metric over the purchases of a window."""

    metric: Literal["spend", "purchases", "max_purchase"]
    window: Window


class PlainLeaf(Bounds):
    """A metric that is what it is at D, without a window."""

    metric: Literal["tenure_days", "days_since_purchase"]

    @property
    def window(self) -> None:
        return None


class AnyOf(Strict):
    conditions: Annotated["tuple[Node, ...]", BeforeValidator(as_tuple)] = Field(alias="any")


class AllOf(Strict):
    conditions: Annotated["tuple[Node, ...]", BeforeValidator(as_tuple)] = Field(alias="all")


class Not(Strict):
    condition: "Node" = Field(alias="not")


Leaf = WindowedLeaf | PlainLeaf
AnyCondition = AnyOf | AllOf | Not | WindowedLeaf | PlainLeaf
"""The type to annotate a parsed condition with."""

_METRICS: Final[dict[str, type[Leaf]]] = {
    "spend": WindowedLeaf,
    "purchases": WindowedLeaf,
    "max_purchase": WindowedLeaf,
    "tenure_days": PlainLeaf,
    "days_since_purchase": PlainLeaf,
}
METRICS: Final = tuple(_METRICS)


def _parse_node(value: object, _union: ValidatorFunctionWrapHandler) -> AnyCondition:
    if isinstance(value, AnyCondition):
        return value
    if isinstance(value, dict):
        if "metric" in value:
            return _parse_leaf(value)
        for key, model in (("any", AnyOf), ("all", AllOf), ("not", Not)):
            if key in value:
                if value[key] == [] and key != "not":
                    fault = Fault((key,), "empty-group", "{group} needs at least one condition", {"group": key})
                    raise invalid("condition", [fault])
                return model.model_validate(value)
    raise PydanticCustomError("condition-shape", "A condition is an object with metric, any, all or not")


def _parse_leaf(value: dict[str, Any]) -> Leaf:
    metric = value["metric"]
    model = _METRICS.get(metric) if isinstance(metric, str) else None
    if model is None:
        params = {"metric": shown(metric), "known": ", ".join(METRICS)}
        message = "{metric} is not a metric; known are {known}"
        raise invalid("condition", [Fault(("metric",), "unknown-metric", message, params)])
    return model.model_validate(value)


def _parse_root(value: object, _union: ValidatorFunctionWrapHandler) -> AnyCondition:
    leaves = _measure(value, (), 0)
    if leaves > MAX_LEAVES:
        params = {"leaves": leaves, "most": MAX_LEAVES}
        raise PydanticCustomError("too-many-leaves", "{leaves} leaves are more than {most}", params)
    return _parse_node(value, _union)


def _measure(value: object, loc: Loc, depth: int) -> int:
    """The leaves of a condition not yet parsed; refuses one too deep before anything recurses into it."""
    if isinstance(value, AnyCondition):
        value = value.model_dump(mode="json")
    if not isinstance(value, dict) or "metric" in value:
        return 1
    leaves = 0
    for key in ("any", "all", "not"):
        if key not in value:
            continue
        if depth == MAX_DEPTH:
            message = "Conditions nest at most {most} deep"
            raise invalid("condition", [Fault(loc, "too-deep", message, {"most": MAX_DEPTH})])
        inner = value[key]
        if isinstance(inner, list | tuple):
            leaves += sum(_measure(item, (*loc, key, n), depth + 1) for n, item in enumerate(inner))
        else:
            leaves += _measure(inner, (*loc, key), depth + 1)
    return leaves


Node = Annotated[AnyCondition, WrapValidator(_parse_node)]
Condition = Annotated[AnyCondition, WrapValidator(_parse_root)]
"""The type of a model's field; depth and leaves are checked, errors carry the document's path."""

_ADAPTER: Final[TypeAdapter[AnyCondition]] = TypeAdapter(Condition)


def parse_condition(data: object) -> AnyCondition:
    """A condition from JSON data; raises pydantic's ValidationError, located by the path below `data`."""
    return _ADAPTER.validate_python(data)


@dataclass(frozen=True)
class Place:
    """A leaf in its condition: the path to it, and whether an odd number of `not` stands above it."""

    loc: Loc
    leaf: Leaf
    negated: bool


def places(condition: AnyCondition, loc: Loc = (), *, negated: bool = False) -> Iterator[Place]:
    """Every leaf with its place, in the document's order."""
    match condition:
        case AnyOf(conditions=parts) | AllOf(conditions=parts):
            key = "any" if isinstance(condition, AnyOf) else "all"
            for n, part in enumerate(parts):
                yield from places(part, (*loc, key, n), negated=negated)
        case Not(condition=part):
            yield from places(part, (*loc, "not"), negated=not negated)
        case _:
            yield Place(loc, condition, negated)


def iter_leaves(condition: AnyCondition) -> Iterator[Leaf]:
    """Every leaf, in the document's order; equal ones as often as they stand there."""
    return (place.leaf for place in places(condition))


def leaf_key(leaf: Leaf) -> str:
    """A short stable name of metric and window: `spend/rolling_months:12`, `tenure_days`."""
    window: AnyWindow | None = leaf.window
    return leaf.metric if window is None else f"{leaf.metric}/{window_key(window)}"
