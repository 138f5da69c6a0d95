"""The batches of a recalculation: a chain of short jobs, one transaction each.

Each locks its members in id order, then reads the clock, then evaluates and writes with one statement. It
counts as the schedule firing. Killed anywhere, a batch is done whole or not at all, and the chain goes on.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.jobs.job import fail_job, finish_job, progress_job
from tenants.programme.compiler import Ids
from tenants.programme.document import Programme
from tenants.programme.moment import moment_of
from tenants.programme.versions import programme
from tenants.tiers.batch_record import record_batch
from tenants.tiers.bringing import way_of
from tenants.tiers.changed import lock_changed
from tenants.tiers.deciding import Way, statement_for
from tenants.tiers.gifts import run_ended
from tenants.tiers.late import repeat_for_imports
from tenants.tiers.rebuild.batch import BATCH as REBUILD_BATCH
from tenants.tiers.rebuild.batch import rebuild
from tenants.tiers.recalculate import JOB, start_next
from tenants.tiers.recheck import Recheck, recheck_marked
from tenants.tiers.runs import last_runs
from tenants.triggers import fire

BATCH = 10_000


class MovedUnderneathError(RuntimeError):
    """A member appeared in the batch's range after it was locked: roll back and run the batch again."""


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
        " watermark = coalesce(r.watermark, $8), started_at = coalesce(r.started_at, now()),"
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
    size = REBUILD_BATCH if run["cause"] == "rebuild" else BATCH
    locked, last = await _lock_next(run, size)
    clock = await connection().fetchrow(
        "SELECT clock_timestamp() AS ours, clock_timestamp() + clock_offset AS theirs FROM tenant WHERE tenant_id = $1",
        current().tenant_id,
    )
    if clock is None:
        raise RuntimeError("a tenant without its row")
    if not locked:
        return (0, 0, 0, 0), last, clock["ours"]
    decide = {"rebuild": rebuild, "programme": _bring_over}.get(run["cause"], _evaluate)
    counts = await decide(run, locked, clock["theirs"])
    if counts[0] != len(locked):
        raise MovedUnderneathError
    await record_batch(
        run["id"],
        run["as_of"],
        run["programme_version"],
        locked,
        clock["theirs"],
        await last_runs(),
        after=run["after_member"],
        everyone=run["incremental_from"] is None,
    )
    return counts, last, clock["ours"]


async def _evaluate(run: asyncpg.Record, locked: Sequence[UUID], recorded_at: datetime) -> tuple[int, int, int, int]:
    """What imports brought too late, the rechecks that are due, then the run's own decisions: evaluated, upgraded,
    renewed, downgraded. A tier that a recheck lowered stays so until the next evaluation, being decided at this
    instant already.
    """
    late = await repeat_for_imports(run, locked, recorded_at)
    rules, zone, runs = await programme(run["programme_version"]), ZoneInfo(run["timezone"]), await last_runs()
    recheck = Recheck(run["as_of"], rules, zone, recorded_at, firing=True, last_runs=runs, retarget=run["retarget"])
    lowered = await recheck_marked(recheck, run["ladders"], locked)
    row = await _decide(run, rules, locked, recorded_at, runs, Way.EVALUATE)
    return row["evaluated"], row["upgraded"] + late, row["renewed"], row["downgraded"] + lowered


async def _bring_over(run: asyncpg.Record, locked: Sequence[UUID], recorded_at: datetime) -> tuple[int, int, int, int]:
    """What a publish does to the members: nothing is evaluated for which its transition doesn't ask."""
    rules = await programme(run["programme_version"])
    row = await _decide(run, rules, locked, recorded_at, await last_runs(), way_of(rules))
    return row["evaluated"], row["upgraded"], row["renewed"], row["downgraded"]


