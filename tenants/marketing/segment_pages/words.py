"""A segment's condition in words."""

from tenants.marketing.segment_pages.choices import Asked
from tenants.programme.leaves import Leaf
from tenants.programme.wording.conditions import joined
from tenants.programme.wording.measured import leaf_text
from tenants.programme.wording.teller import Teller
from tenants.programme_pages.property_lines import EXPIRING, MONEY, among_of, metric_of
from tenants.segments.conditions import AllOf, AnyOf, AnySegmentCondition, Not
from tenants.segments.properties import PropertyLeaf


def segment_text(condition: AnySegmentCondition, asked: Asked, teller: Teller) -> str:
    """The condition as a phrase."""
    match condition:
        case AnyOf(conditions=parts) | AllOf(conditions=parts):
            told = [_inner(part, asked, teller) for part in parts]
            return joined(told, teller, either=isinstance(condition, AnyOf))
        case Not(condition=part):
            return teller.say("not (%(condition)s)", condition=segment_text(part, asked, teller))
        case _:
            return _leaf(condition, asked, teller)


def _inner(part: AnySegmentCondition, asked: Asked, teller: Teller) -> str:
    told = segment_text(part, asked, teller)
    if isinstance(part, AnyOf | AllOf) and len(part.conditions) > 1:
        return f"（{told}）" if teller.chinese else f"({told})"
    return told


def _leaf(leaf: Leaf | PropertyLeaf, asked: Asked, teller: Teller) -> str:
    if not isinstance(leaf, PropertyLeaf):
        return leaf_text(leaf, teller)
    data = leaf.model_dump(mode="json", by_alias=True)
    metric = metric_of(data)
    name = asked.name(metric)
    if "in" in data:
        known = dict(asked.lists.get(metric, ()))
        return teller.label(name, teller.listed(known.get(one, one) for one in among_of(data)))
    if metric == EXPIRING:
        days = teller.plural("%(n)s day", "%(n)s days", data["days"])
        name = teller.say("points that expire within %(days)s", days=days)
    return teller.label(name, _bounds(metric, data.get("gte"), data.get("lt"), teller))


def _bounds(metric: str, gte: object, lt: object, teller: Teller) -> str:
    def shown(value: object) -> str:
        if isinstance(value, int):
            return teller.money(value) if metric == MONEY else teller.number(value)
        return str(value)

    if gte is None:
        return teller.say("below %(value)s", value=shown(lt))
    if lt is None:
        return teller.say("at least %(value)s", value=shown(gte))
    return teller.say("from %(first)s up to below %(last)s", first=shown(gte), last=shown(lt))
