"""An industry template as people read it before they choose it: its tiers, rules and benefits in plain words.

Pure and kept: a template changes with a release only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from industry_templates import loader
from industry_templates.limits import limit_warnings
from industry_templates.schema import Template, Variant
from saas.errors import FieldError, Language
from saas.welcome.example import Example, example_of
from saas.wording import field_message
from tenants.programme.benefits import PointsMultiplier, TextBenefit
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.strict import Names
from tenants.programme.wording.benefits import benefit_text
from tenants.programme.wording.conditions import condition_text
from tenants.programme.wording.policies import UPGRADES, schedule_text, validity_text
from tenants.programme.wording.teller import Teller
from tenants.programme.wording.value import points_told, top_ups_told
from tenants.tiers.labels import tone_of

SIGNS: Final = {
    "general": "store",
    "pharmacy": "pill",
    "gym": "dumbbell",
    "tea": "coffee",
    "courier": "package",
    "shoes_apparel": "shirt",
    "catering": "utensils",
    "studio": "camera",
    "auto_service": "car",
}
"""Each trade's picture, in the order in which they are shown; one without comes last."""
_SIGN: Final = "store"


@dataclass(frozen=True, slots=True)
class TierShown:
    """`asks`: what reaches it, empty for the base; `keeps`: what keeps it, where that is something of its own."""

    name: str
    tone: int
    asks: str
    keeps: str
    gives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LadderShown:
    """The base first. `policy`: (what, how)."""

    name: str
    staff_only: bool
    tiers: tuple[TierShown, ...]
    policy: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """A template in a few words, or one of its variants: `variant` is empty where there are none to choose from."""

    code: str
    sign: str
    name: str
    summary: str
    tiers: tuple[tuple[str, int], ...]
    variants: tuple[tuple[str, str, str], ...]
    """(code, name, summary)"""


@dataclass(frozen=True, slots=True)
class Preview:
    """All of a template, under one of its variants. `along`: (sign, what, names); `notes`: (whether it's our own
    choice, text).
    """

    card: Card
    variant: str
    ladders: tuple[LadderShown, ...]
    value: tuple[tuple[str, str], ...]
    along: tuple[tuple[str, str, tuple[str, ...]], ...]
    notes: tuple[tuple[bool, str], ...]
    warnings: tuple[str, ...]
    example: Example


@cache
def cards(language: Language) -> tuple[Card, ...]:
    """Every template, the widest used first."""
    order = list(SIGNS)
    known = loader.load_all()
    codes = sorted(known, key=lambda code: (order.index(code) if code in SIGNS else len(order), code))
    return tuple(_card(known[code], language) for code in codes)


@cache
def preview(code: str, variant: str | None, language: Language) -> Preview:
    """Raises LookupError for a template or a variant that doesn't exist."""
    template = loader.get(code)
    chosen = template.variant(variant or None)
    programme = template.programme_of(chosen)
    teller = Teller(language, programme.currency, _glossary(template))

    def benefits(tier: Tier) -> tuple[str, ...]:
        return tuple(_benefits(tier, teller))

    return Preview(
        _card(template, language),
        chosen.code if chosen else "",
        tuple(_ladder(ladder, teller) for ladder in programme.ladders),
        tuple(_value(programme, teller)),
        tuple(_along(template, chosen, teller)),
        tuple((note.ours, note.texts.get(language)) for note in (*template.notes, *(chosen.notes if chosen else ()))),
        tuple(
            field_message(FieldError(one.pointer, one.code, one.params), language) for one in limit_warnings(programme)
        ),
        example_of(programme, benefits, teller),
    )


def _card(template: Template, language: Language) -> Card:
    seen = [ladder for ladder in template.programme.ladders if ladder.visibility == "members"]
    ladder = (seen or template.programme.ladders)[0]
    return Card(
        template.code,
        SIGNS.get(template.code, _SIGN),
        template.names.get(language),
        template.summary.get(language),
        tuple((tier.names.get(language), tone_of(tier.rank, len(ladder.tiers))) for tier in ladder.tiers),
        tuple((one.code, one.names.get(language), one.summary.get(language)) for one in template.variants),
    )


def _glossary(template: Template) -> dict[tuple[str, str], Names]:
    """What the template calls its own things."""
    named = [(("coupon", one.code), one.names) for one in template.coupons]
    named += [(("price_list", one.code), one.names) for one in template.price_lists]
    named += [(("activity", one.kind), one.names) for one in template.till.activities]
    return dict(named)


def _ladder(ladder: Ladder, teller: Teller) -> LadderShown:
    tiers = tuple(
        TierShown(
            tier.names.get(teller.language),
            tone_of(tier.rank, len(ladder.tiers)),
            teller.sentence(condition_text(tier.qualify, teller)) if tier.qualify is not None else "",
            teller.sentence(condition_text(tier.retain, teller)) if tier.retain is not None else "",
            tuple(_benefits(tier, teller)),
        )
        for tier in ladder.tiers
    )
    return LadderShown(
        ladder.names.get(teller.language), ladder.visibility == "staff", tiers, tuple(_policy(ladder, teller))
    )


def _benefits(tier: Tier, teller: Teller) -> Iterator[str]:
    """But points at the plain rate: that is said once, of all."""
    for benefit in tier.benefits:
        if isinstance(benefit, TextBenefit):
            yield benefit.names.get(teller.language)
        elif not (isinstance(benefit, PointsMultiplier) and benefit.multiplier == 1):
            told = benefit_text(benefit, teller)
            yield told if teller.chinese else told[:1].upper() + told[1:]


def _policy(ladder: Ladder, teller: Teller) -> Iterator[tuple[str, str]]:
    policy = ladder.policy
    yield teller.say("A higher tier comes"), teller.say(UPGRADES[policy.upgrade])
    yield teller.say("Decided"), schedule_text(policy.schedule, teller)
    yield teller.say("A tier holds"), validity_text(policy.validity, teller)
    if policy.grace_days:
        yield teller.say("Then a grace of"), teller.plural("%(n)s day", "%(n)s days", policy.grace_days)
    if policy.max_drop is not None:
        steps = teller.plural("%(n)s tier at a time", "%(n)s tiers at a time", policy.max_drop)
        yield teller.say("It falls by at most"), steps


def _value(programme: Programme, teller: Teller) -> Iterator[tuple[str, str]]:
    """Points and stored value."""
    yield from points_told(programme, teller)
    yield from top_ups_told(programme, teller)


def _along(template: Template, variant: Variant | None, teller: Teller) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """What a chain gets with it, by name."""
    language = teller.language
    till = template.till
    parts: list[tuple[str, str, list[Names]]] = [
        ("users", teller.say("Segments"), [one.names for one in template.segments_of(variant)]),
        ("ticket-percent", teller.say("Coupons"), [one.names for one in template.coupons]),
        ("gift", teller.say("Rewards"), [one.names for one in template.rewards]),
        ("tags", teller.say("Price lists"), [one.names for one in template.price_lists]),
        ("megaphone", teller.say("Campaigns, switched off"), [one.names for one in template.campaigns]),
        ("list-checks", teller.say("Tasks of the branches"), [one.names for one in template.tasks]),
        ("scan-barcode", teller.say("Categories at the till"), [one.names for one in till.categories]),
        ("activity", teller.say("Activities at the till"), [one.names for one in till.activities]),
    ]
    for sign, what, names in parts:
        if names:
            yield sign, what, tuple(one.get(language) for one in names)
