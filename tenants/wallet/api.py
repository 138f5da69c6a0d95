"""A member's wallet over HTTP. Paying in and out: `tenants.top_ups`."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath

from saas.paging import decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.members.existing import require_member
from tenants.wallet.statement import entries_of, entry_out, wallet_out


@get("/v1/members/{member_id:uuid}/wallet", opt={"requires": "members:read"}, tags=["members"])
async def get_wallet(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Balances, the top-ups with something left (oldest first), and the movements, the newest first; those of records
    merged into this one too.
    """
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await entries_of(members, query.limit, before[0] if before else None)
    return {**await wallet_out(members[0]), **page(rows, query.limit, entry_out, lambda row: (row["id"],))}


HANDLERS = [get_wallet]
