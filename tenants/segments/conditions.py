"""A segment's condition: any, all, not over a member's metrics and properties.

Metric leaves are the programme's own, with two windows less: those that hang on a ladder's standing mean nothing
where no ladder is evaluated. `lifetime` is the whole life here, falls or not.
"""

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, TypeAdapter, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from tenants.programme.conditions import MAX_DEPTH, MAX_LEAVES
from tenants.programme.leaves import (
    BoughtLeaf,
    CountedLeaf,
    DoneLeaf,
    Leaf,
    PlainLeaf,
    RatingLeaf,
    ScoreLeaf,
    parse_leaf,
    parts,
)
from tenants.programme.strict import Fault, Loc, Strict, as_tuple, invalid
from tenants.programme.windows import CurrentValidity, SinceTierStart
from tenants.segments.properties import (
    AttributeProperty,
    BirthdayMonthProperty,
    BranchProperty,
    ConsentProperty,
    CountedProperty,
    ExpiringProperty,
    KindProperty,
    PropertyLeaf,
    RanksProperty,
    RfmGroupProperty,
    SourceProperty,
    StageProperty,
    TagProperty,
    TierProperty,
    parse_property,
)


class AnyOf(Strict):
    conditions: Annotated["tuple[SegmentNode, ...]", BeforeValidator(as_tuple)] = Field(alias="any")


class AllOf(Strict):
    conditions: Annotated["tuple[SegmentNode, ...]", BeforeValidator(as_tuple)] = Field(alias="all")


class Not(Strict):
    condition: "SegmentNode" = Field(alias="not")


SegmentLeaf = Leaf | PropertyLeaf
AnySegmentCondition = (
    AnyOf
    | AllOf
    | Not
    | BoughtLeaf
    | DoneLeaf
    | RatingLeaf
    | CountedLeaf
    | PlainLeaf
    | ScoreLeaf
    | TierProperty
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
"""The type to annotate a parsed condition with."""
_GROUPS: Final[tuple[tuple[str, type[AnyOf | AllOf | Not]], ...]] = (("any", AnyOf), ("all", AllOf), ("not", Not))


def _parse_node(value: object, _union: ValidatorFunctionWrapHandler) -> AnySegmentCondition:
    if isinstance(value, AnySegmentCondition):
        return value
    if isinstance(value, dict):
        if "metric" in value:
            return _without_ladder(parse_leaf(value))
        if "property" in value:
            return parse_property(value)
        for key, model in _GROUPS:
            if key in value:
                if value[key] == [] and key != "not":
                    fault = Fault((key,), "empty-group", "{group} needs at least one condition", {"group": key})
                    raise invalid("condition", [fault])
                return model.model_validate(value)
    message = "A segment's condition is an object with metric, property, any, all or not"
    raise PydanticCustomError("segment-shape", message)


def _without_ladder(leaf: Leaf) -> Leaf:
    scored = isinstance(leaf, ScoreLeaf)
    for n, part in enumerate(parts(leaf)):
        if isinstance(part.window, SinceTierStart | CurrentValidity):
            loc: Loc = ("weights", n, "window") if scored else ("window",)
            message = "This window hangs on a ladder; a segment has none"
            raise invalid("condition", [Fault(loc, "window-of-ladder", message)])
    return leaf


def _parse_root(value: object, _union: ValidatorFunctionWrapHandler) -> AnySegmentCondition:
    leaves = _measure(value, (), 0)
    if leaves > MAX_LEAVES:
        params = {"leaves": leaves, "most": MAX_LEAVES}
        raise PydanticCustomError("too-many-leaves", "{leaves} leaves are more than {most}", params)
    return _parse_node(value, _union)


def _measure(value: object, loc: Loc, depth: int) -> int:
    """The leaves of a condition not yet parsed; refuses one too deep before anything recurses into it."""
    if isinstance(value, AnySegmentCondition):
        return sum(1 for _ in segment_leaves(value))
    if not isinstance(value, dict) or "metric" in value or "property" in value:
        return 1
    leaves = 0
    for key in value.keys() & {"any", "all", "not"}:
        if depth == MAX_DEPTH:
            message = "Conditions nest at most {most} deep"
            raise invalid("condition", [Fault(loc, "too-deep", message, {"most": MAX_DEPTH})])
        inner = value[key] if isinstance(value[key], list | tuple) else [value[key]]
        leaves += sum(_measure(item, (*loc, key, n), depth + 1) for n, item in enumerate(inner))
    return leaves


SegmentNode = Annotated[AnySegmentCondition, WrapValidator(_parse_node)]
SegmentCondition = Annotated[AnySegmentCondition, WrapValidator(_parse_root)]
"""The type of a model's field; depth and leaves are checked, errors carry the document's path."""
for _group in (AnyOf, AllOf, Not):
    _group.model_rebuild()  # now, not at the first condition: else the API's description is another one before that

_ADAPTER: Final[TypeAdapter[AnySegmentCondition]] = TypeAdapter(SegmentCondition)


def parse_segment_condition(data: object) -> AnySegmentCondition:
    """A condition from JSON data; raises pydantic's ValidationError, located by the path below `data`."""
    return _ADAPTER.validate_python(data)


def segment_places(condition: AnySegmentCondition, loc: Loc = ()) -> Iterator[tuple[Loc, SegmentLeaf]]:
    """Every leaf with the path to it, in the document's order."""
    match condition:
        case AnyOf(conditions=inner) | AllOf(conditions=inner):
            key = "any" if isinstance(condition, AnyOf) else "all"
            for n, part in enumerate(inner):
                yield from segment_places(part, (*loc, key, n))
        case Not(condition=part):
            yield from segment_places(part, (*loc, "not"))
        case _:
            yield loc, condition


def segment_leaves(condition: AnySegmentCondition) -> Iterator[SegmentLeaf]:
    """Every leaf, in the document's order."""
    return (leaf for _, leaf in segment_places(condition))
