"""A member's tiers over HTTP: the explanation, the decisions, and the recalculation of everyone."""

from typing import Any
from uuid import UUID

from litestar import Request as HttpRequest
from litestar import get, post
from litestar.params import FromPath, JSONBody
from pydantic import Field

from saas.paging import Page, decode_cursor, page
from saas.validation import AwareDatetime, Body, Code, ListQuery, Query, parse_query
from tenants.audit.record import record
from tenants.members.existing import require_member
from tenants.tiers.explain import explain
from tenants.tiers.history import decision_out, decisions_of
from tenants.tiers.recalculate import Request, start_recalculation


class ExplainQuery(Query):
    ladder: Code | None = None


class RecalculateBody(Body):
    """`as_of`: the run counts as the schedule firing at that instant; default: now."""

    as_of: AwareDatetime | None = Field(default=None)


@get("/v1/members/{member_id:uuid}/tier", opt={"requires": "members:read"}, tags=["members"])
async def get_tier(member_id: FromPath[UUID], request: HttpRequest[Any, Any, Any]) -> dict[str, Any]:
    """Why the member is in its tier and what is missing to the next, on one ladder (default: the main one)."""
    query = parse_query(ExplainQuery, request.query_params.multi_items())
    return await explain(member_id, query.ladder)


@get("/v1/members/{member_id:uuid}/decisions", opt={"requires": "members:read"}, tags=["members"])
async def list_decisions(member_id: FromPath[UUID], request: HttpRequest[Any, Any, Any]) -> Page:
    """The member's decisions, the newest first, each with the values that caused it."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await decisions_of(member_id, query.limit, before[0] if before else None)
    return page(rows, query.limit, decision_out, lambda row: (row["id"],))


@post("/v1/programme/recalculate", status_code=202, opt={"requires": "programme:write"}, tags=["programme"])
async def recalculate(data: JSONBody[RecalculateBody]) -> dict[str, UUID]:
    """Evaluates every member as of an instant; the job tells progress and result.

    409 `later-decisions` where a decision was made for a later instant.
    """
    run_id = await start_recalculation(Request("request", as_of=data.as_of))
    detail = {"as_of": None if data.as_of is None else data.as_of.isoformat()}
    await record("programme.recalculate", f"job:{run_id}", detail)
    return {"job_id": run_id}


HANDLERS = [get_tier, list_decisions, recalculate]
