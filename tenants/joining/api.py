"""`/v1/join-codes`: where the sign-up pages are, for whoever prints posters or shows the code elsewhere."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from saas.paging import Page, cut
from saas.validation import Body, ListQuery, parse_query
from tenants.cards.qr import qr_svg
from tenants.joining.agreeing import agreements_of
from tenants.joining.codes import code_of, codes_in_use, end_this_code, join_address
from tenants.members.existing import require_member

READ = {"requires": "members:read"}
WRITE = {"requires": "members:write"}
TAGS = ["members"]


class JoinCodeBody(Body):
    """`branch_id`: who joins there belongs to it; left out, to none."""

    branch_id: UUID | None = None


def _out(code: str, branch_id: UUID | None) -> dict[str, Any]:
    address = join_address(code)
    return {"code": code, "branch_id": branch_id, "url": address, "qr": qr_svg(address)}


@post("/v1/join-codes", opt=WRITE, status_code=200, tags=TAGS, summary="The address of a branch's sign-up page")
async def make(data: JSONBody[JoinCodeBody]) -> dict[str, Any]:
    """The same one until it is ended."""
    return _out(await code_of(data.branch_id), data.branch_id)


@get("/v1/join-codes", opt=WRITE, tags=TAGS, summary="The sign-up pages that are open")
async def list_codes(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    found = [_out(row["code"], branch_id) for branch_id, row in (await codes_in_use()).items()]
    return cut(found, query.limit, query.cursor, lambda one: one["code"])


@delete("/v1/join-codes/{code:str}", opt=WRITE, tags=TAGS, summary="Posters with this code lead nowhere any more")
async def end(code: FromPath[str]) -> None:
    await end_this_code(code)


@get("/v1/members/{member_id:uuid}/agreements", opt=READ, tags=TAGS, summary="What the member agreed to when it joined")
async def list_agreements(request: Request[Any, Any, Any], member_id: FromPath[UUID]) -> Page:
    """The very words, the newest first. `mark`: the version of the text, the head of its SHA-256."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    found = await agreements_of(await require_member(member_id))
    return cut(found, query.limit, query.cursor, lambda one: f"{one['at']} {one['kind']} {one['mark']}")


HANDLERS = [make, list_codes, end, list_agreements]
