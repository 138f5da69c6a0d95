"""What every night does to points: lots whose last day is over expire, and members hear of those that soon will.

Chains of short batches. A killed batch is done whole or not at all; a second run finds nothing left to do.
"""

from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.nightly import Night, skip_missed, this_night
from tenants.points.ledger import expire_lots

EXPIRE: Final = "points.expire"
EXPIRE_SCHEDULE: Final = "points-expiry"
NOTICES: Final = "points.notices"
NOTICES_SCHEDULE: Final = "points-notices"
LOTS: Final = 10_000
"""Lots a batch; whose lots these are stays locked for as long as it runs."""
TOLD: Final = 5_000
AHEAD: Final = timedelta(days=30)
"""How long before their last day members hear of it."""
_FIRST: Final = (date.min, UUID(int=0))

# What is done is found no more, so the next batch begins with the last member of this one: it may have more.
NEXT: Final = """
SELECT l.expires_on, l.member_id, l.id FROM points_lot l
 WHERE l.tenant_id = $1 AND l."left" > 0 AND l.expires_on < $2 AND (l.expires_on, l.member_id) >= ($3, $4)
 ORDER BY l.expires_on, l.member_id LIMIT $5"""
_TELL: Final = """
WITH due AS MATERIALIZED (
    SELECT l.expires_on, l.member_id, sum(l."left")::bigint AS points
      FROM points_lot l JOIN member m ON m.tenant_id = $1 AND m.id = l.member_id AND m.status = 'active'
     WHERE l.tenant_id = $1 AND l."left" > 0 AND l.expires_on BETWEEN $2 AND $3
       AND (l.expires_on, l.member_id) > ($4, $5)
       AND NOT EXISTS (SELECT FROM points_notice t WHERE t.tenant_id = $1 AND t.member_id = l.member_id
                                                     AND t.expires_on = l.expires_on)
     GROUP BY l.expires_on, l.member_id ORDER BY l.expires_on, l.member_id LIMIT $6),
made AS MATERIALIZED (SELECT uuidv7() AS id, d.* FROM due d),
told AS (
    INSERT INTO points_notice AS t (tenant_id, member_id, expires_on, event_id)
    SELECT $1, m.member_id, m.expires_on, m.id FROM made m ORDER BY m.member_id, m.expires_on
    ON CONFLICT DO NOTHING RETURNING t.event_id),
events AS (
    INSERT INTO event_new AS e (tenant_id, id, type, member_id, at, data)
    SELECT $1, m.id, 'points.expiring', m.member_id, $7,
           jsonb_build_object('points', m.points, 'expires_on', m.expires_on)
      FROM made m JOIN told t ON t.event_id = m.id)
SELECT d.expires_on, d.member_id FROM due d ORDER BY d.expires_on, d.member_id"""


async def run_expiry(payload: dict[str, Any]) -> None:
    """The job of one batch: what has expired by now leaves the balances. A night that was missed is made up for."""
    night = await _night(payload, EXPIRE_SCHEDULE)
    due = await connection().fetch(NEXT, current().tenant_id, night.today, *_after(payload), LOTS)
    if due:
        await expire_lots([(row["id"], row["member_id"]) for row in due])
    if len(due) == LOTS:
        await _go_on(EXPIRE, payload, due[-1])


async def run_notices(payload: dict[str, Any]) -> None:
    """The job of one batch: one `points.expiring` event for each member and last day that is at most 30 days away."""
    night = await _night(payload, NOTICES_SCHEDULE)
    span = (night.today, night.today + AHEAD)
    told = await connection().fetch(_TELL, current().tenant_id, *span, *_after(payload), TOLD, night.now)
    if len(told) == TOLD:
        await _go_on(NOTICES, payload, told[-1])


async def _go_on(job: str, payload: dict[str, Any], last: asyncpg.Record) -> None:
    after = [last["expires_on"].isoformat(), str(last["member_id"])]
    await enqueue(job, {**payload, "after": after}, direct=True)


async def _night(payload: dict[str, Any], schedule: str) -> Night:
    night = await this_night()
    if "after" not in payload:
        await skip_missed(schedule, night)
    return night


def _after(payload: dict[str, Any]) -> tuple[date, UUID]:
    """With which day and member the batch before ended."""
    if "after" not in payload:
        return _FIRST
    day, member_id = payload["after"]
    return date.fromisoformat(day), UUID(member_id)
