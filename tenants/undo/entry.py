"""Who may take which entry back: the one who made it, within 15 minutes, as long as it is the last one there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from saas.closed import CLOSED
from saas.errors import DomainError
from saas.scope import connection, current
from tenants.tiers.undoing import decided_by

WITHIN: Final = timedelta(minutes=15)

# Entries of one clerk are those of one actor (a key may be a till's) with one `sold_by`. What was undone is no entry.
# The day's end bounds the look for a planner that doesn't know the instant: it would read the whole table.
_LATER: Final = """
SELECT EXISTS (
    SELECT FROM purchase p WHERE p.tenant_id = $1 AND p.branch_id = $2 AND (p.recorded_at, p.id) > ($3, $4)
       AND p.recorded_at >= $3 AND p.recorded_at < $3::timestamptz + interval '1 day'
       AND p.actor = $5 AND p.sold_by IS NOT DISTINCT FROM $6 AND p.source = 'api'
       AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id))
    OR EXISTS (
    SELECT FROM top_up t WHERE t.tenant_id = $1 AND t.branch_id = $2 AND (t.recorded_at, t.id) > ($3, $4)
       AND t.recorded_at >= $3 AND t.recorded_at < $3::timestamptz + interval '1 day'
       AND t.actor = $5 AND t.sold_by IS NOT DISTINCT FROM $6
       AND NOT EXISTS (SELECT FROM top_up_undone u WHERE u.tenant_id = $1 AND u.top_up_id = t.id))"""
_LATER_OF_MEMBER: Final = """
SELECT EXISTS (
    SELECT FROM purchase p WHERE p.tenant_id = $1 AND p.member_id = $2 AND p.id > $3
       AND NOT EXISTS (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id))
    OR EXISTS (
    SELECT FROM top_up t WHERE t.tenant_id = $1 AND t.member_id = $2 AND t.id > $3
       AND NOT EXISTS (SELECT FROM top_up_undone u WHERE u.tenant_id = $1 AND u.top_up_id = t.id))
    OR EXISTS (SELECT FROM activity a WHERE a.tenant_id = $1 AND a.member_id = $2 AND a.id > $3)"""
# The lot of points that the entry gave has its own entry's id. What debt took of it was never there to be spent.
_POINTS_SPENT: Final = """
SELECT EXISTS (
    SELECT FROM points_entry e JOIN points_take t ON t.tenant_id = $1 AND t.lot_id = e.id
     WHERE e.tenant_id = $1 AND e.kind = $2 AND e.source_id = $3
     GROUP BY e.id HAVING sum(t.points) <> 0)"""
_TENANT: Final = "SELECT status, timezone FROM tenant WHERE tenant_id = $1"


@dataclass(frozen=True, slots=True)
class Entry:
    """What was recorded at a till. `member_id` as it was recorded, None for a 散客."""

    id: UUID
    member_id: UUID | None
    branch_id: UUID
    actor: str
    sold_by: str | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Tenant:
    """The time zone in force."""

    timezone: str


async def open_tenant() -> Tenant:
    """Raises DomainError `tenant-closed`."""
    row = await connection().fetchrow(_TENANT, current().tenant_id)
    if row is None or row["status"] in CLOSED:
        raise DomainError("tenant-closed")
    return Tenant(row["timezone"])


async def require_own_last(entry: Entry, now: datetime, sold_by: str | None) -> None:
    """Raises DomainError `undo-not-yours`, `undo-too-late`, `undo-not-last`."""
    if entry.actor != current().principal.actor or sold_by not in (None, entry.sold_by):
        raise DomainError("undo-not-yours")
    if now - entry.recorded_at > WITHIN:
        raise DomainError("undo-too-late", params={"minutes": WITHIN // timedelta(minutes=1)})
    key = (entry.branch_id, entry.recorded_at, entry.id, entry.actor, entry.sold_by)
    if await connection().fetchval(_LATER, current().tenant_id, *key):
        raise DomainError("undo-not-last")


async def require_unused(entry: Entry, holder_id: UUID, accrued: str) -> None:
    """That no later entry stands on what this one gave to its member: points (`accrued`: their kind), or a tier.

    The caller holds the member's lock. Raises DomainError `undo-used`; also where the member was merged since.
    """
    tenant_id = current().tenant_id
    used = entry.member_id != holder_id
    used = used or await connection().fetchval(_POINTS_SPENT, tenant_id, accrued, entry.id)
    if not used and await decided_by(holder_id, entry.id):
        used = await connection().fetchval(_LATER_OF_MEMBER, tenant_id, holder_id, entry.id)
    if used:
        raise DomainError("undo-used")
