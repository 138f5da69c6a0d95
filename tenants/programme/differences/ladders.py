"""How ladders, tiers and their benefits differ."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from saas.i18n import n_
from tenants.programme.benefits import (
    Allowance,
    AnyBenefit,
    Discount,
    Gift,
    TextBenefit,
)
from tenants.programme.conditions import AnyCondition
from tenants.programme.differences.conditions import condition_differs
from tenants.programme.differences.fields import Tables, Value, fields_differ, listed_models_differ, names_differ
from tenants.programme.differences.matching import by_key
from tenants.programme.differences.told import Difference, Place
from tenants.programme.document import Ladder, Tier
from tenants.programme.schedule import Policy
from tenants.programme.wording.benefits import benefit_text
from tenants.programme.wording.conditions import condition_text
from tenants.programme.wording.policies import (
    RECHECKS,
    UPGRADES,
    VISIBILITIES,
    days_text,
    schedule_text,
    validity_text,
)
from tenants.programme.wording.teller import Teller

Successors = Mapping[str, Mapping[str, str]]
"""By ladder: which tier of the newer document follows a code of the older one."""
Held = Mapping[str, Mapping[str, int]]
"""By ladder and code of the older document: how many members hold it."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of who holds what isn't there any more. `history`: the ladders of which is said that they go."""

    successors: Successors = field(default_factory=dict)
    held: Held = field(default_factory=dict)
    history: frozenset[str] = frozenset()

    def of(self, ladder: str) -> "TiersFate":
        return TiersFate(self.successors.get(ladder, {}), self.held.get(ladder, {}))


@dataclass(frozen=True, slots=True)
class TiersFate:
    """The same of one ladder."""

    successors: Mapping[str, str]
    held: Mapping[str, int]


def _word(words: Mapping[str, str]) -> Any:
    return lambda value, teller: teller.say(words[value])


def _drop(steps: int | None, teller: Teller) -> str:
    if steps is None:
        return teller.say("as far as it goes")
    return teller.plural("%(n)s step", "%(n)s steps", steps)


POLICY: Final[Tables] = {
    Policy: {
        "upgrade": Value(n_("tiers rise"), _word(UPGRADES)),
        "schedule": Value(n_("the schedule"), schedule_text),
        "validity": Value(n_("validity"), validity_text),
        "grace_days": Value(n_("grace"), days_text),
        "max_drop": Value(n_("the deepest fall"), _drop),
        "late_days": Value(n_("late sales count for"), days_text),
        "refund_recheck": Value(n_("refunds are looked at"), _word(RECHECKS)),
    }
}


def ladders_differ(place: Place, old: tuple[Ladder, ...], new: tuple[Ladder, ...], fate: Fate) -> Iterator[Difference]:
    both, say = by_key([x.code for x in old], [x.code for x in new]), place.new.say
    for i in both.removed:
        yield place.field(i).removed(_gone(place, old[i], fate))
    for j in both.added:
        ladder = place.new.named(new[j].names)
        tiers = place.new.clauses(tier_text(tier, place.new) for tier in new[j].tiers)
        policy = policy_text(new[j], place.new)
        yield place.field(j).added(
            say("new ladder %(ladder)s: %(tiers)s; %(policy)s", ladder=ladder, tiers=tiers, policy=policy)
        )
    for i, j in both.pairs:
        yield from _ladder(place.field(j, i), old[i], new[j], fate.of(new[j].code), alone=len(new) == 1)
    if both.moved:
        order = place.new.listed(place.new.named(ladder.names) for ladder in new)
        yield place.put(
            "moved", say("the ladders stand in another order, the first is the main one: %(order)s", order=order)
        )


def policy_text(ladder: Ladder, teller: Teller) -> str:
    entries = POLICY[Policy]
    return teller.clauses(
        teller.label(teller.say(entry.what), entry.show(getattr(ladder.policy, name), teller))
        for name, entry in entries.items()
        if isinstance(entry, Value)
    )


