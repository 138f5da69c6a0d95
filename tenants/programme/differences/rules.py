"""How the parts beside the ladders differ: points, stored value, stacking, who may join, attributes, life cycle."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from saas.i18n import n_
from tenants.programme.differences.fields import (
    Items,
    Own,
    Part,
    Tables,
    Value,
    fields_differ,
    listed_models_differ,
    names_differ,
)
from tenants.programme.differences.told import Difference, Place
from tenants.programme.document import Programme
from tenants.programme.rules import (
    ActivityPoints,
    Attribute,
    BalanceLimits,
    Choice,
    Eligibility,
    Lifecycle,
    Points,
    PointsBeside,
    Redeem,
    Stacking,
    TopUpStep,
    Wallet,
)
from tenants.programme.wording.measured import amount
from tenants.programme.wording.policies import days_text, expiry_text
from tenants.programme.wording.teller import Teller


def _number(value: int | Decimal, teller: Teller) -> str:
    return teller.number(value)


def _money(value: int, teller: Teller) -> str:
    return teller.money(value)


def _percent(value: Decimal, teller: Teller) -> str:
    return teller.percent(value)


def _yes(value: bool, teller: Teller) -> str:
    return teller.say("yes") if value else teller.say("no")


def _points(value: int, teller: Teller) -> str:
    return amount("points_earned", value, teller)


def _label(value: str, teller: Teller) -> str:
    return teller.quoted(value)


def _own(sort: str) -> Any:
    return lambda code, teller: teller.own(sort, code)


def _word(words: dict[str, str]) -> Any:
    return lambda value, teller: teller.say(words[value])


def _kinds(value: tuple[str, ...], teller: Teller) -> str:
    return teller.listed(teller.say(_KINDS[kind]) for kind in value)


def _age(value: int | None, teller: Teller) -> str:
    return teller.say("any age") if value is None else teller.plural("%(n)s year", "%(n)s years", value)


_KINDS: Final = {"person": n_("people"), "company": n_("companies")}
_ORDERS: Final = {
    "proportional": n_("principal and bonus in proportion"),
    "principal_first": n_("principal first"),
    "bonus_first": n_("bonus first"),
}
_TYPES: Final = {
    "text": n_("text"),
    "number": n_("number"),
    "date": n_("date"),
    "boolean": n_("yes or no"),
    "choice": n_("choice"),
}


# --- points for activities ------------------------------------------------------------------------


def _for_activity(item: ActivityPoints, teller: Teller) -> str:
    return teller.label(teller.own("activity", item.kind), _points(item.points, teller))


def _activities(place: Place, old: tuple[ActivityPoints, ...], new: tuple[ActivityPoints, ...]) -> Iterator[Difference]:
    def walk(at: Place, a: ActivityPoints, b: ActivityPoints) -> Iterator[Difference]:
        yield from at.field("points").changed(at.new.own("activity", b.kind), a.points, b.points, _points)

    same = (lambda a, b: a.kind == b.kind,)
    yield from listed_models_differ(place, n_("points for activities"), old, new, same, _for_activity, walk)


def _all_for_activities(value: tuple[ActivityPoints, ...], teller: Teller) -> str:
    return teller.listed(_for_activity(item, teller) for item in value)


# --- top-ups --------------------------------------------------------------------------------------


def step_text(step: TopUpStep, teller: Teller) -> str:
    """A step of the top-up bonus, whole."""
    gives = []
    if step.bonus is not None:
        gives.append(teller.say("a bonus of %(amount)s", amount=teller.money(step.bonus)))
    if step.percent is not None:
        gives.append(teller.say("a bonus of %(amount)s", amount=teller.percent(step.percent)))
    if step.gift is not None:
        gift, worth = teller.named(step.gift.names), teller.money(step.gift.value)
        gives.append(teller.say("the gift %(gift)s worth %(amount)s", gift=gift, amount=worth))
    told = teller.say("from %(amount)s on %(gives)s", amount=teller.money(step.amount), gives=teller.listed(gives))
    if step.tiers is None:
        return told
    tiers = teller.listed(teller.own("tier", code) for code in step.tiers) or teller.say("none")
    return teller.aside(told, teller.say("for %(tiers)s", tiers=tiers))


def _steps(place: Place, old: tuple[TopUpStep, ...], new: tuple[TopUpStep, ...]) -> Iterator[Difference]:
    same = (
        lambda a, b: a == b,
        lambda a, b: (a.amount, set(a.tiers or ())) == (b.amount, set(b.tiers or ())),
        lambda a, b: a.amount == b.amount,
        lambda a, b: (a.bonus, a.percent, a.gift, a.tiers) == (b.bonus, b.percent, b.gift, b.tiers),
    )
    yield from listed_models_differ(place, n_("top-up bonus"), old, new, same, step_text, _step)


def _step(place: Place, old: TopUpStep, new: TopUpStep) -> Iterator[Difference]:
    what = place.new.say("top-up bonus")
    if old.gift is not None and new.gift is not None:
        inner = place.of(what).of(place.old.named(old.gift.names)).field("gift")
        yield from names_differ(inner.field("names"), old.gift.names, new.gift.names)
        old = old.model_copy(update={"gift": old.gift.model_copy(update={"names": new.gift.names})})
    yield from place.changed(what, old, new, step_text)


# --- attributes -----------------------------------------------------------------------------------


def attribute_text(attribute: Attribute, teller: Teller) -> str:
    told = teller.aside(teller.named(attribute.names), teller.say(_TYPES[attribute.type]))
    choices = teller.listed(_choice_text(choice, teller) for choice in attribute.choices or ())
    return teller.label(told, choices) if choices else told


def _choice_text(choice: Choice, teller: Teller) -> str:
    return teller.named(choice.names)


def _attributes(place: Place, old: tuple[Attribute, ...], new: tuple[Attribute, ...]) -> Iterator[Difference]:
    same = (lambda a, b: a.code == b.code,)
    yield from listed_models_differ(place, n_("members' own fields"), old, new, same, attribute_text, _attribute)


def _attribute(place: Place, old: Attribute, new: Attribute) -> Iterator[Difference]:
    def walk(at: Place, a: Choice, b: Choice) -> Iterator[Difference]:
        yield from names_differ(at.of(at.old.named(a.names)).field("names"), a.names, b.names)

    def kind(value: str, teller: Teller) -> str:
        return teller.say(_TYPES[value])

    whose = place.of(place.old.named(old.names))
    yield from names_differ(whose.field("names"), old.names, new.names)
    yield from whose.field("type").changed(place.new.say("the type"), old.type, new.type, kind)
    same = (lambda a, b: a.code == b.code,)
    choices = whose.field("choices")
    yield from listed_models_differ(
        choices, n_("choices"), old.choices or (), new.choices or (), same, _choice_text, walk
    )


# --- the tables -----------------------------------------------------------------------------------

TABLES: Final[Tables] = {
    Points: {
        "per_unit": Value(n_("points for each whole unit of money"), _number),
        "pending_days": Value(n_("points can be spent after"), days_text),
        "expiry": Value(n_("points expire"), expiry_text),
        "excluded_categories": Items(n_("categories without points"), _label),
        "excluded_tenders": Items(n_("ways to pay without points"), _own("tender")),
        "redeem": Part(n_("points as money")),
        "beside": Part(n_("points beside purchases")),
    },
    Redeem: {
        "points": Value(n_("points that are exchanged"), _points),
        "amount": Value(n_("what they pay"), _money),
        "min_points": Value(n_("the fewest at once"), _points),
        "max_percent": Value(n_("the largest share of a purchase"), _percent),
    },
    PointsBeside: {
        "top_up": Value(n_("points for each whole unit topped up"), _number),
        "activities": Own(_activities, n_("points for activities"), _all_for_activities),
        "referral": Value(n_("for a friend brought along"), _points),
        "birthday": Value(n_("for the birthday"), _points),
    },
    Wallet: {
        "top_up_bonus": Own(_steps),
        "spend_order": Value(n_("what is spent first"), _word(_ORDERS)),
        "limits": Part(n_("the largest balance")),
        "cooling_off_days": Value(n_("an untouched top-up can be given back for"), days_text),
        "confirm_above": Value(n_("payments to be confirmed by the member, above"), _money),
        "bonus_earns": Value(n_("what bonus pays earns and counts"), _yes),
    },
    BalanceLimits: {
        "named": Value(n_("of a card with a name"), _money),
        "unnamed": Value(n_("of a card without a name"), _money),
        "bonus_counts": Value(n_("bonus counts towards it"), _yes),
    },
    Stacking: {
        "discounts_combine": Value(n_("two discounts on one line combine"), _yes),
        "wallet_with_tier_discount": Value(n_("tier discounts also when stored value pays"), _yes),
        "discount_excluded": Items(n_("categories without discounts"), _label),
        "branches": Items(n_("branches that take part"), _own("branch"), n_("all branches")),
    },
    Eligibility: {
        "min_age": Value(n_("who may join, from"), _age),
        "kinds": Value(n_("who may join"), _kinds),
    },
    Lifecycle: {
        "new_days": Value(n_("a member is new for"), days_text),
        "slipping_factor": Value(n_("declining, from so many times the usual gap between purchases"), _number),
        "dormant_days": Value(n_("declining, after so long without a purchase"), days_text),
        "lost_days": Value(n_("lost, after so long without a purchase"), days_text),
    },
    Programme: {
        "points": Part(n_("points")),
        "wallet": Part(n_("stored value")),
        "stacking": Part(n_("discounts together")),
        "eligibility": Part(n_("joining")),
        "attributes": Own(_attributes),
        "activity_kinds": Items(n_("kinds of activities"), _own("activity")),
        "health_kinds": Items(n_("kinds that are health measurements"), _own("activity")),
        "lifecycle": Part(n_("stages of members")),
    },
}
"""Every field but the version's number, the currency and the ladders, which `compare` tells."""


def rules_differ(place: Place, old: Programme, new: Programme) -> Iterator[Difference]:
    def currency(_: str, teller: Teller) -> str:
        return teller.currency_name()

    yield from place.field("currency").changed(place.new.say("currency"), old.currency, new.currency, currency)
    yield from fields_differ(place, old, new, TABLES)
