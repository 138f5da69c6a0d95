"""Steps 1 to 3: from list prices to what is to be paid."""

from collections.abc import Sequence

from tenants.pricing.basket import Label, Line, Offers, Priced, PricedLine
from tenants.pricing.coupons import CouponUse, bars, check_together, in_order, take_off
from tenants.pricing.discounts import Discounted, Open, discounted
from tenants.programme.rules import Stacking


def price(
    lines: Sequence[Line],
    offers: Offers,
    stacking: Stacking,
    coupons: Sequence[CouponUse] = (),
    *,
    branch: str,
    by_wallet: bool = False,
) -> Priced:
    """What a basket at list prices costs: tier discounts, the best campaign, then the coupons.

    `branch` is its code; `by_wallet`: stored value pays (a part). Raises DomainError as `coupons.take_off`, and
    `coupons-do-not-combine`.
    """
    check_together(coupons)
    may = _open(lines, stacking, coupons, branch, by_wallet=by_wallet)
    found = discounted(lines, offers, may, combine=stacking.discounts_combine)
    left = [line.amount - t - c for line, t, c in zip(lines, found.tier, found.campaign, strict=True)]
    before, taken = list(left), []
    for coupon in in_order(coupons):
        off = take_off(coupon, lines, before, left, stacking, branch)
        left = [rest - share for rest, share in zip(left, off, strict=True)]
        taken.append((Label("coupon", coupon.code, id=coupon.id), sum(off)))
    priced = tuple(
        PricedLine(line.amount, t, c, was - is_)
        for line, t, c, was, is_ in zip(lines, found.tier, found.campaign, before, left, strict=True)
    )
    return Priced(priced, (*_named(found), *taken))


def final(lines: Sequence[Line]) -> Priced:
    """A basket from which the till took its discounts already."""
    return Priced(tuple(PricedLine(line.amount) for line in lines))


def _open(
    lines: Sequence[Line], stacking: Stacking, coupons: Sequence[CouponUse], branch: str, *, by_wallet: bool
) -> Open:
    """Where tiers and campaigns may take something off, with these coupons beside them."""
    tiers = stacking.branches is None or branch in stacking.branches
    if by_wallet and not stacking.wallet_with_tier_discount:
        tiers = False
    campaign = [line.category not in stacking.discount_excluded for line in lines]
    tier = [open_ and tiers for open_ in campaign]
    for coupon in coupons:
        no_tier, no_campaign = bars(coupon, lines)
        tier = [open_ and not barred for open_, barred in zip(tier, no_tier, strict=True)]
        campaign = [open_ and not barred for open_, barred in zip(campaign, no_campaign, strict=True)]
    return Open(tuple(tier), tuple(campaign))


def _named(found: Discounted) -> list[tuple[Label, int]]:
    sums: dict[Label, int] = {}
    for label, off in zip(found.labels, found.tier, strict=True):
        if label is not None:
            sums[label] = sums.get(label, 0) + off
    if found.code is not None:
        sums[Label("campaign", found.code)] = sum(found.campaign)
    return list(sums.items())