def tier_text(tier: Tier, teller: Teller) -> str:
    """A tier told whole: what reaches it, what keeps it, what it gives."""
    told = []
    if tier.qualify is not None:
        told.append(teller.label(teller.say("reached by"), condition_text(tier.qualify, teller)))
    if tier.retain is not None:
        told.append(teller.label(teller.say("kept by"), condition_text(tier.retain, teller)))
    if tier.benefits:
        told.append(teller.label(teller.say("benefits"), teller.listed(benefit_text(x, teller) for x in tier.benefits)))
    return teller.aside(teller.named(tier.names), teller.clauses(told)) if told else teller.named(tier.names)


def _ladder(place: Place, old: Ladder, new: Ladder, fate: TiersFate, *, alone: bool) -> Iterator[Difference]:
    whose = place.of(place.old.named(old.names))
    yield from names_differ(whose.field("names"), old.names, new.names)
    visible = place.new.say("seen by")
    yield from whose.field("visibility").changed(visible, old.visibility, new.visibility, _word(VISIBILITIES))
    yield from _tiers((place if alone else whose).field("tiers"), old.tiers, new.tiers, fate)
    yield from fields_differ(whose.field("policy"), old.policy, new.policy, POLICY)


def _tiers(place: Place, old: tuple[Tier, ...], new: tuple[Tier, ...], fate: TiersFate) -> Iterator[Difference]:
    say = place.new.say
    both = by_key(_followed(old, new, fate.successors), [tier.code for tier in new])
    for i in both.removed:
        yield place.field(i).removed(_dropped(place, old[i], new, fate))
    for j in both.added:
        below = say(", above %(tier)s", tier=place.new.named(new[j - 1].names)) if j else say(", as the base")
        yield place.field(j).added(say("new tier %(tier)s%(where)s", tier=tier_text(new[j], place.new), where=below))
    for i, j in both.pairs:
        yield from _tier(place.field(j, i), old[i], new[j])
        if j in both.moved:
            yield place.field(j, i).field("rank").put("moved", _moved(place, new, j))


def _followed(old: tuple[Tier, ...], new: tuple[Tier, ...], successors: Mapping[str, str]) -> list[str]:
    """Of each older tier the code under which the newer document has it; its own where it has none."""
    olds, news = {tier.code for tier in old}, {tier.code for tier in new}
    followed, taken = [], set(olds & news)
    for tier in old:
        to = successors.get(tier.code, "")
        if tier.rank == 0 and new[0].code not in olds:
            to = new[0].code  # who is lifted from nowhere stands on the base, whatever its name
        if tier.code not in news and to in news - taken:
            taken.add(to)
            followed.append(to)
        else:
            followed.append(tier.code)
    return followed


def _gone(place: Place, ladder: Ladder, fate: Fate) -> str:
    named, members = place.old.named(ladder.names), sum(fate.held.get(ladder.code, {}).values())
    if not members:
        return place.new.say("the ladder %(ladder)s is dropped", ladder=named)
    if ladder.code in fate.history:
        return place.new.plural(
            "the ladder %(ladder)s is dropped; the tier that %(n)s member holds stays as history",
            "the ladder %(ladder)s is dropped; the tiers that %(n)s members hold stay as history",
            members,
            ladder=named,
        )
    return place.new.plural(
        "the ladder %(ladder)s is dropped; %(n)s member holds a tier of it, and it isn't said what becomes of that",
        "the ladder %(ladder)s is dropped; %(n)s members hold a tier of it, and it isn't said what becomes of that",
        members,
        ladder=named,
    )


def _dropped(place: Place, tier: Tier, new: tuple[Tier, ...], fate: TiersFate) -> str:
    named, members = place.old.named(tier.names), fate.held.get(tier.code, 0)
    heir = next((x for x in new if x.code == fate.successors.get(tier.code)), None)
    if heir is None and not members:
        return place.new.say("the tier %(tier)s is dropped", tier=named)
    if heir is None:
        return place.new.plural(
            "the tier %(tier)s is dropped; %(n)s member holds it, and it isn't said what becomes of that",
            "the tier %(tier)s is dropped; %(n)s members hold it, and it isn't said what becomes of that",
            members,
            tier=named,
        )
    into = place.new.named(heir.names)
    if not members:
        return place.new.say("the tier %(tier)s is dropped; who holds it gets %(into)s", tier=named, into=into)
    return place.new.plural(
        "the tier %(tier)s is dropped; the %(n)s member who holds it gets %(into)s",
        "the tier %(tier)s is dropped; the %(n)s members who hold it get %(into)s",
        members,
        tier=named,
        into=into,
    )


