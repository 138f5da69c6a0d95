"""Activities as they were recorded."""

from typing import Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.activities.record import Recorded, recorded

_COLUMNS: Final = (
    "id, member_id, branch_id, seq, kind, external_id, occurred_at, recorded_at, local_day, value, data,"
    " programme_version"
)
OF_MEMBER: Final = (
    f"SELECT {_COLUMNS} FROM activity WHERE tenant_id = $1 AND member_id = ANY ($2)"
    " AND ($3::uuid IS NULL OR id < $3) AND ($4::text IS NULL OR kind = $4) ORDER BY id DESC LIMIT $5"
)


async def activities_of_member(
    members: list[UUID], kind: str | None, limit: int, before: UUID | None
) -> list[asyncpg.Record]:
    """What a member (under all its ids) did, the last recorded first, one more than `limit` where there are more."""
    return await connection().fetch(OF_MEMBER, current().tenant_id, members, before, kind, limit + 1)


async def activity(activity_id: UUID) -> Recorded:
    """One activity with the tiers that it decided. Raises DomainError `not-found`."""
    row = await connection().fetchrow(
        f"SELECT {_COLUMNS} FROM activity WHERE tenant_id = $1 AND id = $2", current().tenant_id, activity_id
    )
    if row is None:
        raise DomainError("not-found")
    return await recorded(row)
