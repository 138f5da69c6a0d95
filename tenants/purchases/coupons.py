"""The coupons of a ticket: found among those read, checked, and as pricing wants them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from tenants.coupons.ledger import not_usable
from tenants.coupons.postings import state_on
from tenants.coupons.terms import FixedPrice, PercentOff, Terms
from tenants.pricing.coupons import CouponUse
from tenants.purchases.bodies import TicketBody
from tenants.purchases.context import Grant


def coupons_of(body: TicketBody, grants: Sequence[Grant], member_id: UUID | None, today: date) -> list[CouponUse]:
    """The ticket's coupons in the order given; one named twice, by id and by number, counts once.

    Raises DomainError `coupon-not-usable` {code, state}: used, void, expired, not-yet-valid, not-theirs, unknown.
    """
    by_ref = {str(grant.id): grant for grant in grants} | {grant.number: grant for grant in grants if grant.number}
    found: dict[UUID, CouponUse] = {}
    for ref in body.coupons or ():
        grant = by_ref.get(ref)
        if grant is None:
            raise not_usable(ref, "unknown")
        if grant.member_id is not None and grant.member_id != member_id:
            raise not_usable(grant.code, "not-theirs")
        state = state_on(grant.state, grant.valid_from, grant.valid_until, today)
        if state != "open":
            raise not_usable(grant.code, state)
        found[grant.id] = coupon_use(grant)
    return list(found.values())


def coupon_use(grant: Grant) -> CouponUse:
    """A coupon with the terms that it was given with."""
    terms = Terms.model_validate(grant.terms)
    value = terms.value
    beside = terms.combines
    amount, percent = 0, Decimal(0)
    if isinstance(value, PercentOff):
        percent = value.percent
    else:
        amount = value.price if isinstance(value, FixedPrice) else value.amount
    return CouponUse(
        grant.id,
        grant.code,
        value.type,
        amount,
        percent,
        terms.minimum,
        terms.categories,
        terms.branches,
        with_tier=beside.tier_discount,
        with_campaign=beside.campaign,
        with_coupons=beside.coupons,
    )
