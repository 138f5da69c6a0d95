"""The locks of who gets coupons."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from saas.scope import connection, current
from tenants.nightly import this_night

_LOCK: Final = (
    "SELECT id FROM member WHERE tenant_id = $1 AND id = ANY ($2) AND status = 'active' ORDER BY id FOR NO KEY UPDATE"
)


@dataclass(frozen=True, slots=True)
class Locked:
    """The active ones of some members, the instant behind their locks, and its local day."""

    members: frozenset[UUID]
    recorded_at: datetime
    today: date


async def lock_active(members: Collection[UUID]) -> Locked:
    """Locks those of the members who are active, in id order, until the scope ends."""
    rows = await connection().fetch(_LOCK, current().tenant_id, sorted(members))
    now = await this_night()
    return Locked(frozenset(row["id"] for row in rows), now.now, now.today)
