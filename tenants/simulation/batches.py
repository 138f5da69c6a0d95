"""The batches of a simulation: a chain of short jobs, one transaction each, without locks on any member.

Killed anywhere, a batch is done whole or not at all, and the chain goes on behind the last one.
"""

from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.money import exponent
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.jobs.job import fail_job, finish_job, progress_job
from tenants.programme.document import Programme
from tenants.programme.kept import from_json
from tenants.programme.moment import moment_of
from tenants.programme.published import Published
from tenants.programme.versions import programme
from tenants.simulation.result import result_of
from tenants.simulation.start import JOB
from tenants.simulation.statement import Plan, statement_of
from tenants.simulation.tables import forget

BATCH = 10_000
_FIRST: Final = UUID(int=0)
_LAST: Final = UUID(int=2**128 - 1)

# As a recalculation's: see there.
_SETTINGS: Final = (
    "SET LOCAL work_mem = '64MB'; SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_nestloop = off"
)
_RUN: Final = (
    "SELECT s.*, t.timezone, t.currency, t.programme_version AS in_force FROM simulation s"
    " JOIN tenant t ON t.tenant_id = s.tenant_id WHERE s.tenant_id = $1 AND s.id = $2 FOR NO KEY UPDATE OF s"
)
_RANGE: Final = (
    "SELECT id FROM member WHERE tenant_id = $1 AND status = 'active' AND id > $2 ORDER BY id OFFSET $3 LIMIT 1"
)
_ADD: Final = """
UPDATE simulation AS s
   SET batch = s.batch + 1, after_member = coalesce($3, s.after_member), evaluated = s.evaluated + $4,
       winners = s.winners + $5, losers = s.losers + $6, discounts = s.discounts + $7, points = s.points + $8,
       discounts_now = s.discounts_now + $9, points_now = s.points_now + $10,
       state = CASE WHEN $11 THEN s.state ELSE 'done' END
 WHERE s.tenant_id = $1 AND s.id = $2 RETURNING s.*"""


async def run_batch(payload: dict[str, Any]) -> None:
    """The job of one batch: simulates the next members and queues the batch after it, or ends with the result."""
    simulation_id = UUID(payload["simulation_id"])
    await connection().execute(_SETTINGS)
    run = await connection().fetchrow(_RUN, current().tenant_id, simulation_id)
    if run is None or run["state"] != "running":
        return
    if run["in_force"] != run["programme_version"]:
        await _fail(simulation_id, "other rules came into force meanwhile", "programme-changed")
        return
    counts, last = await _simulate_next(run)
    more = last is not None
    done = await connection().fetchrow(_ADD, current().tenant_id, simulation_id, last, *counts, more)
    if done is None:
        raise RuntimeError("the simulation vanished under its lock")
    told = {name: done[name] for name in ("evaluated", "winners", "losers")}
    if more:
        await progress_job(simulation_id, min(0.999, done["evaluated"] / max(1, done["members"])), told)
        await enqueue(JOB, payload, direct=True)
    else:
        plan = await _plan(run)
        result = await result_of(done, plan.draft, plan.present, ZoneInfo(run["timezone"]))
        await finish_job(simulation_id, result, told)


async def _simulate_next(run: asyncpg.Record) -> tuple[tuple[int, ...], UUID | None]:
    """What the next batch adds, and its last member (None: no batch follows)."""
    place = (current().tenant_id, run["after_member"] or _FIRST)
    first = await connection().fetchval(_RANGE, *place, 0)
    if first is None:
        return (0,) * 7, None
    last = await connection().fetchval(_RANGE, *place, BATCH - 1)
    zone = ZoneInfo(run["timezone"])
    moment = moment_of(
        run["as_of"], zone, firing=True, recorded_at=run["as_of"], cause="recalculation", cause_id=run["id"]
    )
    statement = statement_of(await _plan(run))
    arguments = statement.arguments(current().tenant_id, first, last or _LAST, moment, run["batch"])
    # Prepared anew, so that each batch is planned for its own range, as a recalculation's is.
    prepared = await connection().prepare(statement.sql, timeout=30)
    row = await prepared.fetchrow(*arguments, timeout=300)
    if row is None:
        raise RuntimeError("counts are always answered")
    return tuple(row.values()), last


async def _plan(run: asyncpg.Record) -> Plan:
    return Plan(
        run["id"],
        Programme.parse(run["document"]).as_published(Published(lineage=run["lineage"], kept=from_json(run["kept"]))),
        await programme(run["programme_version"]),
        run["transition"] == "up_only",
        run["gone_by"],
        exponent(run["currency"]),
    )


async def give_up(payload: dict[str, Any], error: str) -> None:
    """A simulation whose batch is a dead letter has failed, and its job says so."""
    await _fail(UUID(payload["simulation_id"]), error, "internal")


_FAILED: Final = "UPDATE simulation SET state = 'failed' WHERE tenant_id = $1 AND id = $2 AND state = 'running'"


async def _fail(simulation_id: UUID, error: str, code: str) -> None:
    if await connection().execute(_FAILED, current().tenant_id, simulation_id) != "UPDATE 0":
        await forget([simulation_id])
        await fail_job(simulation_id, error, code=code)
