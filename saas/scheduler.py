"""The scheduler: writes an outbox row when a schedule's time has come on its tenant's clock.

Several schedulers may run: moving `next_at` and writing the row is one statement that holds only for the
instant it read, so each instant fires once. Missed instants fire one after the other, in order, each once its
forerunner's job (or chain, where its rows carry on the payload's `schedule`) has left the outbox, done or
dead. None fires for a chain that is closed (`saas.closed`).
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from prometheus_client import Counter, start_http_server
from uuid_utils.compat import uuid7

from saas.chores import sweep
from saas.closed import HELD
from saas.db import Pool, role_pool
from saas.jobs import unheld
from saas.loops import Step, run_until_signal
from saas.scope import connection, current

log = logging.getLogger(__name__)

Advance = Callable[[dict[str, Any], datetime], datetime]

TICK_SECONDS: Final = 1.0
_PAGE: Final = 200

FIRED = Counter("regulars_schedules_fired", "Instants of schedules that became jobs", ["job"])
BROKEN = Counter("regulars_schedules_broken", "Schedules found that can't be advanced")

_HELD: Final = HELD.format(job="s.spec ->> 'job'", exempt="$6", status="t.status")
_DUE: Final = f"""
SELECT s.tenant_id, s.name, s.spec, s.next_at
  FROM schedule s JOIN tenant t ON t.tenant_id = s.tenant_id
 WHERE s.next_at <= clock_timestamp() + t.clock_offset
   AND ($1::uuid IS NULL OR s.tenant_id = $1)
   AND (s.next_at, s.tenant_id, s.name) > ($2, $3, $4)
   AND NOT {_HELD}
   AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = s.tenant_id AND o.dead_at IS NULL
                                          AND o.payload ->> 'schedule' = s.name)
 ORDER BY s.next_at, s.tenant_id, s.name LIMIT $5
"""
_FIRE: Final = """
WITH fired AS (
    UPDATE schedule s SET next_at = $5
     WHERE s.tenant_id = $1 AND s.name = $2 AND s.next_at = $3 AND s.spec = $4
    RETURNING s.tenant_id
)
INSERT INTO outbox AS o (tenant_id, id, name, payload, request_id)
SELECT f.tenant_id, $6, $7, $8, $9 FROM fired f RETURNING o.id
"""
_PUT: Final = """
INSERT INTO schedule AS s (tenant_id, name, spec, next_at)
SELECT $1, n.name, n.spec, n.next_at FROM unnest($2::text[], $3::jsonb[], $4::timestamptz[]) AS n (name, spec, next_at)
 ORDER BY n.name
ON CONFLICT (tenant_id, name) DO UPDATE SET spec = excluded.spec, next_at = excluded.next_at
 WHERE (s.spec, s.next_at) IS DISTINCT FROM (excluded.spec, excluded.next_at)
"""

_advances: dict[str, Advance] = {}
_reported: set[tuple[UUID, str, datetime]] = set()  # broken schedules are found again every second, and logged once


def advances(kind: str) -> Callable[[Advance], Advance]:
    """Registers `f(spec, after)`, which answers the first instant later than `after` of schedules of this
    kind. Raises ValueError where the kind is taken.
    """

    def register(advance: Advance) -> Advance:
        if kind in _advances:
            raise ValueError(f"the schedule kind {kind!r} is registered twice")
        _advances[kind] = advance
        return advance

    return register


@advances("every")
def _every(spec: dict[str, Any], after: datetime) -> datetime:
    """`{"kind": "every", "seconds": 3600}`."""
    return after + timedelta(seconds=spec["seconds"])


def next_instant(spec: dict[str, Any], after: datetime) -> datetime:
    """The first instant of a schedule later than `after`, by its kind. Raises LookupError for an unknown kind
    and ValueError for one that doesn't move on.
    """
    instant = _advances[spec["kind"]](spec, after).astimezone(UTC)
    if instant <= after:
        raise ValueError(f"the schedule kind {spec['kind']!r} does not move on from {after.isoformat()}")
    return instant


async def put_schedule(name: str, spec: dict[str, Any], next_at: datetime) -> None:
    """One schedule of the current tenant, as `put_schedules`."""
    await put_schedules([(name, spec, next_at)])


async def put_schedules(wanted: Sequence[tuple[str, dict[str, Any], datetime]]) -> None:
    """Sets schedules of the current tenant, each (name, spec, next_at), no name twice: at `next_at` (the tenant's
    clock) the job `spec["job"]` gets the payload `{"due_at", "schedule", **spec["payload"]}`; then `spec["kind"]` says
    when again.

    Raises LookupError for a spec without a job or of an unknown kind, ScopeClosedError outside a scope.
    """
    for _, spec, _ in wanted:
        if spec["kind"] not in _advances or not spec["job"]:
            raise LookupError(f"no schedule kind {spec['kind']!r} is registered")
    names, specs, instants = zip(*wanted, strict=True)
    await connection().execute(_PUT, current().tenant_id, names, specs, instants)


async def drop_schedule(name: str) -> bool:
    """Ends a schedule of the current tenant; jobs that it has fired stay. Returns whether there was one."""
    tag = await connection().execute(
        "DELETE FROM schedule WHERE tenant_id = $1 AND name = $2", current().tenant_id, name
    )
    return tag != "DELETE 0"


async def fire_due(tenant_id: UUID | None = None) -> int:
    """Fires one instant of every schedule that is due, of one tenant or all. Returns how many fired here.

    A schedule that can't be advanced is logged and left; the others go on.
    """
    pool = await role_pool("relay")
    fired = 0
    seen: tuple[datetime, UUID, str] = (datetime.min.replace(tzinfo=UTC), UUID(int=0), "")
    while True:
        rows = await pool.fetch(_DUE, tenant_id, *seen, _PAGE, unheld())
        for row in rows:
            fired += await _fire(pool, row)
        if len(rows) < _PAGE:
            return fired
        seen = (rows[-1]["next_at"], rows[-1]["tenant_id"], rows[-1]["name"])


async def _fire(pool: Pool, row: asyncpg.Record) -> int:
    """Fires the instant that `row` shows. 0: another scheduler did, or the schedule was changed, or is
    broken.
    """
    spec, due_at = row["spec"], row["next_at"]
    try:
        following = next_instant(spec, due_at)
        payload = {"due_at": due_at.isoformat(), "schedule": row["name"], **spec.get("payload", {})}
        job = spec["job"]
    except Exception:
        key = (row["tenant_id"], row["name"], due_at)
        if key not in _reported:
            _reported.add(key)
            BROKEN.inc()
            log.exception("schedule %s of tenant %s can't be advanced", row["name"], row["tenant_id"])
        return 0
    job_id, request_id = uuid7(), str(uuid7())
    ours = await pool.fetchval(
        _FIRE, row["tenant_id"], row["name"], due_at, spec, following, job_id, job, payload, request_id
    )
    if ours is None:
        return 0
    FIRED.labels(job).inc()
    log.info("schedule %s of tenant %s fired, due %s", row["name"], row["tenant_id"], payload["due_at"])
    return 1


async def _tick() -> float:
    await fire_due()
    return TICK_SECONDS


def run(*, metrics: tuple[str, int] | None = None, chores: Sequence[Step] = ()) -> None:
    """Runs a scheduler in this process until SIGTERM or SIGINT; it waits for a database that is away. `chores` are
    repeated beside it.

    The caller has imported the modules that register schedule kinds (`saas.worker.load_jobs`).
    """
    if metrics is not None:
        start_http_server(metrics[1], addr=metrics[0])
    asyncio.run(run_until_signal(_tick, sweep, *chores))
