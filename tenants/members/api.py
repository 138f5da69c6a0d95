"""`/v1/members`: enrolling, finding, showing and changing members."""

import re
from typing import Any
from uuid import UUID

import asyncpg
from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from saas.etags import edited_of, tagged
from saas.limits.middleware import weigh
from saas.paging import Page, decode_cursor, page
from saas.problem_details import language_of
from saas.validation import ListQuery, parse_query
from tenants.members.batch import enrol_batch
from tenants.members.bodies import MemberChange, MembersBatch, MembersQuery, NewMember
from tenants.members.change import change_member
from tenants.members.consents import consent_history
from tenants.members.enrol import enrol
from tenants.members.erasing import erase_member
from tenants.members.existing import require_member
from tenants.members.leaving import close_member
from tenants.members.listing import list_members
from tenants.members.profile_facts import changes_of
from tenants.members.showing import read_member, shown
from tenants.members.terms import present_terms

READ = {"requires": "members:read"}
WRITE = {"requires": "members:write"}

_REVISION = re.compile(r"[0-9]{1,9}")


@post("/v1/members", opt=WRITE, summary="Enrol a member")
async def create(request: Request[Any, Any, Any], data: JSONBody[NewMember]) -> Response[dict[str, Any]]:
    member = await enrol(data, await present_terms())
    return await member_answer(request, member, status=201)


@post(
    "/v1/members:batch",
    opt=WRITE,
    items=NewMember,
    status_code=200,
    summary="Enrol up to 1,000 members, an outcome each",
)
async def create_batch(request: Request[Any, Any, Any], data: JSONBody[MembersBatch]) -> dict[str, Any]:
    weigh(request.scope, len(data.items))
    return {"data": await enrol_batch(data.items, language_of(request.scope))}


@get("/v1/members", opt=READ, summary="Members, the newest first or in another order")
async def list_all(request: Request[Any, Any, Any]) -> Page:
    """With `segment` or `sort` a page may be shorter than `limit` and still have a `next_cursor`: go on there."""
    listed = await list_members(parse_query(MembersQuery, request.query_params.multi_items()))
    members = await shown(listed.rows, language_of(request.scope))
    return {"data": members, "next_cursor": listed.after}


@get("/v1/members/{member_id:uuid}", opt={**READ, "tagged": True}, summary="One member")
async def read(request: Request[Any, Any, Any], member_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    """The id of a record that was merged leads to the survivor."""
    return await _told(request, member_id)


@patch("/v1/members/{member_id:uuid}", opt={**WRITE, "tagged": True}, summary="Change a member")
async def change(
    request: Request[Any, Any, Any], member_id: FromPath[UUID], data: JSONBody[MemberChange]
) -> Response[dict[str, Any]]:
    """`If-Match` is about the profile: what the member buys or earns meanwhile is in nobody's way."""
    return await member_answer(request, await change_member(member_id, data, _revisions(request)))


@delete("/v1/members/{member_id:uuid}", opt=WRITE, summary="The member leaves (退会)")
async def leave(member_id: FromPath[UUID]) -> None:
    """Identifiers are free again, consents end, nothing more is recorded; the history stays readable."""
    await close_member(member_id)


@post(
    "/v1/members/{member_id:uuid}/erase",
    opt={"requires": "admin"},
    status_code=200,
    summary="Personal data gone, for good",
)
async def erase(request: Request[Any, Any, Any], member_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    """With every record that was merged into this one. Purchases and decisions stay, under an id that names nobody."""
    return await member_answer(request, await erase_member(member_id))


@get("/v1/members/{member_id:uuid}/consents", opt=READ, summary="What the member agreed to, the newest first")
async def list_consents(request: Request[Any, Any, Any], member_id: FromPath[UUID]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await consent_history(members, query.limit, before[0] if before else None)
    return page(rows, query.limit, _plain, lambda row: (row["id"],))


@get("/v1/members/{member_id:uuid}/changes", opt=READ, summary="Changes of phone, joining day and referrer")
async def list_changes(request: Request[Any, Any, Any], member_id: FromPath[UUID]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await changes_of(members, query.limit, before[0] if before else None)
    return page(rows, query.limit, _plain, lambda row: (row["id"],))


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    return dict(row)


async def member_answer(
    request: Request[Any, Any, Any], row: asyncpg.Record, *, status: int = 200
) -> Response[dict[str, Any]]:
    """A member that was written, under its tag."""
    return await _told(request, row["id"], status=status)


async def _told(request: Request[Any, Any, Any], member_id: UUID, *, status: int = 200) -> Response[dict[str, Any]]:
    member, revision = await read_member(member_id, language_of(request.scope))
    return tagged(request, member, str(revision), status=status)


def _revisions(request: Request[Any, Any, Any]) -> frozenset[int] | None:
    """Those of the profile that `If-Match` takes; None: any."""
    wanted = edited_of(request)
    return None if wanted is None else frozenset(int(one) for one in wanted if _REVISION.fullmatch(one))


HANDLERS = [create, create_batch, list_all, read, change, leave, erase, list_consents, list_changes]