def _moved(place: Place, new: tuple[Tier, ...], rank: int) -> str:
    tier = place.new.named(new[rank].names)
    if rank == 0:
        return place.new.say("%(tier)s is the base tier now", tier=tier)
    below = place.new.named(new[rank - 1].names)
    return place.new.say("%(tier)s stands above %(below)s now", tier=tier, below=below)


def _tier(place: Place, old: Tier, new: Tier) -> Iterator[Difference]:
    named, into = place.old.named(old.names), place.new.named(new.names)
    if old.code != new.code:
        message = place.new.say(
            "%(tier)s goes on as %(into)s: who holds the one holds the other", tier=named, into=into
        )
        yield place.field("code").put("renamed", message)
    whose = place.of(named)
    yield from names_differ(whose.field("names"), old.names, new.names)
    yield from _condition(whose.field("qualify"), place.new.say("to reach it"), old.qualify, new.qualify)
    yield from _retain(whose.field("retain"), old, new)
    yield from _benefits(whose.field("benefits"), old.benefits, new.benefits)


def _condition(place: Place, what: str, old: AnyCondition | None, new: AnyCondition | None) -> Iterator[Difference]:
    """A base tier has none."""
    if old is not None and new is not None:
        yield from condition_differs(place, what, old, new)
    elif new is not None:
        yield place.added(place.new.label(what, condition_text(new, place.new)))
    elif old is not None:
        yield place.removed(
            place.new.label(what, place.new.say("%(part)s is not asked any more", part=condition_text(old, place.old)))
        )


def _retain(place: Place, old: Tier, new: Tier) -> Iterator[Difference]:
    what = place.new.say("to keep it")
    if (old.retain is None) == (new.retain is None):
        yield from _condition(place, what, old.retain, new.retain)
    elif new.retain is not None:
        yield place.added(place.new.label(what, condition_text(new.retain, place.new)))
    elif old.retain is not None:
        was = condition_text(old.retain, place.old)
        text = place.new.say("what reaches it keeps it, instead of %(old)s", old=was)
        yield place.removed(place.new.label(what, text))


def _benefits(place: Place, old: tuple[AnyBenefit, ...], new: tuple[AnyBenefit, ...]) -> Iterator[Difference]:
    yield from listed_models_differ(
        place, n_("benefits"), old, new, (lambda a, b: a == b, _same_benefit, _same_sort), benefit_text, _benefit
    )


def _same_benefit(old: AnyBenefit, new: AnyBenefit) -> bool:
    """Whether one may be the other, changed."""
    if type(old) is not type(new):
        return False
    match old, new:
        case Discount(category=a), Discount(category=b):
            return a == b
        case Allowance(product=a), Allowance(product=b):
            return a == b
        case Gift(occasion=a), Gift(occasion=b):
            return a == b
        case TextBenefit(names=a), TextBenefit(names=b):
            return a.zh_cn == b.zh_cn or a.en == b.en
        case _:
            return True


def _same_sort(old: AnyBenefit, new: AnyBenefit) -> bool:
    return type(old) is type(new) and not isinstance(old, TextBenefit)


def _benefit(place: Place, old: AnyBenefit, new: AnyBenefit) -> Iterator[Difference]:
    if isinstance(old, TextBenefit) and isinstance(new, TextBenefit):
        what = place.of(benefit_text(old, place.old)).field("names")
        yield from names_differ(what, old.names, new.names)
    else:
        yield from place.changed(place.new.say("benefits"), old, new, benefit_text)
