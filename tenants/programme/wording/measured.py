"""Metrics and windows in words: what is asked of a member, and how much of it."""

from decimal import Decimal
from typing import Final

from saas.i18n import n_
from tenants.programme.leaves import UNITS, AnyWeight, Leaf, Quantity, ScoreLeaf
from tenants.programme.windows import (
    AnyWindow,
    Between,
    CalendarMonth,
    CalendarQuarter,
    CalendarYear,
    CurrentValidity,
    Lifetime,
    MembershipYear,
    RollingDays,
    RollingMonths,
    SinceTierStart,
)
from tenants.programme.wording.teller import Teller

_NOUNS: Final = {
    "spend": n_("spend"),
    "purchases": n_("purchases"),
    "max_purchase": n_("largest purchase"),
    "activities": n_("activities"),
    "rating": n_("mean rating"),
    "referrals": n_("friends brought along"),
    "top_ups": n_("top-ups"),
    "max_top_up": n_("largest top-up"),
    "points_earned": n_("points earned"),
    "tenure_days": n_("days of membership"),
    "days_since_purchase": n_("days since the last purchase"),
    "branches": n_("branches bought at"),
    "score": n_("growth value"),
}


def noun(leaf: Quantity, teller: Teller) -> str:
    """What is measured: spend on “tea”."""
    told = teller.say(_NOUNS[leaf.metric])
    if leaf.detail is None:
        return told
    if leaf.metric in {"spend", "purchases"}:
        return teller.say("%(what)s of “%(category)s”", what=told, category=leaf.detail)
    return teller.say("%(what)s at %(kind)s", what=told, kind=teller.own("activity", leaf.detail))


def amount(metric: str, value: int | Decimal, teller: Teller) -> str:  # noqa: PLR0911 - a case a metric
    """So much of a metric: ¥230.00, 2 purchases, 0.5."""
    if UNITS[metric] == "money":
        return teller.money(int(value))
    if metric == "rating":
        return teller.number(value)
    n = int(value)
    match metric:
        case "purchases":
            return teller.plural("%(n)s purchase", "%(n)s purchases", n)
        case "activities":
            return teller.plural("%(n)s time", "%(n)s times", n)
        case "referrals":
            return teller.plural("%(n)s friend", "%(n)s friends", n)
        case "points_earned":
            return teller.plural("%(n)s point", "%(n)s points", n)
        case "branches":
            return teller.plural("%(n)s branch", "%(n)s branches", n)
        case "score":
            return teller.plural("%(n)s growth point", "%(n)s growth points", n)
        case _:
            return teller.plural("%(n)s day", "%(n)s days", n)


def figure(metric: str, value: int | Decimal, teller: Teller) -> str:
    """The same where what is counted has been said: ¥230.00, 2, 5 days."""
    days_or_money = UNITS[metric] in {"money", "days"}
    return amount(metric, value, teller) if days_or_money else teller.number(value)


def asked(leaf: Leaf, value: int | Decimal, teller: Teller) -> str:
    """At least so much of what the leaf measures, without its window: spend of ¥2,000.00."""
    much = amount(leaf.metric, value, teller)
    if leaf.detail is None:
        return teller.say(_ASKED[leaf.metric], amount=much)
    if leaf.metric in {"spend", "purchases"}:
        return teller.say(_ASKED_OF[leaf.metric], amount=much, category=leaf.detail)
    return teller.say(_ASKED_OF[leaf.metric], amount=much, kind=teller.own("activity", leaf.detail))


