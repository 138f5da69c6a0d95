"""Plays a move of a sandbox's clock: from one instant at which something falls due to the next, until it shows what it
was asked to show.

At each instant the schedules fire and their jobs run, with the jobs that those cause, by the very code that does it in
any chain; only then the clock goes on. What waits (a message for the morning, a job to be tried again) waits by the
sandbox's clock, too: it comes nearer with each step. So after a year's move there are 365 nights' decisions, expiries,
birthdays and letters, each of its own day.

It runs in short turns, each an errand that may end anywhere: the clock only goes forward, and what was due is still
due. A process plays for half of its threads at most, so that real chains' jobs never wait for a sandbox's year.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from saas.broker import Delivery
from saas.closed import CLOSED
from saas.db import role_pool
from saas.jobs import errand
from saas.outbox import LEASE, enqueue
from saas.running import run_job
from saas.sandbox.clock import PLAY
from saas.scheduler import fire_due
from saas.scope import clock_lock, connection, current, tenant_scope
from saas.settings import get_settings
from tenants.jobs.job import fail_job, finish_job, progress_job

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

TURN_SECONDS: Final = 5.0
"""Of one errand; far below its time limit, so that one job that takes long doesn't cut it off."""
_LIMIT: Final = timedelta(seconds=30)
"""So long a move stands still whose worker was killed, as any job does. A job that takes longer is cut off here, and
the relay's to hand out.
"""
_TURN_LATER: Final = timedelta(seconds=1)
TOLD_EVERY: Final = 1.0
_BREATH: Final = 0.05
_AT_ONCE: Final = 200

_READ: Final = """
SELECT m.from_at, m.to_at FROM clock_move m JOIN tenant t ON t.tenant_id = m.tenant_id AND t.sandbox_of IS NOT NULL
 WHERE m.tenant_id = $1 AND m.id = $2 AND m.ended_at IS NULL"""
_ADD: Final = """
UPDATE clock_move SET fired = fired + $3, ran = ran + $4, failed = failed + $5,
       ended_at = coalesce(ended_at, CASE WHEN $6 THEN clock_timestamp() END)
 WHERE tenant_id = $1 AND id = $2
RETURNING new.fired, new.ran, new.failed, new.from_at, new.to_at, old.ended_at IS NULL AS going"""
_END: Final = "UPDATE clock_move SET ended_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2 AND ended_at IS NULL"
# As `saas.running.drain`: what somebody else leases isn't waited for, whoever comes second leaves at once.
_WORK: Final = """
  FROM outbox o
 WHERE o.tenant_id = $1 AND o.dead_at IS NULL AND o.name <> $2
   AND (o.next_at <= clock_timestamp() OR o.attempts = 0 AND o.next_at <= clock_timestamp() + $3::interval)"""
_DUE: Final = f"SELECT o.tenant_id, o.id, o.attempts {_WORK} ORDER BY o.created_at, o.id LIMIT $4"
_ALONE: Final = "SELECT pg_advisory_xact_lock($1)"
# A row is locked while its job is at work.
_THROUGH: Final = """
SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.dead_at IS NULL AND o.name <> $2 AND o.next_at > clock_timestamp()
 ORDER BY o.id FOR UPDATE"""
# `going`: neither cancelled nor, in a sandbox that was made anew meanwhile, forgotten.
_NEXT: Final = f"""
SELECT clock_timestamp() + t.clock_offset AS now, t.status, EXISTS (SELECT {_WORK}) AS due,
       EXISTS (SELECT FROM clock_move m WHERE m.tenant_id = $1 AND m.id = $4 AND m.ended_at IS NULL) AS going,
       least((SELECT min(s.next_at) FROM schedule s
               WHERE s.tenant_id = $1 AND s.next_at > clock_timestamp() + t.clock_offset),
             (SELECT min(o.next_at) + t.clock_offset FROM outbox o
               WHERE o.tenant_id = $1 AND o.dead_at IS NULL AND o.name <> $2)) AS following
  FROM tenant t WHERE t.tenant_id = $1"""
_MOVE: Final = """
WITH moved AS (
    UPDATE tenant AS t SET clock_offset = $2 - clock_timestamp()
     WHERE t.tenant_id = $1 AND t.clock_offset < $2 - clock_timestamp()
    RETURNING new.clock_offset - old.clock_offset AS by)
UPDATE outbox AS o SET next_at = o.next_at - moved.by FROM moved
 WHERE o.tenant_id = $1 AND o.dead_at IS NULL AND o.name <> $3 AND o.next_at > clock_timestamp()"""


_turns: set[UUID] = set()  # the moves that are played in this process
_waiting: set[UUID] = set()  # those that found no place


