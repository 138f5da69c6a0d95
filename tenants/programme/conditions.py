"""Conditions over a member's metrics: any, all, not and leaves with bounds.

They are data: parsed here, compiled to SQL elsewhere, never text that becomes SQL.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import (
    BeforeValidator,
    Field,
    TypeAdapter,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from tenants.programme.leaves import (
    METRICS,
    UNITS,
    BoughtLeaf,
    CountedLeaf,
    DoneLeaf,
    Leaf,
    PlainLeaf,
    Quantity,
    RatingLeaf,
    ScoreLeaf,
    Unit,
    WindowedLeaf,
    counts_anew,
    leaf_key,
    parse_leaf,
    parts,
)
from tenants.programme.strict import Fault, Loc, Strict, as_tuple, invalid

__all__ = [
    "METRICS",
    "UNITS",
    "AllOf",
    "AnyCondition",
    "AnyOf",
    "BoughtLeaf",
    "Condition",
    "CountedLeaf",
    "DoneLeaf",
    "Leaf",
    "Not",
    "Place",
    "PlainLeaf",
    "Quantity",
    "RatingLeaf",
    "ScoreLeaf",
    "Unit",
    "WindowedLeaf",
    "counts_anew",
    "iter_leaves",
    "leaf_key",
    "parse_condition",
    "parts",
    "places",
]

MAX_DEPTH: Final = 6
"""How deep any, all and not may nest; a lone leaf has depth 0."""
MAX_LEAVES: Final = 64


class AnyOf(Strict):
    conditions: Annotated["tuple[Node, ...]", BeforeValidator(as_tuple)] = Field(alias="any")


class AllOf(Strict):
    conditions: Annotated["tuple[Node, ...]", BeforeValidator(as_tuple)] = Field(alias="all")


class Not(Strict):
    condition: "Node" = Field(alias="not")


AnyCondition = AnyOf | AllOf | Not | BoughtLeaf | DoneLeaf | RatingLeaf | CountedLeaf | PlainLeaf | ScoreLeaf
"""The type to annotate a parsed condition with."""


def _parse_node(value: object, _union: ValidatorFunctionWrapHandler) -> AnyCondition:
    if isinstance(value, AnyCondition):
        return value
    if isinstance(value, dict):
        if "metric" in value:
            return parse_leaf(value)
        for key, model in (("any", AnyOf), ("all", AllOf), ("not", Not)):
            if key in value:
                if value[key] == [] and key != "not":
                    fault = Fault((key,), "empty-group", "{group} needs at least one condition", {"group": key})
                    raise invalid("condition", [fault])
                return model.model_validate(value)
    raise PydanticCustomError("condition-shape", "A condition is an object with metric, any, all or not")


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
