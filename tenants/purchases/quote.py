"""A quote: what a basket would cost and earn, reckoned as a purchase is; nothing is written and nobody locked."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from saas.errors import DomainError, FieldError
from saas.scope import current
from tenants.pricing.coupons import CouponUse
from tenants.pricing.price import price
from tenants.programme.versions import programme
from tenants.purchases.bodies import TicketBody
from tenants.purchases.context import Context, context_of, open_grants, read
from tenants.purchases.coupons import coupon_use
from tenants.purchases.offers import offers_of
from tenants.purchases.record import FUTURE
from tenants.purchases.ticket import Ticket, basket, reckon
from tenants.purchases.whose import located


@dataclass(frozen=True, slots=True)
class Quote:
    """A ticket as it would be recorded now, and which of the member's coupons would save how much (minor units), the
    most first. `consent_required`: the wallet pays so much only with the member's consent.
    """

    context: Context
    ticket: Ticket
    consent_required: bool
    available: list[dict[str, Any]]


async def quote(body: TicketBody) -> Quote:
    """Raises DomainError as `record_purchase` does, but for what the sale alone asks for: consent, the till's number.
    A suspended chain quotes, too.
    """
    body.total()
    if not current().principal.may_at(body.branch_id):
        raise DomainError("not-permitted")
    row = await read(body, await located(body), None)
    if row["status"] == "cancelled":
        raise DomainError("tenant-closed")
    if row["closed_at"] is not None:
        raise DomainError("branch-closed", params={"branch": str(body.branch_id)})
    context = context_of(row)
    if body.occurred_at is not None and body.occurred_at > context.recorded_at + FUTURE:
        raise DomainError("validation-failed", errors=[FieldError("/occurred_at", "occurred-too-far-ahead")])
    ticket = await reckon(body, context, await programme(context.version))
    return Quote(
        context, ticket, body.wallet_amount > ticket.confirm_above, await _available(body, context, ticket.day)
    )


async def _available(body: TicketBody, context: Context, day: date) -> list[dict[str, Any]]:
    """The member's coupons that would save something by themselves, with how much."""
    if context.member_id is None or body.external_amounts:
        return []
    grants = await open_grants(context.member_id, context.today)
    if not grants:
        return []
    rules = await programme(context.version)
    offers = await offers_of(context, rules, day)
    lines = basket(body)

    def cost(*coupons: CouponUse) -> int:
        by_wallet = body.wallet_amount > 0
        return price(lines, offers, rules.stacking, coupons, branch=context.branch_code, by_wallet=by_wallet).net

    without, found = cost(), []
    for grant, names in grants:
        try:
            saves = without - cost(coupon_use(grant))
        except DomainError:  # not for these lines, this branch, so little
            continue
        if saves > 0:
            shown = {"id": grant.id, "code": grant.code, "names": names, "valid_until": grant.valid_until}
            found.append({**shown, "saves": saves})
    return sorted(found, key=lambda coupon: -coupon["saves"])
