"""Points for imported history: the file is read once more, and each of its purchases or activities that has none yet
gets them.

A chain of short batches behind the import's evaluation, so that its late decisions count. Each locks its members in id
order, then reads, then writes. The same file again, or another one that has the same facts, gives nothing twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, BinaryIO, Final
from uuid import UUID

from saas.file_store import file_store
from saas.jobs import job
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.imports import runs
from tenants.imports.accrue_activities import accrue_activities
from tenants.imports.accrue_purchases import accrue_purchases
from tenants.imports.activities_rows import parse_activities
from tenants.imports.context import Context, Counts, Run, load_context
from tenants.imports.purchases_rows import parse_purchases
from tenants.imports.reading import Batch, read_batch
from tenants.programme.asked import asks_for_points
from tenants.programme.document import Programme
from tenants.tiers.recalculate import Request, start_recalculation

JOB: Final = "import.accrue"
BATCH_ROWS: Final = 5_000
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '15s'"
_EVALUATED: Final = (
    "UPDATE import_run AS r SET recalculation_id = coalesce($3, recalculation_id) WHERE tenant_id = $1 AND id = $2"
    " RETURNING recalculation_id"
)
_SINCE: Final = "SELECT started_at FROM import_run WHERE tenant_id = $1 AND id = $2"

Accrue = Callable[[Context], Awaitable[int]]


async def begin_accrual(run: Run, batch: int, recalculation_id: UUID | None) -> None:
    """To be called when all rows are in and counted. Behind an evaluation it begins when that has ended."""
    if recalculation_id is not None:  # that of the rows before, where this file brought nothing new
        await connection().execute(_EVALUATED, run.tenant_id, run.id, recalculation_id)
    else:
        await enqueue(JOB, {"import_id": str(run.id), "batch": batch}, direct=True)


async def _stopped(payload: dict[str, Any], _error: str) -> None:
    """The rows are in, but not all points. The same file again gives what is missing."""
    taken = await runs.take(current().tenant_id, UUID(payload["import_id"]), payload["batch"])
    if taken is not None:
        await runs.fail(taken.run, {"code": "import-stopped", "errors": []})
        runs.remove_file(taken)


@job(JOB, on_dead=_stopped)
async def accrue_batch(payload: dict[str, Any]) -> None:
    """One batch, `{"import_id", "batch"}`. One that is done already does nothing."""
    taken = await runs.take(current().tenant_id, UUID(payload["import_id"]), payload["batch"])
    if taken is None or taken.cursor is None:
        return
    await connection().execute(_LOCK_TIMEOUT)
    cursor = taken.cursor.accruing()
    context = await load_context(taken.run, cursor.layout)
    file = await asyncio.to_thread(file_store().open, taken.run.tenant_id, taken.file)
    with file:
        batch, accrue = await asyncio.to_thread(_parse, file, cursor, context)
    points = await accrue(context)
    following = cursor.following(batch.end, refunds=False)
    await runs.advance(taken, following or cursor.at_end(taken.file_size), 0, Counts(), points=points)
    if following is not None:
        await enqueue(JOB, {**payload, "batch": payload["batch"] + 1}, direct=True)
        return
    await runs.finish(taken.run, await _evaluate(taken.run, context.rules))
    runs.remove_file(taken)


def _parse(file: BinaryIO, cursor: runs.Cursor, context: Context) -> tuple[Batch, Accrue]:
    """The batch, and how what is good of it gets its points: what is wrong was told when it was read first."""
    batch = read_batch(file, cursor.layout, cursor.place, BATCH_ROWS, context.errors)
    if context.options.kind == "activities":
        return batch, partial(accrue_activities, parse_activities(batch.rows, context))
    return batch, partial(accrue_purchases, parse_purchases(batch.rows, context))


async def _evaluate(run: Run, rules: Programme) -> UUID | None:
    """Once more where points decide tiers; the run that has decided, or is about to."""
    tenant_id, again = run.tenant_id, None
    if run.options.evaluate and asks_for_points(rules):
        since = await connection().fetchval(_SINCE, tenant_id, run.id)
        again = await start_recalculation(Request(cause="import", facts_since=since))
    found: UUID | None = await connection().fetchval(_EVALUATED, tenant_id, run.id, again)
    return found
