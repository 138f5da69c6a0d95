"""`/v1/branches`."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from saas.etags import Tags
from saas.paging import Page, decode_cursor, page
from saas.validation import Body, Code, ListQuery, Name, parse_query
from tenants.branches.branch import Kind, branch, branches, change_branch, open_branch

_TAGS: Final = Tags("branch")


class NewBranch(Body):
    code: Code
    name: Name
    kind: Kind = "own"


class BranchChange(Body):
    """What is left out stays."""

    name: Name | None = None
    kind: Kind | None = None
    closed: bool | None = None


@post("/v1/branches", opt={"requires": "admin"}, summary="Open a branch")
async def create(data: JSONBody[NewBranch]) -> dict[str, Any]:
    return await open_branch(data.code, data.name, data.kind)


@get("/v1/branches", summary="Branches, the oldest first")
async def list_branches(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, UUID) or (None,)
    rows = await branches(after, query.limit + 1)
    return page(rows, query.limit, dict, lambda row: (row["id"],))


@get("/v1/branches/{branch_id:uuid}", opt={"tagged": True}, summary="One branch")
async def read(request: Request[Any, Any, Any], branch_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    return _TAGS.answer(request, await branch(branch_id))


@patch(
    "/v1/branches/{branch_id:uuid}",
    opt={"requires": "admin", "bound": True, "tagged": True},
    summary="Rename, close or reopen a branch",
)
async def change(
    request: Request[Any, Any, Any], branch_id: FromPath[UUID], data: JSONBody[BranchChange]
) -> Response[dict[str, Any]]:
    await _TAGS.require(request, branch_id, partial(branch, branch_id))
    return _TAGS.answer(request, await change_branch(branch_id, name=data.name, kind=data.kind, closed=data.closed))


HANDLERS = [create, list_branches, read, change]
