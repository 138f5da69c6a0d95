"""What new rules make of the segments and tasks that name tiers."""

from collections.abc import Iterator, Sequence
from typing import Final

from saas.i18n import n_
from tenants.programme.differences.told import Difference, Place
from tenants.programme.document import Programme
from tenants.programme.followers import Sort, TierName, Touched

_WHAT: Final[dict[Sort, str]] = {
    "segment": n_("the segment %(name)s"),
    "task_rule": n_("the rule of tasks %(name)s"),
}


def named_differ(place: Place, old: Programme, touched: Sequence[Touched]) -> Iterator[Difference]:
    """`place` is the ladders'; each stands where the older document has the tier."""
    for one in touched:
        who = place.new.say(_WHAT[one.sort], name=place.new.named(one.names))
        for was, now in one.renamed:
            tier, into = place.old.named(was.names), place.new.named(now.names)
            text = place.new.say("%(who)s names %(into)s instead of %(tier)s then", who=who, tier=tier, into=into)
            yield _at(place, old, was).put("changed", text)
        for lost in one.lost:
            tier = place.old.named(lost.names)
            if one.nobody:
                text = place.new.say("%(who)s names %(tier)s and is for nobody then: change it", who=who, tier=tier)
            else:
                text = place.new.say("%(who)s doesn't name %(tier)s any more then", who=who, tier=tier)
            yield _at(place, old, lost).removed(text)


def _at(place: Place, old: Programme, name: TierName) -> Place:
    for n, ladder in enumerate(old.ladders):
        if ladder.code == name.ladder:
            held = None if name.tier is None else ladder.tier(name.tier)
            return place.field(n) if held is None else place.field(n).field("tiers").field(held.rank)
    return place
