"""The ways up to a tier: at each `any` one of its parts, at each `all` all of them; the cheapest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Any, Final

from saas.i18n import n_
from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Not
from tenants.programme.leaves import Leaf, leaf_key
from tenants.programme.windows import Lifetime, RollingDays, RollingMonths
from tenants.programme.wording.conditions import joined
from tenants.programme.wording.measured import amount, window_text
from tenants.programme.wording.teller import Teller
from tenants.tiers.explaining.effort import Prices, effort
from tenants.tiers.reading import Amount, Reading, as_json, counts_until, holds, is_met

MOST: Final = 5
"""Ways that are told of a tier."""


@dataclass(frozen=True, slots=True)
class Part:
    """So much more of what a leaf measures, at the latest on day `by`; `effort` in minor units."""

    leaf: Leaf
    amount: Amount
    by: date | None
    effort: int


Way = tuple[Part, ...]


def ways(reading: Reading, condition: AnyCondition, price: Prices) -> list[Way]:
    """The cheapest ways to make the condition hold by doing more, at most `MOST`. One without parts: it holds. None
    at all: more doesn't help.
    """
    match condition:
        case AnyOf(conditions=parts):
            found = [way for part in parts for way in ways(reading, part, price)]
        case AllOf(conditions=parts):
            choices = [ways(reading, part, price) for part in parts]
            found = [()]
            for choice in choices:
                found = _cheapest([_both(way, other) for way, other in product(found, choice)])
        case Not():
            found = [()] if holds(reading, condition, in_retain=False) else []
        case _:
            found = list(_alone(reading, condition, price))
    return _cheapest(found)


def _alone(reading: Reading, leaf: Leaf, price: Prices) -> Iterator[Way]:
    value = reading.value(leaf, in_retain=False)
    if is_met(leaf, value):
        yield ()
        return
    missing = reading.missing(leaf, value)
    if missing is not None:
        yield (Part(leaf, missing, counts_until(leaf, reading), effort(leaf, missing, reading, price)),)


def _both(way: Way, other: Way) -> Way:
    """The parts of two ways together; of two of the same, the larger."""
    parts = {leaf_key(part.leaf): part for part in way}
    for part in other:
        known = parts.get(leaf_key(part.leaf))
        if known is None or known.amount < part.amount:
            parts[leaf_key(part.leaf)] = part
    return tuple(parts.values())


def _cheapest(found: list[Way]) -> list[Way]:
    """Without what stands there twice, and without a way that has all of a cheaper one's parts and more."""
    kept: list[Way] = []
    for way in sorted(found, key=lambda way: (total(way), len(way))):
        if not any(set(other) <= set(way) for other in kept):
            kept.append(way)
    return kept[:MOST]


def total(way: Way) -> int:
    return sum(part.effort for part in way)


def told(way: Way, teller: Teller) -> dict[str, Any]:
    """A way as JSON has it."""
    return {"effort": total(way), "text": way_text(way, teller), "parts": [step(part, teller) for part in way]}


def step(part: Part, teller: Teller) -> dict[str, Any]:
    of = part.leaf.model_dump(mode="json", include={"metric", "kind", "category"})
    return {**of, "amount": as_json(part.amount), "by": part.by, "text": part_text(part, teller)}


def way_text(way: Way, teller: Teller) -> str:
    if not way:
        return teller.say("nothing more is asked")
    return joined([part_text(part, teller) for part in way], teller, either=False)


def part_text(part: Part, teller: Teller) -> str:
    """Spend ¥230.00 more by Nov 30, 2026."""
    leaf, by = part.leaf, part.by
    much = amount(leaf.metric, part.amount, teller)
    if leaf.metric == "tenure_days" and by is not None:
        return teller.say("%(amount)s more, reached by itself on %(day)s", amount=much, day=teller.day(by))
    if leaf.metric == "days_since_purchase" and by is not None:
        return teller.say("%(amount)s more without a purchase, until %(day)s", amount=much, day=teller.day(by))
    if leaf.detail is None:
        more = teller.say(_MORE[leaf.metric], amount=much)
    elif leaf.metric in {"spend", "purchases"}:
        more = teller.say(_MORE_OF[leaf.metric], amount=much, category=leaf.detail)
    else:
        more = teller.say(_MORE_OF[leaf.metric], amount=much, kind=teller.own("activity", leaf.detail))
    if by is not None:
        return teller.say("%(more)s by %(day)s", more=more, day=teller.day(by))
    if leaf.window is None or isinstance(leaf.window, Lifetime | RollingDays | RollingMonths):
        return more
    return teller.both(more, window_text(leaf.window, teller))


_MORE: Final = {
    "spend": n_("spend %(amount)s more"),
    "purchases": n_("%(amount)s more"),
    "max_purchase": n_("spend %(amount)s in a single purchase"),
    "activities": n_("take part %(amount)s more"),
    "rating": n_("a mean rating higher by %(amount)s"),
    "referrals": n_("bring %(amount)s more along"),
    "top_ups": n_("top up %(amount)s more"),
    "max_top_up": n_("top up %(amount)s at once"),
    "points_earned": n_("earn %(amount)s more"),
    "tenure_days": n_("%(amount)s more of membership"),
    "days_since_purchase": n_("%(amount)s more without a purchase"),
    "branches": n_("buy at %(amount)s more"),
    "score": n_("gain %(amount)s more"),
}
_MORE_OF: Final = {
    "spend": n_("spend %(amount)s more on “%(category)s”"),
    "purchases": n_("%(amount)s more of “%(category)s”"),
    "activities": n_("%(kind)s %(amount)s more"),
    "rating": n_("a mean rating at %(kind)s higher by %(amount)s"),
}
