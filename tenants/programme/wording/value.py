"""What a programme says beside its ladders, in words: points, stored value, discounts, who may join.

Each function yields (what, how); nothing where the programme has nothing of it.
"""

from collections.abc import Iterator
from typing import Final

from saas.i18n import n_
from tenants.programme.document import Programme
from tenants.programme.rules import TopUpStep
from tenants.programme.wording.policies import days_text, expiry_text
from tenants.programme.wording.teller import Teller

Said = Iterator[tuple[str, str]]
SPEND_ORDERS: Final = {
    "proportional": n_("Principal and bonus in proportion"),
    "principal_first": n_("Principal first"),
    "bonus_first": n_("Bonus first"),
}


def points_told(programme: Programme, teller: Teller) -> Said:
    """How points are earned, when they count and expire, what they pay."""
    points = programme.points
    if points.per_unit:
        told = teller.say(
            "%(points)s for each %(amount)s", points=teller.number(points.per_unit), amount=teller.money(100)
        )
        yield teller.say("Points"), told
    yield from _points_beside(programme, teller)
    if points.per_unit or points.beside is not None:
        if points.pending_days:
            yield teller.say("Points can be spent after"), days_text(points.pending_days, teller)
        yield teller.say("Points expire"), expiry_text(points.expiry, teller)
    if points.excluded_categories:
        yield teller.say("No points for"), teller.listed(points.excluded_categories)
    if points.redeem is not None:
        redeem = points.redeem
        told = teller.say(
            "%(points)s points pay %(amount)s, up to %(percent)s of a purchase",
            points=teller.number(redeem.points),
            amount=teller.money(redeem.amount),
            percent=teller.percent(redeem.max_percent),
        )
        yield teller.say("Points as money"), told


def _points_beside(programme: Programme, teller: Teller) -> Said:
    beside = programme.points.beside
    if beside is None:
        return
    if beside.top_up:
        rate = teller.number(beside.top_up)
        told = teller.say("%(points)s for each %(amount)s paid in", points=rate, amount=teller.money(100))
        yield teller.say("Points for a top-up"), told
    for one in beside.activities:
        yield teller.say("Points for %(what)s", what=teller.own("activity", one.kind)), teller.number(one.points)
    if beside.referral:
        yield teller.say("Points for bringing somebody in"), teller.number(beside.referral)
    if beside.birthday:
        yield teller.say("Points on the birthday"), teller.number(beside.birthday)


def top_ups_told(programme: Programme, teller: Teller) -> Said:
    """What is given on top of a top-up, step by step."""
    for step in programme.wallet.top_up_bonus:
        parts = [teller.money(step.bonus_of(step.amount))] if step.bonus_of(step.amount) else []
        parts += [teller.named(step.gift.names)] if step.gift is not None else []
        told = teller.say("%(bonus)s on top", bonus=teller.listed(parts))
        yield (
            teller.say("Top-up from %(amount)s", amount=teller.money(step.amount)),
            _for_whom(step, told, programme, teller),
        )


def _for_whom(step: TopUpStep, told: str, programme: Programme, teller: Teller) -> str:
    if step.tiers is None:
        return told
    tiers = (programme.main.tier(code) for code in step.tiers)
    return teller.aside(told, teller.listed(tier.names.get(teller.language) for tier in tiers if tier is not None))


def wallet_told(programme: Programme, teller: Teller) -> Said:
    """The same, and how stored value is spent and given back."""
    wallet = programme.wallet
    yield from top_ups_told(programme, teller)
    yield teller.say("Spent in which order"), teller.say(SPEND_ORDERS[wallet.spend_order])
    asked = teller.say("payments above %(amount)s", amount=teller.money(wallet.confirm_above))
    yield teller.say("The member confirms"), asked
    if wallet.cooling_off_days:
        yield teller.say("A top-up can be given back within"), days_text(wallet.cooling_off_days, teller)


def discounts_told(programme: Programme, teller: Teller) -> Said:
    """How discounts go together."""
    stacking = programme.stacking
    both = teller.say("both are taken off") if stacking.discounts_combine else teller.say("the larger one counts")
    yield teller.say("A discount of the tier and one of a campaign"), both
    beside = (
        teller.say("keeps the tier’s discount")
        if stacking.wallet_with_tier_discount
        else teller.say("gets no discount of the tier")
    )
    yield teller.say("Who pays by stored value"), beside
    if stacking.discount_excluded:
        yield teller.say("No discount for"), teller.listed(stacking.discount_excluded)


def joining_told(programme: Programme, teller: Teller) -> Said:
    """Who may become a member, where not everybody may."""
    rules = programme.eligibility
    if rules.min_age is not None:
        yield teller.say("Members are at least"), teller.plural("%(n)s year old", "%(n)s years old", rules.min_age)
    if len(rules.kinds) == 1:
        yield teller.say("Members are"), teller.say("people") if rules.kinds[0] == "person" else teller.say("companies")
