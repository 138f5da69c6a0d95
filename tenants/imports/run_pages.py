"""`/imports/{id}`: a check or an import while it runs and when it is over: counts, what is wrong, what to do next."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from saas.errors import DomainError, Language
from saas.pages import reader_of, render_page, see_other
from saas.paging import decode_cursor, encode_cursor
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope
from tenants.frame import frame
from tenants.imports.cancelling import cancel_import
from tenants.imports.failures import failed_rows
from tenants.imports.fields import KIND_NAMES
from tenants.imports.messages import message
from tenants.imports.pages import HOME
from tenants.imports.show import show_import
from tenants.imports.uploads import begin, kept_of_run

ONE: Final = f"{HOME}/{{import_id:uuid}}"
_ERRORS: Final = 50
_RUN: Final = (
    "SELECT r.options, r.actor, j.created_at, j.progress::float8 AS progress, s.name AS staff"
    "  FROM import_run AS r JOIN job AS j ON j.tenant_id = r.tenant_id AND j.id = r.id"
    "  LEFT JOIN staff AS s ON s.tenant_id = r.tenant_id AND r.actor = 'staff:' || s.id"
    " WHERE r.tenant_id = $1 AND r.id = $2"
)
_WRONG: Final = (
    'SELECT line, "column", code, params, value FROM import_error'
    ' WHERE tenant_id = $1 AND import_id = $2 AND (line, "column") > ($3, $4) ORDER BY line, "column" LIMIT $5'
)
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "members:write"}
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@get(ONE, opt=_PAGE, include_in_schema=False)
async def run(request: _Request, import_id: FromPath[UUID]) -> _Answer:
    """`cursor`: the page of errors. htmx gets the part that changes, without a history of its own."""
    context = await _run(request, import_id)
    if request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request"):
        return render_page(request, "imports/_run.html", context)
    return render_page(request, "imports/run.html", {"frame": await frame(), **context})


@post(f"{ONE}/cancel", opt=_PAGE, include_in_schema=False)
async def cancel(request: _Request, import_id: FromPath[UUID]) -> _Answer:
    """Rows that are in stay in."""
    await show_import(import_id, reader_of(request).language)
    await cancel_import(import_id)
    return see_other(f"{HOME}/{import_id}")


@post(f"{ONE}/go", opt=_PAGE, include_in_schema=False)
async def go(request: _Request, import_id: FromPath[UUID]) -> _Answer:
    """From a check to the import of what was checked."""
    await show_import(import_id, reader_of(request).language)
    upload = await kept_of_run(import_id)
    if upload is None or upload.check_id != import_id:
        return see_other(f"{HOME}?done=gone")
    return see_other(f"{HOME}/{await begin(upload.id, check=False)}")


@get(f"{ONE}/failed.csv", opt={**_PAGE, "scoped": False}, include_in_schema=False)
async def failed(request: _Request, import_id: FromPath[UUID]) -> Stream:
    """The refused rows with their reasons, while the file is there."""
    principal: Principal = request.scope["state"]["principal"]
    tenant_id, speaks = principal.tenant_id, reader_of(request).tongue
    if tenant_id is None:
        raise DomainError("not-found")
    async with tenant_scope(tenant_id, principal=principal):
        await show_import(import_id, speaks.language)
        upload = await kept_of_run(import_id)
    if upload is None:
        raise DomainError("not-found")
    return Stream(
        await failed_rows(tenant_id, import_id, upload, speaks),
        media_type="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="import-{import_id}-failed.csv"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _run(request: _Request, import_id: UUID) -> dict[str, Any]:
    reader = reader_of(request)
    found = await show_import(import_id, reader.language)
    row: Any = await connection().fetchrow(_RUN, current().tenant_id, import_id)
    upload = await kept_of_run(import_id)
    going = found["state"] in {"queued", "running"}
    return {
        "run": found,
        "id": import_id,
        "about": row,
        "kind_name": KIND_NAMES[found["kind"]],
        "going": going,
        "check": row["options"]["dry_run"],
        "percent": int(row["progress"] * 100),
        "upload": upload,
        "latest": upload is not None and upload.check_id == import_id,
        "imported_as": upload.import_id if upload and upload.import_id != import_id else None,
        **await _errors(import_id, request.query_params.get("cursor"), reader.language),
    }


async def _errors(import_id: UUID, cursor: str | None, language: Language) -> dict[str, Any]:
    place = decode_cursor(cursor, int, str)
    line, column = place or (-1, "")
    rows = await connection().fetch(_WRONG, current().tenant_id, import_id, line, column, _ERRORS + 1)
    shown = rows[:_ERRORS]
    more = encode_cursor(shown[-1]["line"], shown[-1]["column"]) if len(rows) > _ERRORS else None
    return {
        "errors": [
            (row["line"], row["column"], row["value"] or "", message(row["code"], row["params"], language))
            for row in shown
        ],
        "first": f"{HOME}/{import_id}" if place else None,
        "following": f"{HOME}/{import_id}?cursor={more}" if more else None,
    }


HANDLERS = [run, cancel, go, failed]
