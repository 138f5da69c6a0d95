"""`GET /v1/members/{id}/timeline`."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath

from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.members.existing import require_member
from tenants.programme.document import Programme
from tenants.programme.versions import current_programme
from tenants.purchases.history import purchase_out
from tenants.tiers.history import decision_out
from tenants.timeline.happened import Happened, happened


@get("/v1/members/{member_id:uuid}/timeline", opt={"requires": "members:read"}, tags=["members"])
async def list_timeline(request: Request[Any, Any, Any], member_id: FromPath[UUID]) -> Page:
    """What happened to the member, the last recorded first: purchases, activities and decisions, each by its `type`
    and, as `data`, as it stands in its own list. `at`: when it happened.
    """
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    rules = await current_programme()
    found = await happened(members, query.limit, before)
    return page(found, query.limit, lambda one: _out(one, rules), lambda one: (one.id,))


def _out(one: Happened, rules: Programme) -> dict[str, Any]:
    at = one.fact["effective_at" if one.kind == "decision" else "occurred_at"]
    return {"type": one.kind, "id": one.id, "at": at, "data": _data(one, rules)}


def _data(one: Happened, rules: Programme) -> Any:
    if one.kind == "purchase":
        return purchase_out(one.fact)
    return decision_out(one.fact, rules) if one.kind == "decision" else one.fact


HANDLERS = [list_timeline]
