"""`/v1/members/{id}/allowances`: what a member may use free of charge, and using it."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody

from saas.paging import Page, cut
from saas.validation import ListQuery, parse_query
from tenants.allowances.bodies import UseBody
from tenants.allowances.use import allowances, undo_use, use

READ = {"requires": "members:read"}
WRITE = {"requires": "purchases:write"}


@get(
    "/v1/members/{member_id:uuid}/allowances", opt=READ, tags=["members"], summary="Free uses and what is left of them"
)
async def list_allowances(request: Request[Any, Any, Any], member_id: FromPath[UUID]) -> Page:
    """Those of the tiers that the member holds, each in its present period (`from` to `to`, local days)."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    found = [one.shown() for one in await allowances(member_id)]
    return cut(found, query.limit, query.cursor, lambda one: f"{one['product']} {one['per']}")


@post(
    "/v1/members/{member_id:uuid}/allowances/{product:str}/use", opt=WRITE, tags=["members"], summary="Use an allowance"
)
async def use_allowance(
    member_id: FromPath[UUID], product: FromPath[str], data: JSONBody[UseBody]
) -> Response[dict[str, Any]]:
    """201, or 200 where this `external_id` had been recorded. 409 `allowance-used-up` where nothing is left."""
    used = await use(member_id, product, data)
    return Response(used.shown(), status_code=201 if used.first else 200)


@post(
    "/v1/members/{member_id:uuid}/allowances/{product:str}/uses/{use_id:uuid}/undo",
    opt=WRITE,
    status_code=200,
    tags=["members"],
    summary="Take a use back",
)
async def undo_allowance_use(
    member_id: FromPath[UUID], product: FromPath[str], use_id: FromPath[UUID]
) -> dict[str, Any]:
    """It counts no more in its period. Taking it back again changes nothing."""
    return (await undo_use(member_id, product, use_id)).shown()


HANDLERS = [list_allowances, use_allowance, undo_allowance_use]
