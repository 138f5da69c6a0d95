"""Recalculation: every member (or those with new facts) evaluated as of one instant, in locked batches.

A run is a chain of short jobs, one transaction each: lock the batch's members in id order, read the clock,
evaluate and write with one statement. Runs of a tenant go one after the other: a later instant decided
before an earlier one would make the earlier one's decisions wrong. A batch counts as the schedule firing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from uuid_utils.compat import uuid7

from saas.errors import DomainError
from saas.ids import first_id_since
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.jobs.job import fail_job, finish_job, new_job, progress_job
from tenants.programme.compiler import Ids
from tenants.programme.moment import Moment, moment_of
from tenants.programme.versions import programme
from tenants.programme.windows import local_day, local_day_before
from tenants.tiers.deciding import statement_for
from tenants.tiers.runs import ladder_runs, last_runs

BATCH = 10_000
JOB = "recalculation.batch"
Cause = Literal["request", "schedule", "import"]

# A run over the members with new facts pays while these are few; beyond, walking everyone is cheaper.
_INCREMENTAL_SHARE = 10


class MovedUnderneathError(RuntimeError):
    """A member appeared in the batch's range after it was locked: roll back and run the batch again."""


@dataclass(frozen=True, slots=True)
class Request:
    """`as_of` None: now. `ladders` None: all. `facts_since` (our clock): only members with facts since."""

    cause: Cause
    as_of: datetime | None = None
    ladders: Sequence[str] | None = None
    facts_since: datetime | None = None
    schedule: str | None = None


async def start_recalculation(request: Request) -> UUID:
    """Queues a run in the current scope and returns its id, which is its job's.

    Raises DomainError `as-of-in-future`, and for a requested `as_of`: `later-decisions`.
    """
    # One run at a time is begun: the tenant's row is the lock, and the next run starts when this one ends.
    tenant = await connection().fetchrow(
        "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now FROM tenant"
        " WHERE tenant_id = $1 FOR NO KEY UPDATE",
        current().tenant_id,
    )
    if tenant is None:
        raise DomainError("internal")
    as_of = request.as_of or tenant["now"]
    if as_of > tenant["now"]:
        raise DomainError("as-of-in-future")
    if request.cause == "request" and request.as_of is not None:
        await _refuse_later_decisions(as_of)
    rules = await programme(tenant["programme_version"])
    ladders = [x.code for x in rules.ladders if request.ladders is None or x.code in request.ladders]
    zone = ZoneInfo(tenant["timezone"])
    since = request.facts_since
    if since is None and request.cause == "request" and request.as_of is None:
        since = await _same_day_since(ladders, as_of, zone, tenant["programme_version"])
    members = await connection().fetchval("SELECT count(*) FROM member WHERE tenant_id = $1", current().tenant_id)
    if since is not None and await _too_many_facts(since, members):
        since = None
    run_id = uuid7()
    waiting = await _unfinished()
    await new_job(run_id, "recalculation")
    await connection().execute(
        "INSERT INTO recalculation AS r (tenant_id, id, as_of, day, ladders, programme_version, cause,"
        " incremental_from, members) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        current().tenant_id,
        run_id,
        as_of,
        local_day(as_of, zone),
        ladders,
        tenant["programme_version"],
        request.cause,
        since,
        members,
    )
    if not waiting:
        await enqueue(JOB, _payload(run_id, request.schedule))
    return run_id


def _payload(run_id: UUID, schedule: str | None) -> dict[str, Any]:
    """`schedule` stays with the chain: the scheduler fires its next instant when the chain is through."""
    payload: dict[str, Any] = {"recalculation_id": str(run_id)}
    return payload if schedule is None else {**payload, "schedule": schedule}


async def _refuse_later_decisions(as_of: datetime) -> None:
    later = await connection().fetchval(
        "SELECT max(effective_at) FROM decision WHERE tenant_id = $1 AND effective_at > $2",
        current().tenant_id,
        as_of,
    )
    if later is not None:
        raise DomainError("later-decisions", params={"latest": later.isoformat()})


