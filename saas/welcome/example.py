"""A made-up member of a programme, on the way to the next tier: what its card would show."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from tenants.programme.conditions import places
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.leaves import UNITS, Leaf
from tenants.programme.wording.measured import amount, noun, window_text
from tenants.programme.wording.teller import Teller
from tenants.tiers.labels import tone_of

_WAY: Final = Decimal("0.6")
"""How far it has come."""
_ROUND: Final = 10_000
_BENEFITS: Final = 3


@dataclass(frozen=True, slots=True)
class Example:
    """`have` of `goal` are reached of `what`; `missing` and `next_name` are empty at the top of a ladder."""

    tier: str
    tone: int
    next_name: str
    next_tone: int
    what: str
    have: int
    goal: int
    had: str
    asked: str
    missing: str
    gives: tuple[str, ...]


def example_of(programme: Programme, benefits: Callable[[Tier], tuple[str, ...]], teller: Teller) -> Example:
    """Of the ladder that members see, one step above its base where it has more than two."""
    shown = [ladder for ladder in programme.ladders if ladder.visibility == "members"]
    ladder = (shown or list(programme.ladders))[0]
    at = min(1, len(ladder.tiers) - 2)
    tier, above = ladder.tiers[max(at, 0)], ladder.tiers[max(at, 0) + 1] if len(ladder.tiers) > 1 else None
    leaf = _leaf(above) if above is not None else None
    gives = benefits(tier)[:_BENEFITS]
    base = (tier.names.get(teller.language), _tone(tier, ladder))
    if above is None or leaf is None or leaf.gte is None:
        return Example(*base, "", 0, "", 0, 0, "", "", "", gives)
    goal, have = Decimal(leaf.gte), _come(Decimal(leaf.gte), leaf.metric)
    what = noun(leaf, teller)
    if leaf.window is not None:
        what = teller.both(what, window_text(leaf.window, teller))
    return Example(
        *base,
        above.names.get(teller.language),
        _tone(above, ladder),
        what[:1].upper() + what[1:],
        int(have * 100),
        int(goal * 100),
        amount(leaf.metric, _exact(have, leaf), teller),
        amount(leaf.metric, leaf.gte, teller),
        amount(leaf.metric, _exact(goal - have, leaf), teller),
        gives,
    )


def _leaf(tier: Tier) -> Leaf | None:
    """The first thing that the tier asks at least so much of."""
    if tier.qualify is None:
        return None
    return next((place.leaf for place in places(tier.qualify) if place.leaf.gte), None)


def _come(goal: Decimal, metric: str) -> Decimal:
    """A part of it that looks like one of a till: whole hundreds of money, whole numbers of all else but ratings."""
    part = goal * _WAY
    if metric == "rating":
        return part.quantize(Decimal("0.1"))
    if UNITS[metric] == "money" and goal > _ROUND:
        return part // _ROUND * _ROUND
    return Decimal(int(part))


def _exact(value: Decimal, leaf: Leaf) -> int | Decimal:
    return value if leaf.metric == "rating" else int(value)


def _tone(tier: Tier, ladder: Ladder) -> int:
    return tone_of(tier.rank, len(ladder.tiers))
