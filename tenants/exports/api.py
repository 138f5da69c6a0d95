"""`/v1/exports`: the chain's whole data as a ZIP."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import FromPath
from litestar.response import Stream

from saas.errors import DomainError
from saas.paging import Page, decode_cursor, page
from saas.principal import SYSTEM
from saas.scope import current, tenant_scope
from saas.validation import ListQuery, parse_query
from tenants.exports.export import ask, exports, read, remove
from tenants.exports.jobs import delete_files
from tenants.exports.links import PATH, link_to, read_link
from tenants.exports.makers import may_still
from tenants.exports.sending import send_file

_OPT: Final[dict[str, Any]] = {"requires": "admin"}


@post(
    "/v1/exports",
    opt=_OPT,
    status_code=202,
    summary="Have everything written into one ZIP; where an export is under way, that one is the answer",
)
async def start() -> dict[str, Any]:
    """CSV for people and NDJSON for machines, all of one instant. Its progress is its job's (`GET /v1/jobs/{id}`, the
    same id); the file is kept for seven days.
    """
    return shown(await read(await ask()))


@get("/v1/exports", opt=_OPT, summary="Exports, the newest first")
async def list_exports(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    return page(await exports(before, query.limit + 1), query.limit, shown, lambda row: (row["id"],))


@get("/v1/exports/{export_id:uuid}", opt=_OPT, summary="An export's state, and the link to its file")
async def read_one(export_id: FromPath[UUID]) -> dict[str, Any]:
    """`link` is signed and good for an hour, without any key: ask again for a fresh one."""
    return shown(await read(export_id))


@delete("/v1/exports/{export_id:uuid}", opt=_OPT, summary="Take an export's file away before its week is over")
async def delete_one(export_id: FromPath[UUID]) -> None:
    """Again is fine. One that is still being written goes on."""
    delete_files(await remove(export_id))


@get(
    f"{PATH}{{token:str}}",
    opt={"auth": "none", "scoped": False},
    include_in_schema=False,
)
async def send_linked(request: Request[Any, Any, Any], token: FromPath[str]) -> Stream:
    """The file behind a signed link. It ends with the key, or with the place of the owner, that it was made for."""
    link = read_link(token)
    async with tenant_scope(link.tenant_id, principal=SYSTEM, request_id=request.scope["state"].get("request_id")):
        if not await may_still(link.actor):
            raise DomainError("export-link-expired")
    return await send_file(request, link.tenant_id, link.export_id, link.actor)


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """As the API tells it."""
    out = {name: value for name, value in row.items() if name not in {"actor", "staff"}}
    done = row["state"] == "done"
    scope = current()
    return {**out, "link": link_to(scope.tenant_id, row["id"], scope.principal.actor) if done else None}


HANDLERS = [start, list_exports, read_one, delete_one, send_linked]
