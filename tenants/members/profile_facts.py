"""Changes of a profile that are facts: with the member's number, the instant, and what held before."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current

LOGGED: Final = ("joined_on", "referrer_id", "phone")
"""The first two are read by rules; of the phone the history is kept."""

_WRITE: Final = (
    "INSERT INTO profile_change AS c (tenant_id, member_id, seq, field, before, after, recorded_at, actor)"
    " SELECT $1, $2, $3, n.field, n.before, n.after, $7, $8"
    " FROM unnest($4::text[], $5::jsonb[], $6::jsonb[]) AS n (field, before, after)"
)
_LIST: Final = (
    "SELECT id, field, before, after, recorded_at, actor FROM profile_change"
    " WHERE tenant_id = $1 AND member_id = ANY($2::uuid[]) AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4"
)


async def log_changes(
    member_id: UUID, seq: int, before: asyncpg.Record, after: Mapping[str, Any], recorded_at: datetime
) -> None:
    """Keeps what differs of the logged fields, all under the member's number `seq`."""
    fields = [field for field in LOGGED if after[field] != before[field]]
    if fields:
        await connection().execute(
            _WRITE,
            current().tenant_id,
            member_id,
            seq,
            fields,
            [_json(before[field]) for field in fields],
            [_json(after[field]) for field in fields],
            recorded_at,
            current().principal.actor,
        )


async def changes_of(members: list[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """The logged changes of these members' profiles, the newest first, one more than `limit` where there are more."""
    return await connection().fetch(_LIST, current().tenant_id, members, before, limit + 1)


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, date | UUID) else value
