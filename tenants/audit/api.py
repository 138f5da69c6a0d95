"""`/v1/audit-log`: administrative acts, who, what, when, and in which request."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from litestar import Request, get
from pydantic import Field

from saas.field_types import AwareDatetime
from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.audit.reading import Asked, acts

_Word = Annotated[str, Field(min_length=1, max_length=200)]


class AuditQuery(ListQuery):
    """Filters, all of which must hold. `actor`: `key:<id>`, `staff:<id>` or `system`. `action`: `noun.verb`. `target`:
    `noun:<id>`. `since` and `until` (excluded): instants.
    """

    actor: _Word | None = None
    action: _Word | None = None
    target: _Word | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


@get("/v1/audit-log", opt={"requires": "admin"}, summary="Audit log, newest first")
async def list_audit(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(AuditQuery, request.query_params.multi_items())
    (before,) = decode_cursor(query.cursor, UUID) or (None,)
    actions = None if query.action is None else [query.action]
    asked = Asked(query.actor, actions, query.target, query.since, query.until)
    return page(await acts(asked, before, query.limit + 1), query.limit, _show, lambda row: (row["id"],))


def _show(row: asyncpg.Record) -> dict[str, Any]:
    return dict(row)


HANDLERS = [list_audit]
