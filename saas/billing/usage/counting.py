"""Counts the active members of a period, into `usage_member`: who, by which fact first, when.

A run looks only at what was written since the last one. Ids of facts grow with our own clock (UUIDv7), so their
primary keys find these rows and no writer pays for an index of ours. Run twice it writes once; run beside another it
waits. Kept as domain.md says: what was undone drops out, of merged records the survivor counts, erased members stay.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from saas.billing.usage.facts import ALL, OF_MEMBERS, SINCE, UNDONE
from saas.billing.usage.periods import Period
from saas.scope import connection, current

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

SLACK: Final = timedelta(hours=1)
"""How long before its commit a fact's id may have been made: the longest job takes minutes."""

# Where the last count before this period ended, none of its facts can have been written before.
_OPEN: Final = """
INSERT INTO usage_period AS p (tenant_id, period_start, period_end, billed, plan, revision, facts_from)
SELECT $1, $2, $3, $4, t.plan, t.plan_revision,
       (SELECT max(o.seen_to) FROM usage_period o WHERE o.tenant_id = $1 AND o.seen_at <= $2)
  FROM tenant t WHERE t.tenant_id = $1
ON CONFLICT (tenant_id, period_start) DO UPDATE
   SET period_end = excluded.period_end, billed = p.billed OR excluded.billed
RETURNING p.facts_from, p.seen_to, coalesce(old.period_end, p.period_end) AS period_end"""
# A night looks at a night, a first count at everything: a plan for both would be one for everything.
_PLANNED_FOR_ITS_VALUES: Final = "SET LOCAL plan_cache_mode = force_custom_plan"
_CLOCKS: Final = """
SELECT c.now, c.now + t.clock_offset AS tenants
  FROM tenant t CROSS JOIN (SELECT clock_timestamp() AS now) c WHERE t.tenant_id = $1"""
_WRITE: Final = """
INSERT INTO usage_member AS u (tenant_id, period_start, member_id, kind, source_id, at)
SELECT $1, $2, n.member_id, n.kind, n.source_id, n.at
  FROM ({first}) n
  LEFT JOIN usage_member o ON o.tenant_id = $1 AND o.period_start = $2 AND o.member_id = n.member_id
 WHERE o.member_id IS NULL OR (n.at, n.source_id) < (o.at, o.source_id)
 ORDER BY n.member_id
ON CONFLICT (tenant_id, period_start, member_id) DO UPDATE
   SET kind = excluded.kind, source_id = excluded.source_id, at = excluded.at"""
_NEW: Final = _WRITE.format(
    first=f"SELECT DISTINCT ON (f.member_id) f.* FROM ({SINCE}) f ORDER BY f.member_id, f.at, f.source_id"
)
_ANEW: Final = _WRITE.format(
    first=f"""
SELECT DISTINCT ON (m.holder_id) m.holder_id AS member_id, f.kind, f.source_id, f.at
  FROM ({OF_MEMBERS}) f
  JOIN (SELECT id, coalesce(merged_into, id) AS holder_id FROM member WHERE tenant_id = $1 AND id = ANY ($4)) m
    ON m.id = f.member_id
 ORDER BY m.holder_id, f.at, f.source_id"""
)
_DROP_UNDONE: Final = f"""
DELETE FROM usage_member AS u
 USING ({UNDONE}) x JOIN member m ON m.tenant_id = $1 AND m.id = x.member_id
 WHERE u.tenant_id = $1 AND u.period_start = $2 AND u.source_id = x.source_id
   AND u.member_id = ANY (ARRAY[m.id, m.merged_into])
RETURNING u.member_id"""
_DROP_MERGED: Final = """
DELETE FROM usage_member AS u USING member m
 WHERE m.tenant_id = $1 AND m.merged_into IS NOT NULL
   AND u.tenant_id = $1 AND u.period_start = $2 AND u.member_id = m.id
RETURNING m.merged_into AS member_id"""
_DROP_BEHIND: Final = "DELETE FROM usage_member AS u WHERE u.tenant_id = $1 AND u.period_start = $2 AND u.at >= $3"
_DROP_ALL: Final = "DELETE FROM usage_member AS u WHERE u.tenant_id = $1 AND u.period_start = $2"
_UNKNOWN: Final = """
UPDATE usage_period AS p SET facts_from = NULL, seen_to = NULL, seen_at = NULL
 WHERE p.tenant_id = $1 AND p.period_start = $2"""
