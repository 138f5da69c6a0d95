"""Refunds over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody

from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.refunds.bodies import RefundBody
from tenants.refunds.history import Refunded, refunds_of
from tenants.refunds.paid import WALLET
from tenants.refunds.record import record_refund

WRITE = {"requires": "purchases:write"}
READ = {"requires": "members:read"}


def refund_out(refund: Refunded) -> dict[str, Any]:
    """The till's answer. `refunded` and `left` are the purchase's, this refund included."""
    lines = None if refund.lines is None else [{"line": line, "amount": amount} for line, amount in refund.lines]
    return {
        "id": refund.id,
        "purchase_id": refund.purchase_id,
        "member_id": refund.member_id,
        "branch_id": refund.branch_id,
        "external_id": refund.external_id,
        "recorded_at": refund.recorded_at,
        "amount": refund.amount,
        "lines": lines,
        "tenders": refund.tenders,
        "points_reversed": refund.points_reversed,
        "points_returned": refund.points_returned,
        "wallet": _wallet(refund),
        "reason": refund.reason,
        "refunded": refund.refunded,
        "left": refund.left,
    }


def _wallet(refund: Refunded) -> dict[str, int]:
    """What went back into the member's wallet."""
    parts = [tender for tender in refund.tenders or () if tender["type"] == WALLET]
    return {name: sum(part[name] for part in parts) for name in ("principal", "bonus")}


@post("/v1/purchases/{purchase_id:uuid}/refunds", opt=WRITE, tags=["purchases"])
async def post_refund(purchase_id: FromPath[UUID], data: JSONBody[RefundBody]) -> Response[dict[str, Any]]:
    """Gives back all or part: 201, or 200 with the first answer where the same content had been recorded."""
    refund, first = await record_refund(purchase_id, data)
    return Response(refund_out(refund), status_code=201 if first else 200)


@get("/v1/purchases/{purchase_id:uuid}/refunds", opt=READ, tags=["purchases"])
async def list_refunds(purchase_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    """The purchase's refunds, the last recorded first."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    before = decode_cursor(query.cursor, UUID)
    rows = await refunds_of(purchase_id, query.limit, before[0] if before else None)
    return page(rows, query.limit, refund_out, lambda refund: (refund.id,))


HANDLERS = [post_refund, list_refunds]
