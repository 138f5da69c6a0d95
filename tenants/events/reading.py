"""Reading the feed: a tenant's events in the order of their positions."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError, FieldError
from saas.scope import connection, current

_COLUMNS: Final = "e.position, e.id, e.type, e.at, e.member_id, e.data"
# The first of a type are found as fast as the first of all: each type has its own order.
_OF_TYPES: Final = f"""
SELECT {_COLUMNS} FROM unnest($4::text[]) AS t (type) CROSS JOIN LATERAL (
    SELECT * FROM event o WHERE o.tenant_id = $1 AND o.type = t.type AND o.position > $2
     ORDER BY o.position LIMIT $3) e
 ORDER BY e.position LIMIT $3"""
_ALL: Final = f"SELECT {_COLUMNS} FROM event e WHERE e.tenant_id = $1 AND e.position > $2 ORDER BY e.position LIMIT $3"
_ONE: Final = f"SELECT {_COLUMNS} FROM event e WHERE e.tenant_id = $1 AND e.id = $2"
_ENDS: Final = """
SELECT coalesce((SELECT c.position FROM event_counter c WHERE c.tenant_id = $1), 0) AS newest,
       (SELECT e.position FROM event e WHERE e.tenant_id = $1 ORDER BY e.position LIMIT 1) AS oldest"""


async def events_after(position: int, types: Sequence[str], limit: int) -> list[asyncpg.Record]:
    """Up to `limit` events behind a position, of these types (none named: of all)."""
    if types:
        return await connection().fetch(_OF_TYPES, current().tenant_id, position, limit, list(types))
    return await connection().fetch(_ALL, current().tenant_id, position, limit)


async def newest(after: int | None) -> int:
    """The last position that was given. Raises DomainError `events-gone` where what comes next behind `after` isn't
    kept any more, and `validation-failed` at `/after` for a position that was never given.
    """
    row: Any = await connection().fetchrow(_ENDS, current().tenant_id)
    last: int = row["newest"]
    if after is None:
        return last
    if after > last:
        raise DomainError("validation-failed", errors=[FieldError("/after", "unknown-position", {"newest": last})])
    oldest = last + 1 if row["oldest"] is None else row["oldest"]
    if 0 < after < oldest - 1:
        raise DomainError("events-gone", params={"oldest": oldest})
    return last


async def event(event_id: UUID) -> asyncpg.Record:
    """Raises DomainError `not-found`, also as long as it has no position yet."""
    row = await connection().fetchrow(_ONE, current().tenant_id, event_id)
    if row is None:
        raise DomainError("not-found")
    return row


def shown(row: asyncpg.Record) -> dict[str, Any]:
    """An event as JSON data: in the feed, and in what a webhook sends."""
    return {
        "id": row["id"],
        "position": row["position"],
        "type": row["type"],
        "occurred_at": row["at"],
        "member_id": row["member_id"],
        "data": row["data"],
    }
