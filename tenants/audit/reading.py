"""The audit log as it is asked for: by who, what, whom it was about, and when. Each by an index of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current

_LAST: Final = UUID(int=2**128 - 1)
_COLUMNS: Final = "id, at, actor, action, target, detail, request_id"
_BOUNDS: Final = "a.tenant_id = $1 AND a.id < $2 AND a.id >= $3"
_ALL: Final = f"SELECT {_COLUMNS} FROM audit AS a WHERE {_BOUNDS} ORDER BY a.id DESC LIMIT $4"
_BY_WHO: Final = (
    f"SELECT {_COLUMNS} FROM audit AS a WHERE {_BOUNDS} AND a.actor = $5"
    " AND ($6::text[] IS NULL OR a.action = ANY ($6)) AND ($7::text IS NULL OR a.target = $7)"
    " ORDER BY a.id DESC LIMIT $4"
)
_ABOUT: Final = (
    f"SELECT {_COLUMNS} FROM audit AS a WHERE {_BOUNDS} AND a.target = $5"
    " AND ($6::text[] IS NULL OR a.action = ANY ($6)) ORDER BY a.id DESC LIMIT $4"
)
# Each act's newest by its index, then the newest of these.
_WHAT: Final = (
    f"SELECT f.* FROM unnest($5::text[]) AS w (action) CROSS JOIN LATERAL (SELECT {_COLUMNS} FROM audit AS a"
    f" WHERE {_BOUNDS} AND a.action = w.action ORDER BY a.id DESC LIMIT $4) AS f ORDER BY f.id DESC LIMIT $4"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What to look for; None is anything. `since` and `until` are instants of our clock, the second excluded."""

    actor: str | None = None
    actions: Sequence[str] | None = None
    target: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def acts(asked: Asked, before: UUID | None, count: int) -> list[asyncpg.Record]:
    """Up to `count` acts behind `before`, the newest first."""
    last = min(before or _LAST, _LAST if asked.until is None else _first_of(asked.until))
    bounds = (current().tenant_id, last, UUID(int=0) if asked.since is None else _first_of(asked.since), count)
    what = None if asked.actions is None else list(asked.actions)
    if asked.actor is not None:
        return await connection().fetch(_BY_WHO, *bounds, asked.actor, what, asked.target)
    if asked.target is not None:
        return await connection().fetch(_ABOUT, *bounds, asked.target, what)
    if what is not None:
        return await connection().fetch(_WHAT, *bounds, what)
    return await connection().fetch(_ALL, *bounds)


def _first_of(at: datetime) -> UUID:
    """Below every id that was made at this instant: the first 48 bits of a UUIDv7 are its milliseconds."""
    return UUID(int=max(0, int(at.timestamp() * 1000)) << 80)
