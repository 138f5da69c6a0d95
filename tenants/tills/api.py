"""`/v1/tills`: shared tills, made on the device itself."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, delete, get, patch
from litestar.params import FromPath, JSONBody
from pydantic import Field

from saas.paging import Page, cut
from saas.validation import Body, ListQuery, parse_query
from tenants.tills.till import IDLE_LONGEST, change_till, revoke_till, tills

OPT = {"requires": "admin"}


class TillChange(Body):
    """After how many minutes without a touch it locks."""

    idle_minutes: Annotated[int, Field(strict=True, ge=1, le=IDLE_LONGEST)]


@get("/v1/tills", opt=OPT, tags=["staff"])
async def list_tills(request: Request[Any, Any, Any]) -> Page:
    """The chain's shared tills, by branch and name."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    return cut(await tills(), query.limit, query.cursor, lambda one: one["id"])


@patch("/v1/tills/{till_id:uuid}", opt=OPT, tags=["staff"])
async def patch_till(till_id: FromPath[UUID], data: JSONBody[TillChange]) -> None:
    """Counts for whoever works there now, too."""
    await change_till(till_id, data.idle_minutes)


@delete("/v1/tills/{till_id:uuid}", opt=OPT, tags=["staff"])
async def delete_till(till_id: FromPath[UUID]) -> None:
    """The device is as any other again, and whoever works there is out."""
    await revoke_till(till_id)


HANDLERS = [list_tills, patch_till, delete_till]
