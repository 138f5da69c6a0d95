"""`/v1/branches`."""

from typing import Any
from uuid import UUID

from litestar import Request, get, patch, post
from litestar.params import FromPath, JSONBody

from saas.paging import Page, decode_cursor, page
from saas.validation import Body, Code, ListQuery, Name, parse_query
from tenants.branches.branch import Kind, branch, branches, change_branch, open_branch


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


@get("/v1/branches/{branch_id:uuid}", summary="One branch")
async def read(branch_id: FromPath[UUID]) -> dict[str, Any]:
    return await branch(branch_id)


@patch(
    "/v1/branches/{branch_id:uuid}",
    opt={"requires": "admin", "bound": True},
    summary="Rename, close or reopen a branch",
)
async def change(branch_id: FromPath[UUID], data: JSONBody[BranchChange]) -> dict[str, Any]:
    return await change_branch(branch_id, name=data.name, kind=data.kind, closed=data.closed)


HANDLERS = [create, list_branches, read, change]
