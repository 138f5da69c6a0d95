"""An import as its callers see it."""

from collections.abc import AsyncIterator
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError, Language
from saas.scope import connection, current, tenant_scope
from tenants.imports.messages import message
from tenants.imports.start import may_import

_ERRORS_A_PAGE: Final = 2_000
_RUN: Final = (
    "SELECT id, kind, state, rows, imported, updated, unchanged, failed, points, errors_kept, recalculation_id, error,"
    " extract(epoch FROM coalesce(finished_at, clock_timestamp()) - started_at)::float8 AS seconds"
    " FROM import_run WHERE tenant_id = $1 AND id = $2"
)
_ERRORS: Final = (
    'SELECT line, "column", code, params, value FROM import_error'
    ' WHERE tenant_id = $1 AND import_id = $2 AND (line, "column") > ($3, $4)'
    ' ORDER BY line, "column" LIMIT $5'
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_BOM: Final = "\ufeff"


async def show_import(import_id: UUID, language: Language) -> dict[str, Any]:
    """State, counts, seconds at work so far, and why it failed. Raises DomainError `not-found`, also for one of a kind
    that the asker may not import.
    """
    row = await connection().fetchrow(_RUN, current().tenant_id, import_id)
    if row is None or not may_import(current().principal, row["kind"]):
        raise DomainError("not-found")
    recalculation_id = row["recalculation_id"]
    plain = ("kind", "state", "rows", "imported", "updated", "unchanged", "failed", "points")
    return {
        **{name: row[name] for name in plain},
        "id": str(row["id"]),
        "errors_kept": row["errors_kept"],
        "seconds": None if row["seconds"] is None else round(row["seconds"], 3),
        "recalculation_id": None if recalculation_id is None else str(recalculation_id),
        "error": None if row["error"] is None else _shown(row["error"], language),
    }


def _shown(error: dict[str, Any], language: Language) -> dict[str, Any]:
    return {
        "code": error["code"],
        "message": message(error["code"], {}, language),
        "errors": [
            {"column": e["column"], "code": e["code"], "message": message(e["code"], e["params"], language)}
            for e in error["errors"]
        ],
    }


async def errors_csv(tenant_id: UUID, import_id: UUID, language: Language) -> AsyncIterator[bytes]:
    """The import's errors in the file's order. A page is read in a short scope of its own, since the answer may
    take its reader longer than a transaction should last.
    """
    yield _line(_BOM + "line", "column", "code", "message", "value")
    after: tuple[int, str] = (-1, "")
    while True:
        async with tenant_scope(tenant_id):
            rows = await connection().fetch(_ERRORS, tenant_id, import_id, *after, _ERRORS_A_PAGE)
        if rows:
            yield b"".join(
                _line(str(r["line"]), r["column"], r["code"], message(r["code"], r["params"], language), r["value"])
                for r in rows
            )
        if len(rows) < _ERRORS_A_PAGE:
            return
        after = (rows[-1]["line"], rows[-1]["column"])


def _line(*cells: str | None) -> bytes:
    return (",".join(_cell(cell or "") for cell in cells) + "\r\n").encode("utf-8", "replace")


def _cell(text: str) -> str:
    """A cell that a spreadsheet shows and never runs."""
    safe = f"'{text}" if text.startswith(_FORMULA) else text
    if any(c in safe for c in ',"\r\n'):
        return '"' + safe.replace('"', '""') + '"'
    return safe
