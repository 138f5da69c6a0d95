"""How a condition differs: a bound, a part more or less, another order, or another condition altogether."""

from collections.abc import Iterator
from typing import Final

from saas.i18n import n_
from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Not
from tenants.programme.differences.matching import matched
from tenants.programme.differences.told import Difference, Place
from tenants.programme.leaves import Leaf, leaf_key
from tenants.programme.wording.conditions import condition_text
from tenants.programme.wording.measured import bounds, figure, leaf_text


def condition_differs(place: Place, what: str, old: AnyCondition, new: AnyCondition) -> Iterator[Difference]:
    """`what` the condition is for: “to reach it”."""
    if old == new:
        return
    if isinstance(old, AnyOf) and isinstance(new, AnyOf):
        yield from _group(place, what, old.conditions, new.conditions, "any")
    elif isinstance(old, AllOf) and isinstance(new, AllOf):
        yield from _group(place, what, old.conditions, new.conditions, "all")
    elif isinstance(old, Not) and isinstance(new, Not):
        yield place.put("changed", place.instead(what, condition_text(old, place.old), condition_text(new, place.new)))
    else:
        yield place.put("changed", _other(place, what, old, new))


def _other(place: Place, what: str, old: AnyCondition, new: AnyCondition) -> str:
    before, after = condition_text(old, place.old), condition_text(new, place.new)
    if isinstance(old, AnyOf | AllOf | Not) or isinstance(new, AnyOf | AllOf | Not) or before == after:
        return place.instead(what, before, after)
    if leaf_key(old) == leaf_key(new) and old.lt is None and new.lt is None:
        return place.new.label(what, _bound(place, old, new))
    return place.instead(what, before, after)


def _bound(place: Place, old: Leaf, new: Leaf) -> str:
    """Spend of ¥2,000.00 within the last 12 months becomes ¥3,000.00."""
    before = leaf_text(old, place.old)
    after = figure(new.metric, new.gte or 0, place.new)
    if old.metric == "score" or bounds(old, place.old) == bounds(new, place.new):
        return place.new.say("%(new)s instead of %(old)s", old=before, new=leaf_text(new, place.new))
    return place.new.say("%(old)s becomes %(new)s", old=before, new=after)


def _group(
    place: Place, what: str, old: tuple[AnyCondition, ...], new: tuple[AnyCondition, ...], key: str
) -> Iterator[Difference]:
    """Parts that only one has are taken for each other in their order; what remains is more or less."""
    both = matched(old, new, lambda a, b: a == b)
    inner, teller = place.field(key), place.new
    swapped = min(len(both.removed), len(both.added))
    for i, j in zip(both.removed[:swapped], both.added[:swapped], strict=True):
        yield from condition_differs(inner.field(j, i), what, old[i], new[j])
    for i in both.removed[swapped:]:
        text = teller.say(_LESS[key], part=condition_text(old[i], place.old))
        yield inner.field(i).removed(teller.label(what, text))
    for j in both.added[swapped:]:
        text = teller.say(_MORE[key], part=condition_text(new[j], teller))
        yield inner.field(j).added(teller.label(what, text))
    if both.moved:
        order = teller.listed(condition_text(part, teller) for part in new)
        text = teller.say("the same in another order: %(order)s", order=order)
        yield inner.put("moved", teller.label(what, text))


_LESS: Final = {"any": n_("%(part)s is not enough any more"), "all": n_("%(part)s is not asked any more")}
_MORE: Final = {"any": n_("%(part)s is enough, too"), "all": n_("%(part)s is asked, too")}
