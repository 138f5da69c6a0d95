"""What a purchase earns: points for what was paid with money of its own, rounded down once."""

from collections.abc import Collection, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final

from tenants.pricing.basket import CampaignMultiplier, Line
from tenants.pricing.spread import spread

MOST_POINTS: Final = 10**13
"""No purchase gives more: a guard against rates that multiply beyond what a balance can hold."""
_EXACT: Final = Context(prec=2000, traps=[Inexact, InvalidOperation])
"""Factors have at most four decimals each: their product is never rounded."""


def rate_of(per_unit: Decimal, tiers: Decimal, campaigns: Sequence[CampaignMultiplier]) -> Decimal:
    """Points for a whole currency unit: the base rate times the tiers' multiplier times the campaigns'. Of several
    campaigns the best one counts; those marked `stack` multiply.
    """
    rate = _EXACT.multiply(per_unit, tiers)
    for campaign in counted(campaigns):
        rate = _EXACT.multiply(rate, campaign.multiplier)
    return rate


def counted(campaigns: Sequence[CampaignMultiplier]) -> list[CampaignMultiplier]:
    """The campaigns that count beside each other; of equally good ones the first by code."""
    alone = sorted((c for c in campaigns if not c.stack), key=lambda c: (-c.multiplier, c.code))
    return [*alone[:1], *(c for c in campaigns if c.stack)]


def rate_text(rate: Decimal) -> str:
    """A rate as it is kept and shown: `1.5`, `0`, `12`."""
    text = f"{rate:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def points_of(earning: int, rate: Decimal, exponent: int) -> int:
    """floor(`earning` in whole currency units × `rate`), exactly; `earning` in minor units of 10^-`exponent`."""
    points = int(_EXACT.multiply(Decimal(earning), rate).scaleb(-exponent, _EXACT))
    return min(points, MOST_POINTS)


def earning_of(
    lines: Sequence[Line],
    nets: Sequence[int],
    points: Sequence[int],
    bonus: Sequence[int],
    excluded: Sequence[int],
    excluded_categories: Collection[str],
) -> list[int]:
    """What each line earns on, in minor units: its net amount less what points, bonus and excluded tenders paid of it;
    nothing in an excluded category.
    """
    parts = zip(lines, nets, points, bonus, excluded, strict=True)
    return [
        0 if line.category in excluded_categories else net - by_points - by_bonus - by_excluded
        for line, net, by_points, by_bonus, by_excluded in parts
    ]


def shares_of(nets: Sequence[int], *amounts: int) -> list[list[int]]:
    """What each of the payments `amounts` pays of each line: pro rata to what is to be paid for it, rounded down, the
    last line takes the rest. Together they never pay more of a line than is to be paid.
    """
    room = list(nets)
    found = []
    for amount in amounts:
        shares = spread(amount, nets, room)
        room = [left - share for left, share in zip(room, shares, strict=True)]
        found.append(shares)
    return found
