"""`/v1/members`: enrolling, finding, showing and changing members."""

import re
from typing import Any
from uuid import UUID

import asyncpg
from litestar import Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from saas.errors import DomainError
from saas.paging import Page, page
from saas.problem_details import language_of
from saas.validation import parse_query
from tenants.members.batch import enrol_batch
from tenants.members.bodies import MemberChange, MembersBatch, MembersQuery, NewMember
from tenants.members.change import change_member
from tenants.members.enrol import enrol, member_row, tenant_clock
from tenants.members.listing import list_members
from tenants.members.standing import shown

READ = {"requires": "members:read"}
WRITE = {"requires": "members:write"}

_ETAG = re.compile(r'"([0-9]{1,9})"')


@post("/v1/members", opt=WRITE, summary="Enrol a member")
async def create(request: Request[Any, Any, Any], data: JSONBody[NewMember]) -> Response[dict[str, Any]]:
    member = await enrol(data, await tenant_clock())
    return await _member(request, member, status=201)


@post("/v1/members:batch", opt=WRITE, status_code=200, summary="Enrol up to 1,000 members, an outcome each")
async def create_batch(request: Request[Any, Any, Any], data: JSONBody[MembersBatch]) -> dict[str, Any]:
    return {"data": await enrol_batch(data.items, language_of(request.scope))}


@get("/v1/members", opt=READ, summary="Members, the newest first")
async def list_all(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(MembersQuery, request.query_params.multi_items())
    rows = await list_members(query)
    members = await shown(rows[: query.limit + 1], language_of(request.scope))
    return page(members, query.limit, dict, lambda member: (member["id"],))


@get("/v1/members/{member_id:uuid}", opt=READ, summary="One member; its ETag is the profile's revision")
async def read(request: Request[Any, Any, Any], member_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    return await _member(request, await member_row(member_id))


@patch("/v1/members/{member_id:uuid}", opt=WRITE, summary="Change a member; If-Match keeps others' changes")
async def change(
    request: Request[Any, Any, Any], member_id: FromPath[UUID], data: JSONBody[MemberChange]
) -> Response[dict[str, Any]]:
    revision = _revision(request.headers.get("if-match"))
    return await _member(request, await change_member(member_id, data, revision))


async def _member(
    request: Request[Any, Any, Any], row: asyncpg.Record, *, status: int = 200
) -> Response[dict[str, Any]]:
    (member,) = await shown([row], language_of(request.scope))
    return Response(member, status_code=status, headers={"ETag": f'"{row["revision"]}"'})


def _revision(if_match: str | None) -> int | None:
    """The revision that If-Match asks for; None for any. Raises DomainError `precondition-failed` for a tag that
    was never ours.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _ETAG.fullmatch(if_match.strip())
    if tag is None:
        raise DomainError("precondition-failed")
    return int(tag[1])


HANDLERS = [create, create_batch, list_all, read, change]
