"""Ladders in plain words, step by step."""

from dataclasses import dataclass
from typing import Final

from saas.i18n import n_
from tenants.programme.benefits import AnyBenefit, TextBenefit
from tenants.programme.conditions import AllOf, AnyCondition, AnyOf
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.schedule import Daily, Forever, UntilNextSchedule
from tenants.programme.wording.benefits import benefit_text
from tenants.programme.wording.conditions import condition_text
from tenants.programme.wording.policies import (
    RECHECKS,
    VISIBILITIES,
    days_text,
    schedule_text,
    validity_text,
)
from tenants.programme.wording.teller import Teller
from tenants.programme.wording.value import discounts_told, joining_told, points_told, wallet_told
from tenants.tiers.labels import tone_of


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition by its lines; `any` of them or `all` of them."""

    join: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Step:
    """A tier: what reaches and keeps it, what it brings."""

    code: str
    name: str
    tone: int
    rank: int
    reached: Asked | None
    kept: Asked | None
    benefits: list[str]


@dataclass(frozen=True, slots=True)
class Told:
    """A ladder. `steps` from the highest to the base; `facts` are (what, how) of its policy; `period` says what “this
    month” means where tiers are decided by a schedule.
    """

    code: str
    name: str
    main: bool
    staff_only: bool
    steps: list[Step]
    facts: list[tuple[str, str]]
    period: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What the rules say of something beside the ladders; `facts` are (what, how)."""

    code: str
    sign: str
    name: str
    facts: list[tuple[str, str]]


_TOPICS: Final = (
    ("points", "coins", n_("Points"), points_told),
    ("wallet", "wallet", n_("Stored value"), wallet_told),
    ("discounts", "badge-percent", n_("Discounts"), discounts_told),
    ("joining", "user-plus", n_("Joining"), joining_told),
)
_PERIOD: Final = n_(
    "Decided when the period is over, at 00:00: “this month” is then the month that has just ended, “this quarter” and"
    " “this year” likewise."
)
_UPGRADES: Final = {
    "immediate": n_("at once, with the purchase that earns it"),
    "scheduled": n_("when the schedule decides"),
}


def ladders_told(rules: Programme, teller: Teller) -> list[Told]:
    """Every ladder of the rules."""
    return [_told(ladder, rules.main is ladder, teller) for ladder in rules.ladders]


def topics_told(rules: Programme, teller: Teller) -> list[Topic]:
    """Points, stored value, discounts, joining: those of which the rules say something."""
    told = [Topic(code, sign, teller.say(name), list(tell(rules, teller))) for code, sign, name, tell in _TOPICS]
    return [topic for topic in told if topic.facts]


def asked(condition: AnyCondition | None, teller: Teller) -> Asked | None:
    """The lines of a condition; one where it isn't a list."""
    match condition:
        case None:
            return None
        case AnyOf(conditions=parts):
            return Asked("any", [condition_text(part, teller) for part in parts])
        case AllOf(conditions=parts):
            return Asked("all", [condition_text(part, teller) for part in parts])
        case _:
            return Asked("all", [condition_text(condition, teller)])


def _told(ladder: Ladder, main: bool, teller: Teller) -> Told:
    steps = [step_of(tier, len(ladder.tiers), teller) for tier in reversed(ladder.tiers)]
    return Told(
        ladder.code,
        ladder.names.get(teller.language),
        main,
        ladder.visibility == "staff",
        steps,
        policy_facts(ladder, teller),
        scheduled_note(ladder, teller),
    )


def scheduled_note(ladder: Ladder, teller: Teller) -> str:
    """What “this month” means where tiers are decided when it is over."""
    scheduled = ladder.policy.upgrade == "scheduled" and not isinstance(ladder.policy.schedule, Daily)
    return teller.say(_PERIOD) if scheduled else ""


def step_of(tier: Tier, ranks: int, teller: Teller) -> Step:
    """A tier of a ladder with so many."""
    return Step(
        tier.code,
        tier.names.get(teller.language),
        tone_of(tier.rank, ranks),
        tier.rank,
        asked(tier.qualify, teller),
        asked(tier.retain, teller),
        [benefit_told(benefit, teller) for benefit in tier.benefits],
    )


def benefit_told(benefit: AnyBenefit, teller: Teller) -> str:
    """A benefit that stands alone: the chain's own words need no quotes there."""
    return benefit.names.get(teller.language) if isinstance(benefit, TextBenefit) else benefit_text(benefit, teller)


def policy_facts(ladder: Ladder, teller: Teller) -> list[tuple[str, str]]:
    """(what, how): how members rise, when it is decided, how long a tier holds, how they fall."""
    policy, say = ladder.policy, teller.say
    facts = [
        (say("Seen by"), say(VISIBILITIES[ladder.visibility])),
        (say("Members rise"), say(_UPGRADES[policy.upgrade])),
        (say("Decided anew"), schedule_text(policy.schedule, teller)),
        (say("A tier holds"), validity_text(policy.validity, teller)),
    ]
    if isinstance(policy.validity, Forever):
        return facts
    if policy.grace_days or not isinstance(policy.validity, UntilNextSchedule):
        facts.append((say("Days of grace before a fall"), days_text(policy.grace_days, teller)))
    deepest = (
        say("as far as it goes")
        if policy.max_drop is None
        else teller.plural("%(n)s tier at a time", "%(n)s tiers at a time", policy.max_drop)
    )
    facts.append((say("Members fall"), deepest))
    facts.append((say("Refunds are looked at"), say(RECHECKS[policy.refund_recheck])))
    return facts
