"""Whom a member brought."""

from datetime import date, datetime
from typing import Any, Final, TypedDict, cast
from uuid import UUID

import asyncpg

from saas.scope import connection, current


class ReferralOut(TypedDict):
    """`counted_on`: the local day on which the brought member counts, that of its first purchase; null while it has
    none. `counted_at`: when that was last settled.
    """

    member_id: UUID
    name: str | None
    joined_on: date
    counted_on: date | None
    counted_at: datetime | None


# A record that was merged into another is that other one; nobody has brought itself.
BROUGHT: Final = """
SELECT m.id AS member_id, m.name, m.joined_on, r.counted_on, r.recorded_at AS counted_at
  FROM member m LEFT JOIN referral r ON r.tenant_id = m.tenant_id AND r.member_id = m.id
 WHERE m.tenant_id = $1 AND m.referrer_id = ANY ($2) AND m.status <> 'merged' AND m.id <> ALL ($2)
   AND ($3::uuid IS NULL OR m.id < $3)
 ORDER BY m.id DESC LIMIT $4"""


async def brought_by(members: list[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """Whom this member (under all its ids) brought, the last enrolled first, one more than `limit` where there are
    more.
    """
    return await connection().fetch(BROUGHT, current().tenant_id, members, before, limit + 1)


def referral_out(row: asyncpg.Record) -> ReferralOut:
    found: dict[str, Any] = dict(row)
    return cast("ReferralOut", found)
