"""`/exports`: the owner takes the chain's whole data along. Works without JavaScript."""

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from saas.errors import DomainError
from saas.i18n import Tongue
from saas.pages import reader_of, render_page, see_other
from saas.paging import decode_cursor, encode_cursor
from saas.principal import Principal
from tenants.exports.export import ask, exports, read, remove
from tenants.exports.jobs import delete_files
from tenants.exports.sending import send_file
from tenants.frame import frame

HOME: Final = "/exports"
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_SHOWN: Final = 20
_MB: Final = 1024 * 1024
_ONE: Final = f"{HOME}/{{export_id:uuid}}"
_Request = Request[Any, Any, Any]


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> Response[Any]:
    """The files that are there, and how far the one under way is: who follows that by htmx gets the list alone."""
    cursor = request.query_params.get("cursor")
    (before,) = decode_cursor(cursor, UUID) or (None,)
    rows = await exports(before, _SHOWN + 1)
    context = {
        "frame": await frame(),
        "exports": rows[:_SHOWN],
        "sizes": [_size(row["bytes"], reader_of(request).tongue) for row in rows[:_SHOWN]],
        "going": any(row["state"] in {"queued", "running"} for row in rows),
        "first": HOME if before else None,
        "following": f"{HOME}?cursor={encode_cursor(rows[_SHOWN - 1]['id'])}" if len(rows) > _SHOWN else None,
        "at": f"{HOME}?cursor={cursor}" if cursor else HOME,
        "done": request.query_params.get("done"),
    }
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        return render_page(request, "exports/_exports.html", context)
    return render_page(request, "exports/exports.html", context)


@post(HOME, opt=_PAGE, include_in_schema=False)
async def start(request: _Request) -> Response[Any]:  # noqa: ARG001  # Litestar's forms need none
    """Asks for one; pressed twice it is still one."""
    await ask()
    return see_other(HOME)


@get(f"{_ONE}/file", opt={**_PAGE, "scoped": False}, include_in_schema=False)
async def send(request: _Request, export_id: FromPath[UUID]) -> Stream:
    """The file, for who is logged in."""
    principal: Principal = request.scope["state"]["principal"]
    tenant_id = principal.tenant_id
    if tenant_id is None:
        raise DomainError("not-permitted")
    return await send_file(request, tenant_id, export_id, principal.actor)


@post(f"{_ONE}/remove", opt=_PAGE, include_in_schema=False)
async def take_away(export_id: FromPath[UUID]) -> Response[Any]:
    """Before its week is over."""
    await read(export_id)
    delete_files(await remove(export_id))
    return see_other(f"{HOME}?done=removed")


def _size(size: int | None, speaks: Tongue) -> str:
    """In MB with one decimal; below one in KB."""
    if size is None:
        return "—"
    if size < _MB:
        return f"{speaks.number(-(-size // 1024))} KB"
    return f"{speaks.number((Decimal(size) / _MB).quantize(Decimal('0.1')))} MB"


HANDLERS = [show, start, send, take_away]
