"""`POST /v1/members/{id}/merge`."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, post
from litestar.params import FromPath, JSONBody

from saas.validation import Body
from tenants.members.api import member_answer
from tenants.merging.merge import merge


class MergeBody(Body):
    """The record that ends; the one of the path survives."""

    other_id: UUID


@post(
    "/v1/members/{member_id:uuid}/merge",
    opt={"requires": "members:write"},
    status_code=200,
    tags=["members"],
    summary="Merge another record of the same person into this one",
)
async def merge_members(
    request: Request[Any, Any, Any], member_id: FromPath[UUID], data: JSONBody[MergeBody]
) -> Response[dict[str, Any]]:
    """The survivor. It has the facts of both, the earliest joining day, the higher tiers, every identifier, and only
    the consents that both had given.
    """
    return await member_answer(request, await merge(member_id, data.other_id))


HANDLERS = [merge_members]
