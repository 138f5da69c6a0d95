"""Referrals over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath

from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.members.existing import require_member
from tenants.referrals.listing import brought_by, referral_out

READ = {"requires": "members:read"}


@get("/v1/members/{member_id:uuid}/referrals", opt=READ, tags=["members"])
async def list_referrals(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    """Whom the member brought, and when each counted: on the day of its first purchase."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await brought_by(members, query.limit, before[0] if before else None)
    return page(rows, query.limit, referral_out, lambda row: (row["member_id"],))


HANDLERS = [list_referrals]
