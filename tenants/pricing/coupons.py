"""Step 3: coupons, in the order fixed price, percent, amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from saas.errors import DomainError, Money
from saas.money import round_half_up
from tenants.pricing.basket import Line
from tenants.pricing.discounts import fits, percent_off
from tenants.pricing.spread import spread
from tenants.programme.rules import Stacking

_ORDER: Final = {"fixed_price": 0, "percent": 1, "amount": 2}


@dataclass(frozen=True, slots=True)
class CouponUse:
    """A coupon that somebody hands over. `amount`: what it takes off, or the fixed price, in minor units; `percent` of
    a percent coupon. `categories`, `branches` (codes): none listed, all. The flags: what else may be used beside it.
    """

    id: UUID
    code: str
    kind: Literal["fixed_price", "percent", "amount"]
    amount: int = 0
    percent: Decimal = Decimal(0)
    minimum: int = 0
    categories: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    with_tier: bool = True
    with_campaign: bool = False
    with_coupons: bool = False


def in_order(coupons: Sequence[CouponUse]) -> list[CouponUse]:
    """Fixed prices, percentages, amounts; of a kind as given."""
    return sorted(coupons, key=lambda coupon: _ORDER[coupon.kind])


def check_together(coupons: Sequence[CouponUse]) -> None:
    """Raises DomainError `coupons-do-not-combine` {code} where one of several wants to be the only one."""
    for coupon in coupons if len(coupons) > 1 else ():
        if not coupon.with_coupons:
            raise DomainError("coupons-do-not-combine", params={"code": coupon.code})


def bars(coupon: CouponUse, lines: Sequence[Line]) -> tuple[list[bool], list[bool]]:
    """On which lines the coupon allows no tier discount, and on which no campaign."""
    of_it = [fits(line, coupon.categories) for line in lines]
    return [not coupon.with_tier and one for one in of_it], [not coupon.with_campaign and one for one in of_it]


def take_off(
    coupon: CouponUse,
    lines: Sequence[Line],
    before: Sequence[int],
    left: Sequence[int],
    stacking: Stacking,
    branch: str,
) -> list[int]:
    """What the coupon takes off each line. `before`: the lines after tiers and campaign, which its minimum is about;
    `left`: what the coupons before it left of them.

    Raises DomainError `coupon-not-here` {code}, `coupon-below-minimum` {code, minimum, amount}, `coupon-without-effect`
    {code} (nothing that it could be for, or nothing left to take off).
    """
    if coupon.branches and branch not in coupon.branches:
        raise DomainError("coupon-not-here", params={"code": coupon.code})
    eligible = [line.category not in stacking.discount_excluded and fits(line, coupon.categories) for line in lines]
    reached = sum(amount for amount, chosen in zip(before, eligible, strict=True) if chosen)
    if any(eligible) and reached < coupon.minimum:
        params = {"code": coupon.code, "minimum": Money(coupon.minimum), "amount": Money(reached)}
        raise DomainError("coupon-below-minimum", params=params)
    open_ = [amount if chosen else 0 for amount, chosen in zip(left, eligible, strict=True)]
    off = _off(coupon, lines, open_)
    if not any(off):
        raise DomainError("coupon-without-effect", params={"code": coupon.code})
    return off


def _off(coupon: CouponUse, lines: Sequence[Line], open_: Sequence[int]) -> list[int]:
    """`open_`: what may be taken of each line."""
    if coupon.kind == "percent":
        return [percent_off(amount, coupon.percent) for amount in open_]
    if coupon.kind == "amount":
        return spread(min(coupon.amount, sum(open_)), open_)
    pieces = [_piece(amount, line.quantity) for amount, line in zip(open_, lines, strict=True)]
    dearest = max(range(len(pieces)), key=pieces.__getitem__)  # the first of equals
    off = [0] * len(pieces)
    off[dearest] = max(0, pieces[dearest] - coupon.amount)
    return off


def _piece(amount: int, quantity: Decimal) -> int:
    """What one piece of a line costs, half up; less than one piece (0.250 kg) is taken as one."""
    return amount if quantity < 1 else round_half_up(amount / quantity)
