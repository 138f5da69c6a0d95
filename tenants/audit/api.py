"""`/v1/audit-log`: administrative acts, who, what, when, and in which request."""

from typing import Any
from uuid import UUID

import asyncpg
from litestar import Request, get

from saas.paging import Page, decode_cursor, page
from saas.scope import connection, current
from saas.validation import ListQuery, parse_query

_LAST = UUID(int=2**128 - 1)


@get("/v1/audit-log", opt={"requires": "admin"}, summary="Audit log, newest first")
async def list_audit(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (_LAST,)
    rows = await connection().fetch(
        "SELECT id, at, actor, action, target, detail, request_id FROM audit"
        " WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        current().tenant_id,
        before,
        query.limit + 1,
    )
    return page(rows, query.limit, _show, lambda row: (row["id"],))


def _show(row: asyncpg.Record) -> dict[str, Any]:
    return dict(row)


HANDLERS = [list_audit]