_ASKED: Final = {
    "spend": n_("spend of %(amount)s"),
    "purchases": n_("at least %(amount)s"),
    "max_purchase": n_("a single purchase of %(amount)s"),
    "activities": n_("taking part at least %(amount)s"),
    "rating": n_("a mean rating of %(amount)s"),
    "referrals": n_("%(amount)s brought along"),
    "top_ups": n_("top-ups of %(amount)s"),
    "max_top_up": n_("a single top-up of %(amount)s"),
    "points_earned": n_("%(amount)s earned"),
    "tenure_days": n_("%(amount)s of membership"),
    "days_since_purchase": n_("%(amount)s without a purchase"),
    "branches": n_("purchases at %(amount)s"),
    "score": n_("a growth value of %(amount)s"),
}
_ASKED_OF: Final = {
    "spend": n_("spend of %(amount)s on “%(category)s”"),
    "purchases": n_("at least %(amount)s of “%(category)s”"),
    "activities": n_("%(kind)s at least %(amount)s"),
    "rating": n_("a mean rating of %(amount)s at %(kind)s"),
}


def bounds(leaf: Leaf, teller: Teller) -> str:
    """What the leaf asks, without its window."""
    if leaf.gte is None:
        below = figure(leaf.metric, leaf.lt or 0, teller)
        return teller.say("%(what)s below %(amount)s", what=noun(leaf, teller), amount=below)
    least = asked(leaf, leaf.gte, teller)
    if leaf.lt is None:
        return least
    return teller.say("%(least)s but below %(amount)s", least=least, amount=figure(leaf.metric, leaf.lt, teller))


def leaf_text(leaf: Leaf, teller: Teller) -> str:
    """One line of a condition: spend of ¥2,000.00 within the last 12 months."""
    told = bounds(leaf, teller)
    if isinstance(leaf, ScoreLeaf):
        return teller.aside(told, teller.clauses(weight_text(weight, teller) for weight in leaf.weights))
    if leaf.window is None or (leaf.metric in _SINGLE and isinstance(leaf.window, Lifetime)):
        return told
    return teller.both(told, window_text(leaf.window, teller))


_SINGLE: Final = frozenset(("max_purchase", "max_top_up", "rating"))
"""Nothing adds up there: without a window it's whenever it was."""


def weight_text(weight: AnyWeight, teller: Teller) -> str:
    """What a score counts: spend within the last 12 months: 1 growth point for each ¥10.00."""
    what = noun(weight, teller)
    if weight.window is not None:
        what = teller.both(what, window_text(weight.window, teller))
    per, points = amount(weight.metric, weight.per, teller), amount("score", weight.points, teller)
    return teller.say("%(what)s: %(points)s for each %(per)s", points=points, per=per, what=what)


def window_text(window: AnyWindow, teller: Teller) -> str:  # noqa: C901, PLR0911 - a case a window
    """When: within the last 12 months."""
    match window:
        case Lifetime():
            return teller.say("in all")
        case RollingDays(days=days):
            return teller.plural("within the last day", "within the last %(n)s days", days)
        case RollingMonths(months=months):
            return teller.plural("within the last month", "within the last %(n)s months", months)
        case Between(first=first, last=last):
            return teller.say("from %(first)s to %(last)s", first=teller.day(first), last=teller.day(last))
        case SinceTierStart():
            return teller.say("since the present tier began")
        case CurrentValidity():
            return teller.say("in the present validity")
        case CalendarMonth(offset=offset):
            return _period(_MONTH, offset, teller)
        case CalendarQuarter(offset=offset):
            return _period(_QUARTER, offset, teller)
        case CalendarYear(offset=offset):
            return _period(_YEAR, offset, teller)
        case MembershipYear(offset=offset):
            return _period(_OWN_YEAR, offset, teller)


_MONTH: Final = (n_("this month"), n_("last month"), n_("in the whole month %(n)s months ago"))
_QUARTER: Final = (n_("this quarter"), n_("last quarter"), n_("in the whole quarter %(n)s quarters ago"))
_YEAR: Final = (n_("this year"), n_("last year"), n_("in the whole year %(n)s years ago"))
_OWN_YEAR: Final = (
    n_("this membership year"),
    n_("last membership year"),
    n_("in the membership year %(n)s years ago"),
)


def _period(names: tuple[str, str, str], offset: int, teller: Teller) -> str:
    """The present one, the one before it, or one longer ago."""
    back = -offset
    return teller.say(names[min(back, 2)], n=teller.number(back)) if back > 1 else teller.say(names[back])
