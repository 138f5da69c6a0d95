"""`/v1/imports`."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Stream

from saas.errors import DomainError
from saas.paging import Page, decode_cursor, page
from saas.principal import Principal
from saas.problem_details import language_of
from saas.scope import CommitFailedError, tenant_scope
from saas.validation import ListQuery, parse_query
from tenants.imports.batch import import_batch
from tenants.imports.cancelling import cancel_import
from tenants.imports.contract import ImportOperation
from tenants.imports.listing import imports
from tenants.imports.show import errors_csv, show_import
from tenants.imports.start import NEEDS, Caller, start_import

__all__ = ["HANDLERS", "import_batch"]  # the worker's job is registered by importing this module


@post(
    "/v1/imports",
    opt={"scoped": False},
    status_code=202,
    request_max_body_size=None,  # the file's own limit is the setting IMPORT_MAX_BYTES, kept while it streams in
    operation_class=ImportOperation,
    summary="Import members, purchases, activities or opening balances from CSV or NDJSON (multipart: file, options)",
)
async def start(request: Request[Any, Any, Any]) -> Response[bytes]:
    tenant_id, principal = _importer(request)
    caller = Caller(
        tenant_id,
        principal,
        request.scope["state"].get("request_id"),
        request.headers.get("idempotency-key"),
    )
    try:
        accepted = await start_import(caller, request.headers.get("content-type", ""), request.stream())
    except CommitFailedError:
        raise DomainError("commit-failed", headers={"Retry-After": "1"}) from None
    headers = {"Idempotent-Replayed": "true"} if accepted.replayed else {}
    return Response(accepted.body, status_code=202, media_type="application/json", headers=headers)


@get("/v1/imports", summary="Imports and dry runs, the newest first")
async def list_imports(request: Request[Any, Any, Any]) -> Page:
    _importer(request)
    query = parse_query(ListQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    return page(await imports(before, query.limit + 1), query.limit, _listed, lambda row: (row["id"],))


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"staff", "error"}}


@post("/v1/imports/{import_id:uuid}/cancel", status_code=200, summary="Stop an import; rows that are in stay")
async def cancel(request: Request[Any, Any, Any], import_id: FromPath[UUID]) -> dict[str, Any]:
    """One that is over stays as it ended."""
    _importer(request)
    language = language_of(request.scope)
    await show_import(import_id, language)  # is it the asker's to stop?
    await cancel_import(import_id)
    return await show_import(import_id, language)


@get("/v1/imports/{import_id:uuid}", summary="An import's state and counts")
async def read(request: Request[Any, Any, Any], import_id: FromPath[UUID]) -> dict[str, Any]:
    _importer(request)
    return await show_import(import_id, language_of(request.scope))


@get(
    "/v1/imports/{import_id:uuid}/errors.csv",
    opt={"scoped": False},
    summary="An import's bad rows with line, column and reason",
)
async def read_errors(request: Request[Any, Any, Any], import_id: FromPath[UUID]) -> Stream:
    tenant_id, principal = _importer(request)
    language = language_of(request.scope)
    async with tenant_scope(tenant_id, principal=principal):
        await show_import(import_id, language)
    return Stream(
        errors_csv(tenant_id, import_id, language),
        media_type="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="import-{import_id}-errors.csv"',
            "Content-Language": language,
            "Cache-Control": "no-store",
        },
    )


def _importer(request: Request[Any, Any, Any]) -> tuple[UUID, Principal]:
    """Raises DomainError `forbidden` for a key that may import nothing, `not-permitted` for a clerk."""
    principal: Principal = request.scope["state"]["principal"]
    if principal.tenant_id is None or not any(principal.may(scope) for scope in NEEDS.values()):
        raise DomainError("forbidden", params={"scope": ", ".join(NEEDS.values())})
    if principal.role == "clerk":
        raise DomainError("not-permitted")
    return principal.tenant_id, principal


HANDLERS = [start, list_imports, cancel, read, read_errors]
