"""Points over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody

from saas.paging import decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.members.existing import require_member
from tenants.nightly import this_night
from tenants.points.acts import Moved, adjust, redeem
from tenants.points.bodies import AdjustBody, RedeemBody
from tenants.points.reading import entries, entry_out, totals

READ = {"requires": "members:read"}
WRITE = {"requires": "points:write"}


def _shown(moved: Moved) -> Response[dict[str, Any]]:
    return Response(
        {
            "id": moved.id,
            "member_id": moved.member_id,
            "points": moved.points,
            "balance": moved.balance,
            "external_id": moved.external_id,
            "recorded_at": moved.recorded_at,
        },
        status_code=201 if moved.first else 200,
    )


@post("/v1/points/adjust", opt=WRITE, tags=["points"])
async def post_adjust(data: JSONBody[AdjustBody]) -> Response[dict[str, Any]]:
    """Gives points by hand (above 0), or takes them (below 0): 201, or 200 with the first answer where the same
    `external_id` had been recorded with the same content.
    """
    return _shown(await adjust(data))


@post("/v1/points/redeem", opt=WRITE, tags=["points"])
async def post_redeem(data: JSONBody[RedeemBody]) -> Response[dict[str, Any]]:
    """Spends points at the counter, without a purchase: 201, or 200 with the first answer as above."""
    return _shown(await redeem(data))


@get("/v1/members/{member_id:uuid}/points", opt=READ, tags=["members"])
async def get_statement(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The member's points, and what happened to them, the newest first."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    held = (await totals(members[:1], (await this_night()).today))[members[0]]
    rows = await entries(members, query.limit, before[0] if before else None)
    return {
        **held.out,
        "debt": held.debt,
        **page(rows, query.limit, entry_out, lambda row: (row["id"],)),
    }


HANDLERS = [post_adjust, post_redeem, get_statement]
