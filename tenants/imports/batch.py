"""The work of an import: a chain of batches, each one message and one transaction.

A batch reads its rows from where the last one ended, writes the good ones, keeps the errors, moves the cursor and
enqueues the next. A file that has refunds is read twice: once for its purchases, once for them. Killed anywhere a
batch is rolled back whole and runs again, with the same result.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, Final
from uuid import UUID

import asyncpg

from saas.file_store import file_store
from saas.jobs import job
from saas.outbox import enqueue
from saas.sandboxed import is_full
from saas.scope import connection, current
from tenants.imports import runs
from tenants.imports.activities_apply import apply_activities
from tenants.imports.activities_rows import parse_activities
from tenants.imports.context import Context, Counts, RetryBatchError, attempt_of, load_context
from tenants.imports.errors import RowErrors
from tenants.imports.layout import ColumnError, LayoutError
from tenants.imports.members_apply import apply_members
from tenants.imports.members_rows import parse_members
from tenants.imports.opening_apply import apply_openings
from tenants.imports.opening_rows import parse_openings
from tenants.imports.purchases_apply import apply_purchases
from tenants.imports.purchases_brought import count_stopped, end_import
from tenants.imports.purchases_refunds import apply_both, apply_refunds
from tenants.imports.purchases_rows import parse_purchases
from tenants.imports.reading import Batch, read_batch, read_layout
from tenants.imports.runs import Cursor, Taken
from tenants.imports.sniff import NotTextError, sniff
from tenants.imports.start import JOB
from tenants.programme.versions import current_programme

log = logging.getLogger(__name__)

BATCH_ROWS: Final = 5_000
"""Tills wait for a member that a batch has locked: about a third of a second at this size."""
_ATTEMPTS: Final = 5
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '15s'"  # others' locks are short; a batch may wait for them
_TEMPORARY: Final = (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError, RetryBatchError)

Apply = Callable[[Context], Awaitable[Counts]]


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A batch as read from the file, ready to be applied as often as it takes. `rows` of it are read for the first
    time; `refunds`: some of them wait until all purchases are in.
    """

    batch: Batch
    apply: Apply
    rows: int
    refunds: bool = False


async def _stopped(payload: dict[str, Any], _error: str) -> None:
    """The batch failed for good."""
    taken = await runs.take(current().tenant_id, UUID(payload["import_id"]), payload["batch"])
    if taken is not None:
        await _stop(taken, payload["batch"], "import-stopped")


async def _stop(taken: Taken, number: int, code: str) -> None:
    """The import says why, the rows before this batch stay, and its file goes."""
    await runs.fail(taken.run, {"code": code, "errors": []})
    await count_stopped(taken.run, number)
    runs.remove_file(taken)


@job(JOB, on_dead=_stopped)
async def import_batch(payload: dict[str, Any]) -> None:
    """One batch, `{"import_id", "batch"}`. One that is done already does nothing."""
    taken = await runs.take(current().tenant_id, UUID(payload["import_id"]), payload["batch"])
    if taken is None:
        return
    if await is_full():  # a sandbox or a sample, by the batches before this one
        await _stop(taken, payload["batch"], "sandbox-full")
        return
    await connection().execute(_LOCK_TIMEOUT)
    try:
        file = await asyncio.to_thread(file_store().open, taken.run.tenant_id, taken.file)
    except FileNotFoundError:
        await runs.refuse(taken.run, LayoutError(ColumnError("", "file-missing", {})))
        return
    with file:
        try:
            cursor = await _cursor(file, taken)
        except LayoutError as error:
            await runs.refuse(taken.run, error)
            runs.remove_file(taken)
            return
        await _run_batch(file, taken, cursor, payload["batch"])


async def _cursor(file: BinaryIO, taken: Taken) -> Cursor:
    """Where the batch begins; the first one finds out how the file is to be read. Raises LayoutError."""
    if taken.cursor is not None:
        return taken.cursor
    await runs.begin(taken.run)
    try:
        found = await asyncio.to_thread(sniff, file, taken.filename, taken.media_type)
    except NotTextError as error:
        raise LayoutError(ColumnError("", error.code, dict(error.params))) from None
    options = taken.run.options
    declared = [a.code for a in (await current_programme()).attributes] if options.kind == "members" else []
    layout, first = await asyncio.to_thread(read_layout, file, found, options, declared)
    return Cursor(layout, first, first)


async def _run_batch(file: BinaryIO, taken: Taken, cursor: Cursor, number: int) -> None:
    context = await load_context(taken.run, cursor.layout)
    parsed = await asyncio.to_thread(_parse, file, cursor, context)
    attempt, counts = await _apply(parsed.apply, context)
    errors = attempt.errors.sorted()
    following = cursor.following(parsed.batch.end, refunds=parsed.refunds)
    await runs.advance(
        taken, following or cursor.at_end(taken.file_size), parsed.rows, counts, len(attempt.errors.failed), errors
    )
    if following is not None:
        await enqueue(JOB, {"import_id": str(taken.run.id), "batch": number + 1}, direct=True)
        return
    await end_import(taken.run, number + 1)
    if not taken.run.accrues:
        runs.remove_file(taken)


def _parse(file: BinaryIO, cursor: Cursor, context: Context) -> _Parsed:
    """Reads and checks a batch, in a thread: the loop has other jobs to serve."""
    batch = read_batch(file, cursor.layout, cursor.place, BATCH_ROWS, context.errors)
    if context.options.kind == "members":
        return _Parsed(batch, partial(apply_members, parse_members(batch.rows, context)), batch.count)
    if context.options.kind == "activities":
        return _Parsed(batch, partial(apply_activities, parse_activities(batch.rows, context)), batch.count)
    if context.options.kind == "opening_balances":
        return _Parsed(batch, partial(apply_openings, parse_openings(batch.rows, context)), batch.count)
    rows = parse_purchases(batch.rows, context)
    refunds = [row for row in rows if row.is_refund and context.is_good(row.line)]
    if cursor.refunds == "now":  # what is wrong with the rows themselves was found the first time
        context.errors = RowErrors()
        return _Parsed(batch, partial(apply_refunds, refunds), 0)
    sales = [row for row in rows if not row.is_refund]
    if context.options.dry_run:
        whole = batch.end is None and cursor.place == cursor.first
        return _Parsed(batch, partial(apply_both, sales, refunds, whole), batch.count)
    return _Parsed(batch, partial(apply_purchases, sales), batch.count, refunds=bool(refunds))


async def _apply(apply: Apply, context: Context) -> tuple[Context, Counts]:
    """Writes the batch, again where somebody else came in between. A dry run does the same and takes it back, so
    it finds the same errors; only rows that a former batch of the file would have written are not there.
    """
    for left in reversed(range(_ATTEMPTS)):
        attempt = await attempt_of(context)
        await connection().execute("SAVEPOINT batch")
        try:
            counts = await apply(attempt)
        except _TEMPORARY as error:
            await connection().execute("ROLLBACK TO SAVEPOINT batch")
            if not left:
                raise
            log.info("import batch begins anew: %s", type(error).__name__)
        else:
            if context.options.dry_run:
                await connection().execute("ROLLBACK TO SAVEPOINT batch")
            await connection().execute("RELEASE SAVEPOINT batch")
            return attempt, counts
    raise RuntimeError("unreachable: the last attempt returns or raises")