async def _same_day_since(ladders: Sequence[str], as_of: datetime, zone: ZoneInfo, version: int) -> datetime | None:
    """Since when only new facts can change anything: a finished run of this version over everyone with the
    same D and T on every ladder. None: everyone has to be looked at.
    """
    runs = await ladder_runs()
    since: datetime | None = None
    for code in ladders:
        run = runs.get(code)
        same = (
            run is not None
            and run.programme_version == version
            and run.day == local_day(as_of, zone)
            and local_day_before(run.as_of, zone) == local_day_before(as_of, zone)
        )
        if run is None or not same:
            return None
        since = run.watermark if since is None else min(since, run.watermark)
    return since


async def _too_many_facts(since: datetime, members: int) -> bool:
    limit = max(1000, members // _INCREMENTAL_SHARE)
    found: int = await connection().fetchval(
        "SELECT count(*) FROM (SELECT 1 FROM purchase WHERE tenant_id = $1 AND id >= $2 LIMIT $3) x",
        current().tenant_id,
        first_id_since(since),
        limit + 1,
    )
    return found > limit


async def _unfinished() -> bool:
    found: bool = await connection().fetchval(
        "SELECT EXISTS (SELECT FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL)",
        current().tenant_id,
    )
    return found


async def run_batch(payload: dict[str, Any]) -> None:
    """The job of one batch: evaluates the next members and queues the batch after it, or ends the run."""
    run_id = UUID(payload["recalculation_id"])
    # Large hashes and no parallel workers: a recalculation must not take the machine from the tills.
    # No nested loops where a hash does: before the first ANALYZE of a new tenant the planner takes ten thousand
    # members for one and would compare each with each (0.2 s → 27 s). The laterals stay what they must be.
    await connection().execute(
        "SET LOCAL work_mem = '64MB'; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_nestloop = off;"
        " SET LOCAL lock_timeout = '20s'"
    )
    run = await connection().fetchrow(
        "SELECT r.*, t.timezone FROM recalculation r JOIN tenant t ON t.tenant_id = r.tenant_id"
        " WHERE r.tenant_id = $1 AND r.id = $2",
        current().tenant_id,
        run_id,
    )
    if run is None or run["finished_at"] is not None:
        return
    counts, last, watermark = await _evaluate_next(run)
    more = last is not None
    done = await connection().fetchrow(
        "UPDATE recalculation AS r SET evaluated = r.evaluated + $3, upgraded = r.upgraded + $4,"
        " renewed = r.renewed + $5, downgraded = r.downgraded + $6, after_member = coalesce($7, r.after_member),"
        " watermark = coalesce(r.watermark, $8), started_at = coalesce(r.started_at, clock_timestamp()),"
        " finished_at = CASE WHEN $9 THEN NULL ELSE clock_timestamp() END"
        " WHERE r.tenant_id = $1 AND r.id = $2 RETURNING r.*",
        current().tenant_id,
        run_id,
        *counts,
        last,
        watermark,
        more,
    )
    if done is None:
        raise RuntimeError("the recalculation vanished under its lock")
    if more:
        share = min(0.999, done["evaluated"] / max(1, done["members"]))
        await progress_job(run_id, share, result_of(done))
        await enqueue(JOB, payload, direct=True)
    else:
        await _finish(done)


async def _evaluate_next(run: asyncpg.Record) -> tuple[tuple[int, int, int, int], UUID | None, datetime]:
    """Counts of the next batch, its last member (None: no batch follows), and the instant of its locks."""
    locked = await _lock_next(run)
    clock = await connection().fetchrow(
        "SELECT clock_timestamp() AS ours, clock_timestamp() + clock_offset AS theirs FROM tenant WHERE tenant_id = $1",
        current().tenant_id,
    )
    if clock is None:
        raise RuntimeError("a tenant without its row")
    if not locked:
        return (0, 0, 0, 0), None, clock["ours"]
    rules = await programme(run["programme_version"])
    ladders = tuple(j for j, ladder in enumerate(rules.ladders) if ladder.code in run["ladders"])
    moment = await _moment(run, clock["theirs"])
    whole = run["incremental_from"] is None
    ids: tuple[Any, ...] = (locked[0], locked[-1]) if whole else (locked,)
    statement = statement_for(current().tenant_id, rules, ladders, Ids.RANGE if whole else Ids.SOME)
    row = await connection().fetchrow(
        statement.sql, *statement.arguments(current().tenant_id, ids, moment), timeout=300
    )
    if row is None or row["evaluated"] != len(locked):
        raise MovedUnderneathError
    counts = (row["evaluated"], row["upgraded"], row["renewed"], row["downgraded"])
    return counts, locked[-1] if len(locked) == BATCH else None, clock["ours"]


async def _moment(run: asyncpg.Record, recorded_at: datetime) -> Moment:
    return moment_of(
        run["as_of"],
        ZoneInfo(run["timezone"]),
        firing=True,
        recorded_at=recorded_at,
        cause="recalculation",
        cause_id=run["id"],
        last_runs=await last_runs(),
    )


_LOCK_ALL = (
    "SELECT id FROM member WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id > $2)"
    " ORDER BY id LIMIT $3 FOR NO KEY UPDATE"
)
_LOCK_CHANGED = (
    "SELECT m.id FROM member m WHERE m.tenant_id = $1 AND m.id = ANY(ARRAY("
    "SELECT DISTINCT p.member_id FROM purchase p WHERE p.tenant_id = $1 AND p.id >= $4 AND p.member_id IS NOT NULL"
    " AND ($2::uuid IS NULL OR p.member_id > $2) ORDER BY 1 LIMIT $3)) ORDER BY m.id FOR NO KEY UPDATE"
)


async def _lock_next(run: asyncpg.Record) -> list[UUID]:
    """Locks the next batch's members in id order."""
    arguments: list[Any] = [current().tenant_id, run["after_member"], BATCH]
    if run["incremental_from"] is None:
        rows = await connection().fetch(_LOCK_ALL, *arguments, timeout=120)
    else:
        rows = await connection().fetch(_LOCK_CHANGED, *arguments, first_id_since(run["incremental_from"]), timeout=120)
    return [row["id"] for row in rows]


def result_of(run: asyncpg.Record) -> dict[str, Any]:
    """The run's result as the API shows it."""
    seconds = timedelta() if run["finished_at"] is None else run["finished_at"] - run["started_at"]
    counts = {name: run[name] for name in ("evaluated", "upgraded", "renewed", "downgraded")}
    return {**counts, "seconds": round(seconds.total_seconds(), 3)}


async def _finish(run: asyncpg.Record) -> None:
    """Ends a run: what it established per ladder, its job's result, and the start of the run that waits."""
    whole = run["incremental_from"] is None
    await connection().execute(
        "INSERT INTO ladder_run AS l (tenant_id, ladder, as_of, day, programme_version, watermark)"
        " SELECT $1, code, $3, $4, $5, $6 FROM unnest($2::text[]) code WHERE $7"
        " ON CONFLICT (tenant_id, ladder) DO UPDATE SET as_of = excluded.as_of, day = excluded.day,"
        " programme_version = excluded.programme_version, watermark = excluded.watermark"
        " WHERE l.as_of <= excluded.as_of",
        current().tenant_id,
        run["ladders"],
        run["as_of"],
        run["day"],
        run["programme_version"],
        run["watermark"],
        whole,
    )
    await finish_job(run["id"], result_of(run))
    await start_next()


async def start_next() -> None:
    """Queues the tenant's oldest run that waits for its turn."""
    await connection().execute("SELECT 1 FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE", current().tenant_id)
    waiting = await connection().fetchval(
        "SELECT id FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL ORDER BY id LIMIT 1",
        current().tenant_id,
    )
    if waiting is not None:
        await enqueue(JOB, _payload(waiting, None))


async def give_up(payload: dict[str, Any], error: str) -> None:
    """A run whose batch is a dead letter has failed: its job says so, and the next run may start."""
    run_id = UUID(payload["recalculation_id"])
    await connection().execute(
        "UPDATE recalculation SET finished_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2",
        current().tenant_id,
        run_id,
    )
    await fail_job(run_id, error)
    await start_next()