async def _decide(
    run: asyncpg.Record,
    rules: Programme,
    locked: Sequence[UUID],
    recorded_at: datetime,
    runs: Mapping[str, date],
    way: Way,
) -> asyncpg.Record:
    """The run's own decisions about the locked members, counted."""
    moment = moment_of(
        run["as_of"],
        ZoneInfo(run["timezone"]),
        firing=True,
        recorded_at=recorded_at,
        cause="recalculation" if way is Way.EVALUATE else "programme",
        cause_id=run["id"],
        last_runs=runs,
    )
    ladders = tuple(j for j, ladder in enumerate(rules.ladders) if ladder.code in run["ladders"])
    retarget = tuple(j for j in ladders if rules.ladders[j].code in run["retarget"])
    whole = run["incremental_from"] is None
    ids: tuple[Any, ...] = (locked[0], locked[-1]) if whole else (locked,)
    among = Ids.RANGE if whole else Ids.SOME
    statement = statement_for(current().tenant_id, rules, ladders, among, way, retarget=retarget)
    # Prepared anew, so that each batch is planned for its own range (4 ms). `plan_cache_mode` would do that too,
    # and plan every foreign key check anew as well (0.31 s → 0.49 s).
    prepared = await connection().prepare(statement.sql, timeout=30)
    row = await prepared.fetchrow(*statement.arguments(current().tenant_id, ids, moment), timeout=300)
    if row is None:
        raise RuntimeError("counts are always answered")
    return row


_LOCK_ALL = (
    "SELECT id FROM member WHERE tenant_id = $1 AND status = 'active' AND ($2::uuid IS NULL OR id > $2)"
    " ORDER BY id LIMIT $3 FOR NO KEY UPDATE"
)


async def _lock_next(run: asyncpg.Record, size: int) -> tuple[Sequence[UUID], UUID | None]:
    """Locks the next batch's members in id order; with them the id behind which the batch after it begins (None:
    there is none).
    """
    if run["incremental_from"] is not None:
        return await lock_changed(run["incremental_from"], run["after_member"], size)
    rows = await connection().fetch(_LOCK_ALL, current().tenant_id, run["after_member"], size, timeout=120)
    locked = [row["id"] for row in rows]
    return locked, locked[-1] if len(locked) == size else None


def result_of(run: asyncpg.Record) -> dict[str, Any]:
    """The run's result as the API shows it."""
    seconds = timedelta() if run["finished_at"] is None else run["finished_at"] - run["started_at"]
    counts = {name: run[name] for name in ("evaluated", "upgraded", "renewed", "downgraded")}
    return {**counts, "seconds": round(seconds.total_seconds(), 3)}


async def _finish(run: asyncpg.Record) -> None:
    """Ends a run: what it established per ladder, its job's result, and the start of the run that waits."""
    whole = run["incremental_from"] is None and run["cause"] != "programme"  # which isn't an evaluation of everyone
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
    await _accrue(run)
    if run["upgraded"] and run["cause"] in _TOLD:
        await fire("tier_reached", {"recalculation_id": str(run["id"])})
    await run_ended(run)
    await start_next()


async def _accrue(run: asyncpg.Record) -> None:
    """Imports that give points do so behind their evaluation, whose late decisions they go by."""
    if run["cause"] == "import":
        for row in await connection().fetch(_WAITING_IMPORTS, current().tenant_id, run["id"]):
            await enqueue("import.accrue", {"import_id": str(row["id"]), "batch": row["batch"]}, direct=True)


_WAITING_IMPORTS: Final = (
    "SELECT id, batch FROM import_run WHERE tenant_id = $1 AND recalculation_id = $2 AND state = 'running'"
)
_TOLD: Final = {"schedule", "request"}
"""Runs whose upgrades campaigns hear of: those of an import and of a rebuild are history."""


async def give_up(payload: dict[str, Any], error: str) -> None:
    """A run whose batch is a dead letter has failed: its job says so, and the next run may start."""
    run_id = UUID(payload["recalculation_id"])
    run = await connection().fetchrow(
        "UPDATE recalculation AS r SET finished_at = clock_timestamp() WHERE r.tenant_id = $1 AND r.id = $2"
        " RETURNING r.*",
        current().tenant_id,
        run_id,
    )
    await fail_job(run_id, error)
    if run is not None:
        await _accrue(run)
        await run_ended(run)
    await start_next()
