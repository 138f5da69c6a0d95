"""Running jobs: one outbox row at a time. The row is deleted in the transaction of the job's work: the second of two
runs finds no row. Of a chain that is closed it finds none either (`saas.closed`).

A job that fails is rolled back; its attempt is counted in a second, short scope and it runs again after a
backoff that doubles. After the last attempt the row stays as a dead letter, for `saas.dead_letters`.
"""

import asyncio
import logging
import time
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Histogram
from structlog.contextvars import bind_contextvars, bound_contextvars

from saas.broker import Delivery
from saas.closed import HELD
from saas.db import role_pool
from saas.jobs import MAX_ATTEMPTS, OnDead, backoff, registered, unheld
from saas.logs import scrub
from saas.outbox import LEASE
from saas.scope import connection, tenant_scope

log = logging.getLogger(__name__)

Outcome = Literal["done", "failed", "dead", "gone"]

SUSPICIOUS_SENDS: Final = 3  # sent so often without an end: perhaps the job kills the process that runs it
MAX_STARTS: Final = 3
LONGEST_ERROR: Final = 500

RUNS = Counter("regulars_jobs", "Jobs run, by what became of them", ["name", "outcome"])
SECONDS = Histogram(
    "regulars_job_seconds",
    "Time a job took, its COMMIT included",
    ["name"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)

_TAKE: Final = (
    # SKIP LOCKED: a duplicate that comes while the first is at work leaves at once, and it costs no attempt.
    "DELETE FROM outbox WHERE tenant_id = $1 AND id = (SELECT id FROM outbox"
    " WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND dead_at IS NULL"
    f" AND NOT {HELD.format(job='name', exempt='$4', status='(SELECT status FROM tenant WHERE tenant_id = $1)')}"
    " FOR UPDATE SKIP LOCKED)"
    " RETURNING name, payload, attempts, request_id, sends, starts"
)
# Counted only for rows under suspicion, so that the others pay no second transaction.
_START: Final = "UPDATE outbox SET starts = starts + 1 WHERE tenant_id = $1 AND id = $2 AND attempts = $3"
# It isn't sent again while it may still be out. Who is started again and again takes its process down with it.
_SEND_OUT: Final = (
    "UPDATE outbox SET starts = starts + 1, next_at = greatest(next_at, clock_timestamp() + $4::interval)"
    " WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND dead_at IS NULL"
)
_BACK: Final = "DELETE FROM outbox WHERE tenant_id = $1 AND id = $2 AND attempts = $3 RETURNING id"
_FAIL: Final = (
    "UPDATE outbox SET attempts = attempts + 1, sends = 0, starts = 0, last_error = $4,"
    " next_at = clock_timestamp() + $5::interval,"
    " dead_at = CASE WHEN $6 THEN clock_timestamp() END"
    " WHERE tenant_id = $1 AND id = $2 AND attempts = $3 AND dead_at IS NULL RETURNING id"
)


class UnknownJobError(LookupError):
    """No module registered this name: JOB_MODULES lacks one, or this process is older than the row."""


class ProcessDiedError(RuntimeError):
    """The job was started again and again and neither finished nor failed: its process went down with it."""


class _CountTheStartError(Exception):
    """Rolls back the taking of a suspicious row, so that its start is on record before it runs."""


class _AsASnapshotError(Exception):
    """Rolls back the taking of a row whose job wants its scope repeatable, which only a new one can be."""


class _OutsideError(Exception):
    """Rolls back the taking of an errand's row, which stays until it has come back."""


async def run_job(delivery: Delivery) -> Outcome:
    """Runs one outbox row, or finds it done, at work elsewhere, dead, held or of another attempt ("gone").

    Raises only where the database couldn't be asked or told: then the row is as before and is sent again.
    """
    started = time.perf_counter()
    taken: list[asyncpg.Record] = []
    tenant_id = delivery.tenant_id
    with bound_contextvars(tenant_id=str(tenant_id), outbox_id=str(delivery.outbox_id), job="", request_id=None):
        try:
            try:
                outcome = await _run_as_it_wants(delivery, taken, counted=False)
            except _CountTheStartError:
                async with tenant_scope(tenant_id):
                    await connection().execute(_START, *delivery)
                outcome = await _run_as_it_wants(delivery, taken, counted=True)
        except Exception as error:
            if not taken:
                raise
            outcome = await _record_failure(delivery, taken[-1], error)
    if outcome == "gone":
        return outcome
    label = taken[-1]["name"] if registered(taken[-1]["name"]) else "unknown"
    RUNS.labels(label, outcome).inc()
    SECONDS.labels(label).observe(time.perf_counter() - started)
    return outcome


async def _run_as_it_wants(delivery: Delivery, taken: list[asyncpg.Record], *, counted: bool) -> Outcome:
    """What a job's scope should be is known once its row is read: those few begin again."""
    try:
        return await _take_and_run(delivery, taken, counted=counted, repeatable=False)
    except (_AsASnapshotError, _OutsideError) as wanted:
        outside = isinstance(wanted, _OutsideError)
    if outside:
        return await _go_out(delivery, taken[-1])
    return await _take_and_run(delivery, taken, counted=counted, repeatable=True)


async def _go_out(delivery: Delivery, row: asyncpg.Record) -> Outcome:
    """An errand, between two scopes. "gone": it failed or came back elsewhere meanwhile."""
    found = registered(row["name"])
    if found is None or found.errand is None:
        raise UnknownJobError(f"no errand is registered as {row['name']!r}")
    async with tenant_scope(delivery.tenant_id, request_id=row["request_id"]):
        if await connection().execute(_SEND_OUT, *delivery, found.time_limit) == "UPDATE 0":
            return "gone"
    async with asyncio.timeout(found.time_limit.total_seconds()):
        await found.errand(delivery.tenant_id, row["payload"])
    async with tenant_scope(delivery.tenant_id, request_id=row["request_id"]):
        return "done" if await connection().fetchval(_BACK, *delivery) is not None else "gone"


async def _take_and_run(delivery: Delivery, taken: list[asyncpg.Record], *, counted: bool, repeatable: bool) -> Outcome:
    """The row's deletion and its job's work, in one transaction; `taken` tells the caller what it was."""
    async with tenant_scope(delivery.tenant_id, repeatable=repeatable) as scope:
        row = await connection().fetchrow(_TAKE, *delivery, unheld())
        if row is None:
            return "gone"
        taken.append(row)
        scope.request_id = row["request_id"]
        bind_contextvars(job=row["name"], request_id=row["request_id"])
        if row["sends"] >= SUSPICIOUS_SENDS and not counted:
            raise _CountTheStartError
        if row["starts"] > MAX_STARTS:
            raise ProcessDiedError(f"started {MAX_STARTS} times and never ended")
        found = registered(row["name"])
        if found is not None and found.snapshot and not repeatable:
            raise _AsASnapshotError
        if found is not None and found.errand is not None:
            raise _OutsideError
        await _handle(row)
    return "done"


async def _handle(row: asyncpg.Record) -> None:
    found = registered(row["name"])
    if found is None or found.handler is None:
        raise UnknownJobError(f"no job is registered as {row['name']!r}")
    async with asyncio.timeout(found.time_limit.total_seconds()):
        await found.handler(row["payload"])


async def _record_failure(delivery: Delivery, row: asyncpg.Record, error: Exception) -> Outcome:
    """Counts the attempt, unless somebody else has run the row meanwhile.

    An unknown name gets its attempts too: while a release rolls out, older workers don't know newer jobs.
    """
    found = registered(row["name"])
    attempt, limit = delivery.attempt + 1, found.max_attempts if found else MAX_ATTEMPTS
    dead, text = attempt >= limit, describe(error)
    log.error("job failed, attempt %d of %d: %s", attempt, limit, text, exc_info=error)
    async with tenant_scope(delivery.tenant_id, request_id=row["request_id"]):
        ours = await connection().fetchval(_FAIL, *delivery, text, backoff(attempt), dead)
        if ours is None:
            return "gone"
        if dead and found is not None and found.on_dead is not None:
            await _tell(found.on_dead, row["payload"], text)
    return "dead" if dead else "failed"


async def _tell(on_dead: OnDead, payload: dict[str, Any], text: str) -> None:
    """A broken `on_dead` must not keep its row alive: then that would be tried, and fail, for ever."""
    await connection().execute("SAVEPOINT on_dead")
    try:
        await on_dead(payload, text)
    except Exception:
        log.exception("on_dead failed")
        await connection().execute("ROLLBACK TO SAVEPOINT on_dead")


def describe(error: BaseException) -> str:
    """`Type: message` in at most 500 characters, without secrets; of PostgreSQL's errors not the DETAIL,
    which quotes the row.
    """
    said = str(error.args[0]) if isinstance(error, asyncpg.PostgresError) and error.args else str(error)
    text = " ".join(scrub(f"{type(error).__name__}: {said}").split())
    return text if len(text) <= LONGEST_ERROR else text[: LONGEST_ERROR - 1] + "…"


class Drained(NamedTuple):
    """How many runs ended how. `failed` counts attempts, `dead` rows."""

    done: int
    failed: int
    dead: int


_DUE: Final = (
    "SELECT tenant_id, id, attempts FROM outbox"
    " WHERE dead_at IS NULL AND ($1::uuid IS NULL OR tenant_id = $1)"
    " AND (next_at <= clock_timestamp() OR attempts = 0 AND next_at <= clock_timestamp() + $2::interval)"
    " ORDER BY created_at, id LIMIT 1000"
)


async def run_due(tenant_id: UUID | None = None) -> list[Outcome]:
    """Runs the due rows of one tenant, or all, once each, in this process and without the broker.

    Due here is also what a relay or a direct send has leased already: nobody else works in a test. A failed
    row is due after its backoff only.
    """
    pool = await role_pool("relay")
    rows = await pool.fetch(_DUE, tenant_id, LEASE)
    return [await run_job(Delivery(*row)) for row in rows]


async def drain(tenant_id: UUID | None = None, *, max_rounds: int = 1000) -> Drained:
    """`run_due` until nothing is due, with the jobs that jobs enqueue. Raises RuntimeError after
    `max_rounds`.
    """
    total: list[Outcome] = []
    for _ in range(max_rounds):
        outcomes = await run_due(tenant_id)
        if not any(outcome != "gone" for outcome in outcomes):
            return Drained(total.count("done"), total.count("failed"), total.count("dead"))
        total += outcomes
    raise RuntimeError(f"jobs are still due after {max_rounds} rounds")
