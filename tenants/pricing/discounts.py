"""Steps 1 and 2: what tiers, price lists and the best campaign take off, line by line."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from saas.money import round_half_up
from tenants.pricing.basket import CampaignDiscount, Label, Line, Offers
from tenants.pricing.spread import spread


@dataclass(frozen=True, slots=True)
class Open:
    """Which lines may have a tier's discount, a campaign's, a coupon's at all: one flag a line."""

    tier: tuple[bool, ...]
    campaign: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Discounted:
    """What tiers and the campaign took off each line, and by what name."""

    tier: tuple[int, ...]
    labels: tuple[Label | None, ...]
    campaign: tuple[int, ...]
    code: str | None = None

    @property
    def saved(self) -> int:
        return sum(self.tier) + sum(self.campaign)


def percent_off(amount: int, percent: Decimal) -> int:
    """Rounded half up to the minor unit."""
    return round_half_up(amount * percent / 100)


def discounted(lines: Sequence[Line], offers: Offers, may: Open, *, combine: bool) -> Discounted:
    """Each line's largest tier discount, then the one campaign that saves the basket most; of equals the first by code.

    `combine`: a campaign comes on top of tier discounts, else the larger of the two counts.
    """
    by_tier = [
        _tier_discount(line, offers) if open_ else (0, None) for line, open_ in zip(lines, may.tier, strict=True)
    ]
    none = (0,) * len(lines)
    best = first = Discounted(tuple(off for off, _ in by_tier), tuple(label for _, label in by_tier), none)
    for campaign in sorted(offers.discounts, key=lambda campaign: campaign.code):
        found = _with_campaign(lines, first, campaign, may, combine=combine)
        if found.saved > best.saved:
            best = found
    return best


def _tier_discount(line: Line, offers: Offers) -> tuple[int, Label | None]:
    """The largest of what the tiers' percentages and price lists take off; of equals the first in the rules' order."""
    best, label = 0, None
    for discount in offers.benefits.discounts:
        if discount.category is None or discount.category == line.category:
            off = percent_off(line.amount, discount.percent)
            if off > best:
                best, label = off, Label("tier", discount.tier, discount.ladder)
    if line.sku is not None and line.quantity > 0:
        for price in offers.prices.get(line.sku, ()):
            off = line.amount - round_half_up(price.price * line.quantity)
            if off > best:
                best, label = off, Label("price_list", price.list)
    return best, label


def _with_campaign(
    lines: Sequence[Line], first: Discounted, campaign: CampaignDiscount, may: Open, *, combine: bool
) -> Discounted:
    eligible = [open_ and fits(line, campaign.categories) for line, open_ in zip(lines, may.campaign, strict=True)]
    if campaign.percent is not None:
        return _percent(lines, first, campaign, eligible, combine=combine)
    return _amount(lines, first, campaign, eligible, combine=combine)


def fits(line: Line, categories: Collection[str]) -> bool:
    """Whether the line is of one of these categories; none listed: it is."""
    return not categories or line.category in categories


def _percent(
    lines: Sequence[Line],
    first: Discounted,
    campaign: CampaignDiscount,
    eligible: Sequence[bool],
    *,
    combine: bool,
) -> Discounted:
    percent = campaign.percent or Decimal(0)
    tier, labels, off = list(first.tier), list(first.labels), [0] * len(lines)
    for n, line in enumerate(lines):
        if not eligible[n]:
            continue
        if combine:
            off[n] = percent_off(line.amount - tier[n], percent)
        elif (more := percent_off(line.amount, percent)) > tier[n]:
            off[n], tier[n], labels[n] = more, 0, None
    return Discounted(tuple(tier), tuple(labels), tuple(off), campaign.code)


def _amount(
    lines: Sequence[Line],
    first: Discounted,
    campaign: CampaignDiscount,
    eligible: Sequence[bool],
    *,
    combine: bool,
) -> Discounted:
    """满减. Where discounts don't combine, the eligible lines have the amount off instead of their tier discounts."""
    before = first
    if not combine:
        kept = zip(first.tier, first.labels, eligible, strict=True)
        pairs = [(0, None) if chosen else (tier, label) for tier, label, chosen in kept]
        before = replace(first, tier=tuple(off for off, _ in pairs), labels=tuple(label for _, label in pairs))
    left = [
        line.amount - tier if chosen else 0 for line, tier, chosen in zip(lines, before.tier, eligible, strict=True)
    ]
    if sum(left) < campaign.minimum:
        return first
    off = spread(min(campaign.amount, sum(left)), left)
    return replace(before, campaign=tuple(off), code=campaign.code)
