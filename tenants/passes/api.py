"""`/v1/passes`, and the passes of a member."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody

from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.members.existing import require_member
from tenants.passes.bodies import PassBody, RefundBody, UndoBody, UseBody
from tenants.passes.reading import entries_of, entry_out, pass_out, pass_row, passes_of
from tenants.passes.record import Written, refund_pass, sell_pass, undo_use, use_pass

WRITE = {"requires": "wallet:write"}
READ = {"requires": "members:read"}
TAGS = ["passes"]


async def _moved(written: Written) -> Response[dict[str, Any]]:
    """The entry, with the pass as it is now."""
    shown = entry_out(written.row) | {"pass": pass_out(await pass_row(written.row["pass_id"]))}
    return Response(shown, status_code=201 if written.first else 200)


@post("/v1/passes", opt=WRITE, tags=TAGS, summary="Sell a pass")
async def create(data: JSONBody[PassBody]) -> Response[dict[str, Any]]:
    """201, or 200 with the first answer where the same content had been recorded."""
    written = await sell_pass(data)
    return Response(pass_out(written.row), status_code=201 if written.first else 200)


@get("/v1/members/{member_id:uuid}/passes", opt=READ, tags=TAGS, summary="A member's passes, the newest first")
async def list_passes(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await passes_of(members, query.limit, before[0] if before else None)
    return page(rows, query.limit, pass_out, lambda row: (row["id"],))


@get("/v1/passes/{pass_id:uuid}", opt=READ, tags=TAGS, summary="One pass")
async def read(pass_id: FromPath[UUID]) -> dict[str, Any]:
    return pass_out(await pass_row(pass_id))


@get("/v1/passes/{pass_id:uuid}/entries", opt=READ, tags=TAGS, summary="Sale, uses and refunds, the newest first")
async def list_entries(pass_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    before = decode_cursor(query.cursor, UUID)
    rows = await entries_of(pass_id, query.limit, before[0] if before else None)
    return page(rows, query.limit, entry_out, lambda row: (row["id"],))


@post("/v1/passes/{pass_id:uuid}/use", opt=WRITE, tags=TAGS, summary="A visit, or several")
async def use(pass_id: FromPath[UUID], data: JSONBody[UseBody]) -> Response[dict[str, Any]]:
    return await _moved(await use_pass(pass_id, data))


@post("/v1/passes/{pass_id:uuid}/undo-use", opt=WRITE, tags=TAGS, summary="Take back a use within 15 minutes")
async def undo(pass_id: FromPath[UUID], data: JSONBody[UndoBody]) -> Response[dict[str, Any]]:
    """Only by who entered it. Again is fine: 200 with the same answer."""
    return await _moved(await undo_use(pass_id, data))


@post("/v1/passes/{pass_id:uuid}/refund", opt=WRITE, tags=TAGS, summary="Pay unused visits back, pro rata")
async def refund(pass_id: FromPath[UUID], data: JSONBody[RefundBody]) -> Response[dict[str, Any]]:
    """The money to hand over is minus the entry's `amount`."""
    return await _moved(await refund_pass(pass_id, data))


HANDLERS = [create, list_passes, read, list_entries, use, undo, refund]