@dataclass(slots=True)
class _Turn:
    """What a turn has done since it was last written down."""

    tenant_id: UUID
    id: UUID
    fired: int = 0
    ran: int = 0
    failed: int = 0
    ends: float = field(default_factory=lambda: time.monotonic() + TURN_SECONDS)
    tells: float = field(default_factory=lambda: time.monotonic() + TOLD_EVERY)

    @property
    def over(self) -> bool:
        return time.monotonic() >= self.ends


async def _give_up(payload: dict[str, Any], error: str) -> None:
    """The clock stays where it has come to."""
    await connection().execute(_END, current().tenant_id, UUID(payload["id"]))
    await fail_job(UUID(payload["id"]), error)


@errand(PLAY, on_dead=_give_up, time_limit=_LIMIT)
async def play(tenant_id: UUID, payload: dict[str, Any]) -> None:
    """One turn, and the wish for the next one; where others have this process's places, that wish alone."""
    turn = _Turn(tenant_id, UUID(payload["id"]))
    async with tenant_scope(tenant_id):
        move = await connection().fetchrow(_READ, tenant_id, turn.id)
        if move is not None and _full(turn.id):
            await enqueue(PLAY, payload, delay=_TURN_LATER)
            return
    if move is None:
        return
    _turns.add(turn.id)
    try:
        arrived = await _go_on(turn, move["to_at"])
    finally:
        _turns.discard(turn.id)
    async with tenant_scope(tenant_id):
        await _tell(turn, ended=arrived)
        if not arrived and _waiting:  # somebody comes before it
            _waiting.clear()
            await enqueue(PLAY, payload, delay=2 * _TURN_LATER)
        elif not arrived:
            await enqueue(PLAY, payload, direct=True)


def _full(move_id: UUID) -> bool:
    """Whether there is no place for a turn of this move, who then is one of those waiting."""
    _waiting.discard(move_id)
    if len(_turns - {move_id}) < max(1, get_settings().worker_threads // 2):
        return False
    _waiting.add(move_id)
    return True


async def _go_on(turn: _Turn, to: datetime) -> bool:
    """Until the time is up, or all is played: then True."""
    while not turn.over:
        if not await _settle(turn):
            return False
        now = await _step(turn, to)
        if now is None:
            return False
        if now >= to:
            return True
        if time.monotonic() >= turn.tells:
            turn.tells = time.monotonic() + TOLD_EVERY
            async with tenant_scope(turn.tenant_id):
                await _tell(turn, ended=False, at=now)
    return False


async def _step(turn: _Turn, to: datetime) -> datetime | None:
    """On to the next instant, once whoever writes there and every job is through, and unless that has led to others.
    What the clock showed before; None where the move doesn't go on.
    """
    pool = await role_pool("relay")
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(_ALONE, clock_lock(turn.tenant_id))
        await conn.execute(_THROUGH, turn.tenant_id, PLAY)
        row = await conn.fetchrow(_NEXT, turn.tenant_id, PLAY, LEASE, turn.id)
        if row is None or not row["going"] or row["status"] in CLOSED:  # held: its jobs, this too, wait until it opens
            return None
        now: datetime = row["now"]
        if now < to and not row["due"]:
            following = row["following"]
            await conn.execute(_MOVE, turn.tenant_id, to if following is None else min(following, to), PLAY)
        return now


async def _settle(turn: _Turn) -> bool:
    """Fires and runs what is due now, until nothing is. False: the time is up before."""
    pool = await role_pool("relay")
    while not turn.over:
        fired = await fire_due(turn.tenant_id)
        turn.fired += fired
        rows = await pool.fetch(_DUE, turn.tenant_id, PLAY, LEASE, _AT_ONCE)
        if not rows and not fired:
            return True
        done = 0
        for row in rows:
            outcome = await run_job(Delivery(*row))
            done += outcome != "gone"
            turn.ran += outcome == "done"
            turn.failed += outcome in {"failed", "dead"}
        if rows and not done:  # a worker is at it
            await asyncio.sleep(_BREATH)
    return False


async def _tell(turn: _Turn, *, ended: bool, at: datetime | None = None) -> None:
    """Writes down what was done, and how far the clock has come."""
    row = await connection().fetchrow(_ADD, turn.tenant_id, turn.id, turn.fired, turn.ran, turn.failed, ended)
    turn.fired = turn.ran = turn.failed = 0
    if row is None or not row["going"]:  # forgotten, or cancelled: how it ended is told
        return
    counts = {name: row[name] for name in ("fired", "ran", "failed")}
    if ended:
        await finish_job(turn.id, {**counts, "from": row["from_at"].isoformat(), "to": row["to_at"].isoformat()})
    elif at is not None:
        share = (at - row["from_at"]) / (row["to_at"] - row["from_at"])
        await progress_job(turn.id, min(max(share, 0.0), 0.9999), counts)
