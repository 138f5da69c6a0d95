"""What a segment's condition names of a programme must be there: ladders, tiers, attributes, kinds of activity."""

from collections.abc import Iterator
from datetime import date

from tenants.programme.document import Ladder, Programme
from tenants.programme.leaves import DoneLeaf, Leaf, RatingLeaf, parts
from tenants.programme.strict import Fault, Loc
from tenants.segments.conditions import AnySegmentCondition, segment_places
from tenants.segments.properties import AttributeProperty, PropertyLeaf, RanksProperty, TierProperty


def reference_faults(condition: AnySegmentCondition, programme: Programme, loc: Loc = ()) -> Iterator[Fault]:
    """`unknown-ladder`, `unknown-tier`, `unknown-attribute`, `attribute-type`, `unknown-choice`, `unknown-kind` below
    `loc`. A programme that lists no kinds of activities takes any.
    """
    for place, leaf in segment_places(condition, loc):
        if isinstance(leaf, PropertyLeaf):
            yield from _property_faults(place, leaf, programme)
        else:
            yield from _kind_faults(place, leaf, programme)


def _property_faults(loc: Loc, leaf: PropertyLeaf, programme: Programme) -> Iterator[Fault]:
    if isinstance(leaf, TierProperty | RanksProperty):
        ladder = programme.main if leaf.ladder is None else programme.ladder(leaf.ladder)
        if ladder is None:
            yield Fault((*loc, "ladder"), "unknown-ladder", "There is no ladder {value}", {"value": leaf.ladder})
        elif isinstance(leaf, TierProperty):
            yield from _tier_faults(loc, leaf, ladder)
    if isinstance(leaf, AttributeProperty):
        yield from _attribute_faults(loc, leaf, programme)


def _attribute_faults(loc: Loc, leaf: AttributeProperty, programme: Programme) -> Iterator[Fault]:
    """Texts, choices and truth values are chosen from a list; numbers and days have bounds."""
    attribute = next((item for item in programme.attributes if item.code == leaf.code), None)
    if attribute is None:
        yield Fault((*loc, "code"), "unknown-attribute", "There is no attribute {value}", {"value": leaf.code})
        return
    message, params = "The attribute {value} is of type {type}", {"value": leaf.code, "type": attribute.type}
    for name, bound in (("gte", leaf.gte), ("lt", leaf.lt)):
        fits = attribute.type == ("date" if isinstance(bound, date) else "number")
        if bound is not None and not fits:
            yield Fault((*loc, name), "attribute-type", message, params)
    choices = {choice.code for choice in attribute.choices or ()}
    for n, value in enumerate(leaf.among or ()):
        if attribute.type not in (("boolean",) if isinstance(value, bool) else ("text", "choice")):
            yield Fault((*loc, "in", n), "attribute-type", message, params)
        elif choices and value not in choices:
            yield Fault((*loc, "in", n), "unknown-choice", "There is no choice {value}", {"value": value})


def _tier_faults(loc: Loc, leaf: TierProperty, ladder: Ladder) -> Iterator[Fault]:
    for n, code in enumerate(leaf.among or ()):
        if ladder.tier(code) is None:
            params = {"value": code}
            yield Fault((*loc, "in", n), "unknown-tier", "The ladder has no tier {value}", params)


def _kind_faults(loc: Loc, leaf: Leaf, programme: Programme) -> Iterator[Fault]:
    for n, part in enumerate(parts(leaf)):
        kind = part.kind if isinstance(part, DoneLeaf | RatingLeaf) or part.metric == "activities" else None
        if kind is not None and programme.activity_kinds and kind not in programme.activity_kinds:
            place = loc if part is leaf else (*loc, "weights", n)
            message = "{value} is not a kind of activity here; known are {known}"
            params = {"value": kind, "known": ", ".join(programme.activity_kinds)}
            yield Fault((*place, "kind"), "unknown-kind", message, params)
