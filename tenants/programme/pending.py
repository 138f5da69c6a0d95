"""A publish that waits for its time: a copy of the draft with what was said about it, one a tenant. Until then it can
be cancelled; the draft stays the editor's.

At its instant, on the tenant's clock, it goes before the schedules of that instant and behind those that were due
earlier, also where all of them come late; it waits while a run is under way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from saas.errors import DomainError
from saas.outbox import enqueue
from saas.scheduler import advances, drop_schedule, put_schedule
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.programme.document import Programme
from tenants.programme.health import refuse_told_health
from tenants.programme.published import Transition
from tenants.programme.transitions import Coming, bring_in, in_force, refuse_holders
from tenants.programme.waiting import WAIT

JOB: Final = "programme.publish"
SCHEDULE: Final = "programme-publish"
_KIND: Final = "once"
_NEVER: Final = timedelta(days=36_500)

_CLOCK: Final = "SELECT clock_timestamp() + clock_offset FROM tenant WHERE tenant_id = $1"
_KEEP: Final = """
INSERT INTO programme_pending AS p (tenant_id, document, transition, holders, note, at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id) DO UPDATE SET document = excluded.document,
       transition = excluded.transition, holders = excluded.holders, note = excluded.note, at = excluded.at,
       created_by = excluded.created_by, created_at = excluded.created_at, failed = NULL
 WHERE p.failed IS NOT NULL RETURNING p.*"""
_PENDING: Final = "SELECT * FROM programme_pending WHERE tenant_id = $1"
_WAITS: Final = "SELECT EXISTS (SELECT FROM programme_pending WHERE tenant_id = $1 AND failed IS NULL)"
_DROP: Final = "DELETE FROM programme_pending WHERE tenant_id = $1 RETURNING at"
_FAIL: Final = "UPDATE programme_pending SET failed = $2 WHERE tenant_id = $1"
# Schedules of the ladders that were due before it, and what these have queued; a run of theirs is looked for elsewhere.
_EARLIER: Final = """
SELECT EXISTS (SELECT FROM schedule WHERE tenant_id = $1 AND name = 'tiers' AND next_at < $2)
    OR EXISTS (SELECT FROM outbox WHERE tenant_id = $1 AND dead_at IS NULL AND payload ->> 'schedule' = 'tiers'
                                    AND (payload ->> 'due_at')::timestamptz < $2)"""


@dataclass(frozen=True, slots=True)
class Pending:
    """`failed`: the code of the problem that kept it from being published when its time had come."""

    at: datetime
    transition: Transition
    note: str | None
    holders: Mapping[str, Any]
    created_by: str
    failed: str | None


@advances(_KIND)
def _once(spec: dict[str, Any], after: datetime) -> datetime:  # noqa: ARG001 - its job takes the schedule away
    return after + _NEVER


async def keep_pending(old: Programme, rules: Programme, coming: Coming, at: datetime) -> Pending:
    """Keeps `rules` until `at`; in the place of one that failed.

    Raises DomainError `publish-not-ahead`, `publish-pending`, and what speaks against publishing them now.
    """
    now = await connection().fetchval(_CLOCK, current().tenant_id)
    if at <= now:
        raise DomainError("publish-not-ahead", params={"at": at})
    await refuse_holders(old, rules, coming)
    row = await connection().fetchrow(
        _KEEP,
        current().tenant_id,
        rules.dump(),
        coming.transition,
        {ladder: None if codes is None else dict(codes) for ladder, codes in coming.holders.items()},
        coming.note,
        at,
        coming.actor,
    )
    if row is None:
        raise DomainError("publish-pending")
    await put_schedule(SCHEDULE, {"job": JOB, "kind": _KIND}, at)
    await record("programme.publish_at", "programme:pending", {"at": at.isoformat(), "transition": coming.transition})
    return _pending(row)


async def pending() -> Pending | None:
    """The publish that waits."""
    row = await connection().fetchrow(_PENDING, current().tenant_id)
    return None if row is None else _pending(row)


async def refuse_waiting() -> None:
    """What waits was written with the rules of now in mind: whoever changes these first says what becomes of it. Raises
    DomainError `publish-pending`.
    """
    if await connection().fetchval(_WAITS, current().tenant_id):
        raise DomainError("publish-pending")


async def cancel_pending() -> None:
    """Takes back what waits. Raises DomainError `not-found` where nothing does."""
    at = await connection().fetchval(_DROP, current().tenant_id)
    if at is None:
        raise DomainError("not-found")
    await drop_schedule(SCHEDULE)
    await record("programme.publish_cancelled", "programme:pending", {"at": at.isoformat()})


async def publish_pending(payload: dict[str, Any]) -> None:
    """The job: publishes what waits for this instant. Nothing where it was cancelled or put off."""
    due_at = datetime.fromisoformat(payload["due_at"])
    try:
        old, timezone = await in_force()
    except DomainError as refused:
        if refused.code != "recalculation-running":
            raise
        await enqueue(JOB, payload, delay=WAIT)
        return
    row = await connection().fetchrow(_PENDING, current().tenant_id)
    if row is None or row["at"] != due_at or row["failed"] is not None:
        return
    if await connection().fetchval(_EARLIER, current().tenant_id, due_at):
        await enqueue(JOB, payload, delay=WAIT)
        return
    await drop_schedule(SCHEDULE)
    coming = Coming(row["transition"], row["holders"], row["note"], row["created_by"], at=due_at)
    rules = Programme.parse(row["document"])
    try:
        await refuse_told_health(rules)
        made, run_id = await bring_in(old, rules, coming, timezone)
    except DomainError as refused:  # nothing was written yet: since it was kept, members hold what it doesn't know
        await _failed(row, refused.code)
        return
    await connection().execute(_DROP, current().tenant_id)
    detail = {"transition": row["transition"], "at": due_at.isoformat()}
    if run_id is not None:
        detail["job"] = str(run_id)
    await record("programme.publish", f"programme:{made.version}", detail, actor=row["created_by"])


async def give_up(payload: dict[str, Any], error: str) -> None:  # noqa: ARG001 - the dead letter keeps it
    """A publish whose job is a dead letter has failed: the schedules of its instant wait for it no longer."""
    row = await connection().fetchrow(_PENDING, current().tenant_id)
    if row is not None and row["at"] == datetime.fromisoformat(payload["due_at"]) and row["failed"] is None:
        await drop_schedule(SCHEDULE)
        await _failed(row, "internal")


async def _failed(row: asyncpg.Record, problem: str) -> None:
    await connection().execute(_FAIL, current().tenant_id, problem)
    detail = {"at": row["at"].isoformat(), "problem": problem}
    await record("programme.publish_failed", "programme:pending", detail, actor=row["created_by"])


def _pending(row: asyncpg.Record) -> Pending:
    return Pending(row["at"], row["transition"], row["note"], row["holders"], row["created_by"], row["failed"])
