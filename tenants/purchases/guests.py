"""Coupons that a campaign prints for a guest (散客): given in the purchase's own statement, for whoever brings them."""

from dataclasses import replace
from typing import Any, Final

from saas.scope import connection, current
from tenants.campaigns.offers import guest_coupons
from tenants.coupons.coupon import Definition
from tenants.coupons.numbers import new_number
from tenants.coupons.postings import Issue, Posting
from tenants.purchases.context import Context
from tenants.purchases.ticket import Ticket

_DEFINED: Final = """
SELECT c.id, c.code, c.names, c.terms, c.valid_days, c.valid_from, c.valid_until, c.ended_at FROM coupon c
 WHERE c.tenant_id = $1 AND c.code = ANY ($2) AND c.ended_at IS NULL
   AND (c.valid_until IS NULL OR c.valid_until >= $3) ORDER BY c.code"""


async def with_printed(ticket: Ticket, context: Context) -> Ticket:
    """The ticket with the coupons that running campaigns print for it; asks the database only where one does."""
    printed = guest_coupons(context.running, ticket.net) if context.running and context.member_id is None else ()
    if not printed:
        return ticket
    defined = {
        row["code"]: row
        for row in await connection().fetch(
            _DEFINED, current().tenant_id, [each.coupon for each in printed], context.today
        )
    }
    postings, shown = [], []
    for each in printed:
        row = defined.get(each.coupon)
        if row is not None:
            issue = Definition.of(row).issue("campaign", context.today, new_number())
            postings.append(_posting(issue, context))
            shown.append(_shown(issue, row["names"]))
    if not postings:
        return ticket
    pricing = {**(ticket.pricing or {}), "printed": shown}
    return replace(ticket, coupons=(*ticket.coupons, *postings), pricing=pricing)


def _posting(issue: Issue, context: Context) -> Posting:
    return Posting(
        kind="grant",
        grant_id=None,
        member_id=None,
        seq=None,
        day=context.today,
        recorded_at=context.recorded_at,
        actor=current().principal.actor,
        source_id=context.purchase_id,
        purchase_id=context.purchase_id,
        branch_id=context.branch_id,
        issue=issue,
    )


def _shown(issue: Issue, names: Any) -> dict[str, Any]:
    return {
        "number": issue.number,
        "code": issue.code,
        "names": names,
        "valid_from": issue.valid_from.isoformat(),
        "valid_until": issue.valid_until.isoformat(),
    }