_ONE_PERSON: Final = """
SELECT m.id FROM member m WHERE m.tenant_id = $1 AND (m.id = ANY ($2) OR m.merged_into = ANY ($2))"""
_KEEP: Final = """
UPDATE usage_period AS p
   SET members = n.members, counted_at = $4,
       seen_to = CASE WHEN n.runs THEN $3 ELSE p.seen_to END, seen_at = CASE WHEN n.runs THEN $4 ELSE p.seen_at END,
       plan = CASE WHEN n.runs THEN t.plan ELSE p.plan END,
       revision = CASE WHEN n.runs THEN t.plan_revision ELSE p.revision END
  FROM tenant t, (SELECT count(*) AS members, $4::timestamptz < $5::timestamptz AS runs FROM usage_member u
                   WHERE u.tenant_id = $1 AND u.period_start = $2) n
 WHERE t.tenant_id = $1 AND p.tenant_id = $1 AND p.period_start = $2 RETURNING p.members"""
PLAIN: Final = f"""
SELECT count(DISTINCT coalesce(m.merged_into, m.id))
  FROM (SELECT DISTINCT f.member_id FROM ({ALL}) f) d
  JOIN member m ON m.tenant_id = $1 AND m.id = d.member_id"""
_FORGET: Final = """
DELETE FROM usage_member AS u WHERE u.tenant_id = $1 AND u.period_start IN (
    SELECT p.period_start FROM usage_period p WHERE p.tenant_id = $1 AND p.period_end < $2)"""
KEPT: Final = timedelta(days=100)
"""How long it stays known who was counted, behind the period's end; how many stays for ever."""


@dataclass(frozen=True, slots=True)
class _Run:
    """`since`: facts with ids before it were seen; `facts_from`: before it there are none."""

    period: Period
    since: UUID
    facts_from: UUID

    @property
    def key(self) -> tuple[UUID, datetime]:
        return current().tenant_id, self.period.start

    @property
    def span(self) -> tuple[UUID, datetime, datetime]:
        return current().tenant_id, self.period.start, self.period.end


async def count(period: Period) -> int:
    """Counts what is new, in the current scope; how many members were active in the period so far."""
    await connection().execute(_PLANNED_FOR_ITS_VALUES)
    clocks: Any = await connection().fetchrow(_CLOCKS, current().tenant_id)
    run = await _begin(period)
    stale = await _members(_DROP_UNDONE, *run.key, run.since, run.facts_from)
    await connection().execute(_NEW, *run.span, run.since)
    stale += await _members(_DROP_MERGED, *run.key)
    if stale:
        people = await connection().fetch(_ONE_PERSON, current().tenant_id, stale)
        await connection().execute(_ANEW, *run.span, [row["id"] for row in people])
    return await _keep(run, clocks)


async def prove(period: Period) -> int:
    """The same, and the whole period counted again in one plain statement: before it is billed. Where they differ, all
    of it is written anew.
    """
    kept = await count(period)
    plain: int = await connection().fetchval(PLAIN, current().tenant_id, period.start, period.end)
    if kept == plain:
        return kept
    log.error("active members miscounted", period_start=period.start.isoformat(), kept=kept, plain=plain)
    key = current().tenant_id, period.start
    await connection().execute(_DROP_ALL, *key)
    await connection().execute(_UNKNOWN, *key)
    return await count(period)


async def forget(now: datetime) -> None:
    """Takes away who was counted in periods that nobody asks about any more. `now`: the tenant's."""
    await connection().execute(_FORGET, current().tenant_id, now - KEPT)


async def _begin(period: Period) -> _Run:
    """Locks the period's row: counts of one period come one after the other."""
    row: Any = await connection().fetchrow(_OPEN, current().tenant_id, period.start, period.end, period.billed)
    facts_from = first_id(row["facts_from"])
    if row["period_end"] != period.end:
        await connection().execute(_DROP_BEHIND, *(current().tenant_id, period.start, period.end))
        return _Run(period, facts_from, facts_from)
    return _Run(period, max(first_id(row["seen_to"]), facts_from), facts_from)


async def _keep(run: _Run, clocks: Any) -> int:
    members: int = await connection().fetchval(_KEEP, *run.key, clocks["now"], clocks["tenants"], run.period.end)
    return members


async def _members(statement: str, *values: Any) -> list[UUID]:
    return [row["member_id"] for row in await connection().fetch(statement, *values)]


_BEGINNING: Final = UUID(int=0)
_TIME_BITS: Final = 80
"""Those behind the 48 bits of a UUIDv7 that are its time (RFC 9562, 5.7), in milliseconds."""


def first_id(instant: datetime | None) -> UUID:
    """Before every id that was made `SLACK` before `instant` or later; None: before every one."""
    if instant is None:
        return _BEGINNING
    return UUID(int=int((instant - SLACK).timestamp() * 1000) << _TIME_BITS)
