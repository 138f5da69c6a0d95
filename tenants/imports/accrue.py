"""Points for imported history: the file is read once more, and each of its purchases that has none yet gets them.

A chain of short batches behind the import's evaluation, so that its late decisions count. Each locks its members in id
order, then reads, then writes. What a purchase was given is kept with it (`purchase_credit`), so that a refund knows;
the same file again, or another one that has the same purchase, gives nothing twice.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO, Final
from uuid import UUID

import asyncpg

from saas.file_store import file_store
from saas.jobs import job
from saas.money import exponent
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.imports import runs
from tenants.imports.accrue_sql import AS_EVER, CLOCK, CREDIT, FIND, HASHING, LOCK, READ
from tenants.imports.context import Context, Counts, RetryBatchError, Run, load_context
from tenants.imports.purchases_rows import PurchaseRow, parse_purchases
from tenants.imports.reading import Batch, read_batch
from tenants.numbers import TAKE
from tenants.points import ledger
from tenants.points.book import Book, Fact
from tenants.points.lots import lot_of
from tenants.pricing.benefits import benefits_of
from tenants.pricing.earning import points_of, rate_of
from tenants.programme.asked import asks_for_points
from tenants.programme.document import Programme
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.tiers.recalculate import Request, start_recalculation

JOB: Final = "import.accrue"
BATCH_ROWS: Final = 5_000
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '15s'"
_EVALUATED: Final = (
    "UPDATE import_run AS r SET recalculation_id = coalesce($3, recalculation_id) WHERE tenant_id = $1 AND id = $2"
    " RETURNING recalculation_id"
)
_SINCE: Final = "SELECT started_at FROM import_run WHERE tenant_id = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class _Earned:
    """What a purchase earns: points at `rate` for a whole currency unit of what is left of it."""

    purchase: asyncpg.Record
    rate: Decimal
    points: int


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
        batch, rows = await asyncio.to_thread(_parse, file, cursor, context)
    points = await _accrue(rows, context)
    following = cursor.following(batch.end, refunds=False)
    await runs.advance(taken, following or cursor.at_end(taken.file_size), 0, Counts(), points=points)
    if following is not None:
        await enqueue(JOB, {**payload, "batch": payload["batch"] + 1}, direct=True)
        return
    await runs.finish(taken.run, await _evaluate(taken.run, context.rules))
    runs.remove_file(taken)


def _parse(file: BinaryIO, cursor: runs.Cursor, context: Context) -> tuple[Batch, list[PurchaseRow]]:
    """The batch, and the good ones of its purchases: what is wrong with others was told when they were read first."""
    batch = read_batch(file, cursor.layout, cursor.place, BATCH_ROWS, context.errors)
    rows = parse_purchases(batch.rows, context)
    default = next(iter(context.branches.values()), None)
    for row in rows:
        row.branch_id = context.branches.get(row.branch) if row.branch else default
    return batch, [r for r in rows if context.is_good(r.line) and not r.is_refund and r.branch_id is not None]


async def _evaluate(run: Run, rules: Programme) -> UUID | None:
    """Once more where points decide tiers; the run that has decided, or is about to."""
    tenant_id, again = run.tenant_id, None
    if run.options.evaluate and asks_for_points(rules):
        since = await connection().fetchval(_SINCE, tenant_id, run.id)
        again = await start_recalculation(Request(cause="import", facts_since=since))
    found: UUID | None = await connection().fetchval(_EVALUATED, tenant_id, run.id, again)
    return found


async def _accrue(rows: Sequence[PurchaseRow], context: Context) -> int:
    """Gives the points; answers how many. Raises RetryBatchError where a member was merged away meanwhile."""
    tenant_id = context.tenant_id
    sent = [(r.branch_id, r.external_id, r.occurred_at, r.amount, r.category) for r in rows]
    columns: Sequence[Sequence[Any]] = list(zip(*sent, strict=True)) if sent else ((), (), (), (), ())
    found = await connection().fetch(FIND, tenant_id, *columns)
    if not found:
        return 0
    members = sorted({row["holder_id"] for row in found})
    locked = await connection().fetch(LOCK, tenant_id, members)
    if any(row["status"] == "merged" for row in locked):
        raise RetryBatchError
    clock: Any = await connection().fetchrow(CLOCK, tenant_id)
    rules = await programme(clock["programme_version"])
    purchases = await connection().fetch(READ, tenant_id, [row["id"] for row in found])
    earned = [one for row in purchases if (one := _earned(row, rules)).points]
    if earned:
        await _write(earned, rules, clock["now"], context)
    return sum(one.points for one in earned)


def _earned(purchase: asyncpg.Record, rules: Programme) -> _Earned:
    """By the rules in force, at the tiers held when it was bought."""
    rate = rate_of(rules.points.per_unit, benefits_of(rules, purchase["held"] or {}).multiplier, ())
    excluded = purchase["category"] in rules.points.excluded_categories
    left = 0 if excluded else purchase["amount"] - purchase["refunded"]
    return _Earned(purchase, rate, points_of(left, rate, exponent(rules.currency)))


async def _write(earned: Sequence[_Earned], rules: Programme, now: Any, context: Context) -> None:
    tenant_id, today = context.tenant_id, local_day(now, context.zone)
    by_member: dict[UUID, list[_Earned]] = defaultdict(list)
    for one in earned:
        by_member[one.purchase["holder_id"]].append(one)
    postings = []
    for member_id, theirs in by_member.items():
        first = theirs[0].purchase
        book = Book(ledger.account_of(None if first["open"] is None else (first["open"], first["debt"])))
        for one in theirs:
            bought = one.purchase
            fact = Fact(member_id, bought["seq"], bought["id"], now, today, context.run.actor, bought["branch_id"])
            book.accrue(fact, "earn", lot_of(one.points, rules.points, bought["local_day"]))
        postings += book.postings
    await connection().execute(TAKE, tenant_id, sorted(by_member))
    await connection().execute(
        CREDIT,
        tenant_id,
        [one.purchase["id"] for one in earned],
        [one.purchase["amount"] for one in earned],
        [one.rate for one in earned],
        [one.points for one in earned],
        rules.version,
        now,
    )
    await connection().execute(HASHING)
    await ledger.post(postings)
    await connection().execute(AS_EVER)
