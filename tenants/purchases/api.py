"""Purchases over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody

from saas.limits.middleware import weigh
from saas.outcomes import outcomes_out
from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.members.existing import require_member
from tenants.purchases.batch import record_batch
from tenants.purchases.bodies import BatchBody, PurchaseBody, TicketBody
from tenants.purchases.history import purchase, purchase_out, purchases_of
from tenants.purchases.quote import quote
from tenants.purchases.record import record_purchase
from tenants.purchases.recorded import Recorded, value_out

WRITE = {"requires": "purchases:write"}
READ = {"requires": "members:read"}


def shown(made: Recorded) -> dict[str, Any]:
    """The till's answer. `tier` is the main ladder's; `tiers` lists every ladder whose tier changed."""
    main = made.changes[0] if made.changes else None  # ladders come in the programme's order
    changed = [c for c in made.changes if c.decision_id is not None]
    return {
        "id": made.id,
        "member_id": made.member_id,
        "branch_id": made.branch_id,
        "external_id": made.external_id,
        "occurred_at": made.occurred_at,
        "recorded_at": made.recorded_at,
        "refunded": made.refunded,
        "undone_at": made.undone_at,
        **value_out(made.amount, made.list_amount, made.lines, made.tenders, made.pricing),
        "sold_by": made.sold_by,
        "tier": None if main is None else {"ladder": main.ladder, "before": main.before, "after": main.after},
        "tiers": [
            {"ladder": c.ladder, "before": c.before, "after": c.after, "reason": c.reason, "decision_id": c.decision_id}
            for c in changed
        ],
        "decision_id": None if main is None else main.decision_id,
    }


@post("/v1/quotes", status_code=200, opt=WRITE, tags=["purchases"])
async def post_quote(data: JSONBody[TicketBody]) -> dict[str, Any]:
    """What a basket would cost and earn if it were bought now. Writes nothing."""
    made = await quote(data)
    ticket = made.ticket
    return {
        "member_id": made.context.member_id,
        "branch_id": made.context.branch_id,
        "as_of": made.context.recorded_at,
        **value_out(ticket.net, ticket.list_amount, ticket.lines, ticket.tenders, ticket.pricing),
        "consent_required": made.consent_required,
        "available_coupons": made.available,
    }


@post("/v1/purchases", opt=WRITE, tags=["purchases"])
async def post_purchase(data: JSONBody[PurchaseBody]) -> Response[dict[str, Any]]:
    """Records a purchase: 201, or 200 with the first answer where the same content had been recorded."""
    made = await record_purchase(data)
    return Response(shown(made), status_code=201 if made.first else 200)


@post("/v1/purchases:batch", status_code=200, opt=WRITE, items=PurchaseBody, tags=["purchases"])
async def post_purchases(data: JSONBody[BatchBody], request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Up to 1,000 purchases in the order given; an outcome for each, in the same order."""
    weigh(request.scope, len(data.items))
    return await outcomes_out(await record_batch(data.items), request.scope, shown)


@get("/v1/purchases/{purchase_id:uuid}", opt=READ, tags=["purchases"])
async def get_purchase(purchase_id: FromPath[UUID]) -> dict[str, Any]:
    """One purchase, with the tiers that it decided."""
    return shown(await purchase(purchase_id))


@get("/v1/members/{member_id:uuid}/purchases", opt=READ, tags=["members"])
async def list_purchases(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    """The member's purchases, the last recorded first."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await purchases_of(members, query.limit, before[0] if before else None)
    return page(rows, query.limit, purchase_out, lambda row: (row["id"],))


HANDLERS = [post_quote, post_purchase, post_purchases, get_purchase, list_purchases]
