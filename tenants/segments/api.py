"""`/v1/segments`: keeping conditions by name, and the members that they select."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody

from saas.errors import DomainError
from saas.etags import Tags
from saas.paging import Page, decode_cursor, encode_cursor, page
from saas.problem_details import language_of
from saas.validation import Body, ChangeBody, ListQuery, parse_query
from tenants.members.showing import shown_by_id
from tenants.programme.strict import Code, Names
from tenants.programme.versions import current_programme
from tenants.segments import following  # noqa: F401 - registers itself
from tenants.segments.conditions import SegmentCondition
from tenants.segments.segment import (
    change_segment,
    condition_of,
    delete_segment,
    make_segment,
    segment,
    segments,
)
from tenants.segments.selecting import segment_of
from tenants.segments.usable import faults_of

READ = {"requires": "members:read"}
WRITE = {"requires": "programme:write"}
SAMPLE: Final = 10
_TAGS: Final = Tags("segment")


class NewSegment(Body):
    code: Code
    names: Names
    condition: SegmentCondition


class SegmentChange(ChangeBody):
    """What is left out stays; the code always does."""

    names: Names | None = None
    condition: SegmentCondition | None = None


class Preview(Body):
    condition: SegmentCondition


@post("/v1/segments", opt=WRITE, summary="Keep a condition under a name")
async def create(data: JSONBody[NewSegment]) -> dict[str, Any]:
    return await make_segment(data.code, data.names, data.condition)


@get("/v1/segments", opt=READ, summary="Segments, the oldest first")
async def list_segments(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, UUID) or (None,)
    return page(await segments(after, query.limit + 1), query.limit, dict, lambda row: (row["id"],))


@get("/v1/segments/{segment_id:uuid}", opt={**READ, "tagged": True}, summary="One segment")
async def read(request: Request[Any, Any, Any], segment_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    return _TAGS.answer(request, await segment(segment_id))


@patch("/v1/segments/{segment_id:uuid}", opt={**WRITE, "tagged": True}, summary="Change a segment's names or condition")
async def change(
    request: Request[Any, Any, Any], segment_id: FromPath[UUID], data: JSONBody[SegmentChange]
) -> Response[dict[str, Any]]:
    await _TAGS.require(request, segment_id, partial(segment, segment_id))
    return _TAGS.answer(request, await change_segment(segment_id, data.names, data.condition))


@delete(
    "/v1/segments/{segment_id:uuid}",
    opt={**WRITE, "tagged": True},
    summary="Forget a segment; its members stay as they are",
)
async def remove(request: Request[Any, Any, Any], segment_id: FromPath[UUID]) -> None:
    await _TAGS.require(request, segment_id, partial(segment, segment_id))
    await delete_segment(segment_id)


@post("/v1/segments/preview", opt=READ, status_code=200, summary="Whom a condition selects now: how many, some of them")
async def preview(request: Request[Any, Any, Any], data: JSONBody[Preview]) -> dict[str, Any]:
    """`members` are the newest ten. `complete: false`: `count` is what was found in ten seconds, at least so many."""
    faults = await faults_of(data.condition, await current_programme())
    if faults:
        raise DomainError("validation-failed", errors=faults)
    wanted = await segment_of(data.condition)
    counted = await wanted.count()
    sample = await wanted.page(None, SAMPLE)
    members = await shown_by_id(sample.ids, language_of(request.scope))
    return {"count": counted.count, "complete": counted.complete, "members": members}


@get("/v1/segments/{segment_id:uuid}/members", opt=READ, summary="The segment's members now, the newest first")
async def list_members(request: Request[Any, Any, Any], segment_id: FromPath[UUID]) -> Page:
    """Active members only. A page may be shorter than `limit` and still have a `next_cursor`: go on there."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    found = await (await segment_of(await condition_of(segment_id))).page(before, query.limit)
    members = await shown_by_id(found.ids, language_of(request.scope))
    return {"data": members, "next_cursor": encode_cursor(found.after) if found.after else None}


HANDLERS = [create, list_segments, read, change, remove, preview, list_members]
