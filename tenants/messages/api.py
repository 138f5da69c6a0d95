"""`GET /v1/messages` and `GET /v1/members/{id}/messages`."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath

from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.members.existing import require_member
from tenants.messages.listing import messages_of
from tenants.messages.log import MessagesQuery, messages


@get(
    "/v1/members/{member_id:uuid}/messages",
    opt={"requires": "members:read"},
    tags=["members"],
    summary="What was sent to the member, the newest first, without its text",
)
async def list_messages(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    """`state`: `queued`, `sent` (the gateway took it), `failed` or `skipped` (never written) with an `error`."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await messages_of(members, query.limit, before[0] if before else None)
    return page(rows, query.limit, dict, lambda row: (row["id"],))


@get(
    "/v1/messages",
    opt={"requires": "members:read"},
    tags=["members"],
    summary="What was sent in the whole chain, and what wasn't and why, the newest first, without its text",
)
async def list_all_messages(request: Request[Any, Any, Any]) -> Page:
    """`error` of `skipped`: `no-consent`, `no-address` (no phone, no WeChat account), `no-way` (nothing is sent by the
    channel), `member-left`; of `failed`: `consent-withdrawn`, `too-late`, `member-left`, `no-answer`, `unreadable`, or
    what the gateway answered.
    """
    query = parse_query(MessagesQuery, request.query_params.multi_items())
    before = decode_cursor(query.cursor, UUID)
    rows = await messages(query, before[0] if before else None)
    return page(rows, query.limit, dict, lambda row: (row["id"],))


HANDLERS = [list_messages, list_all_messages]
