"""Writes a batch of purchases with set-based statements, in the one order that every writer of members keeps:
find, lock the members in id order, read the clock, write.
"""

from collections.abc import Iterable
from uuid import UUID

from saas.scope import connection
from tenants.imports.context import Context, Counts, create_branches
from tenants.imports.missing import create_members, find_members, member_of, name_missing
from tenants.imports.purchases_rows import PurchaseRow
from tenants.imports.purchases_sql import (
    AGGREGATES,
    ANALYZE,
    CLOCK,
    COLUMNS,
    CREATE,
    DROP_KNOWN,
    EXTERNALS,
    LOCK,
    PURCHASES,
    TABLE,
)
from tenants.purchases.fingerprint import fingerprint

_Key = tuple[UUID, str]


async def apply_purchases(rows: list[PurchaseRow], context: Context) -> Counts:
    """Writes the good rows. A number that its branch has already: unchanged if the content is the same, else an
    error; of one that comes twice here the first row counts. Raises RetryBatchError.
    """
    await _find_branches(rows, context)
    await find_members(rows, context)
    good = [row for row in rows if context.is_good(row.line)]
    if not good:
        return Counts()
    missing = name_missing(good)
    firsts: dict[_Key, PurchaseRow] = {}
    for row in good:
        row.fingerprint = fingerprint(row.member_id, row.occurred_at, row.amount, row.category or "")
        firsts.setdefault(_key(row), row)
    await _copy(firsts.values())
    known = await _drop_known(context)
    new = [row for key, row in firsts.items() if key not in known]
    if new:
        await _lock({member_of(row) for row in new} - set(missing.values()), context)
        await create_members(new, missing, context)
        known |= await _write_new(len(new), context)
    return _count(good, firsts, known, context)


async def _find_branches(rows: list[PurchaseRow], context: Context) -> None:
    """A row without a branch belongs to the chain's first one (of those that the caller may write at)."""
    may_create = context.options.create_missing and context.run.branch_ids is None
    if may_create:
        await create_branches(context, {r.branch for r in rows if r.branch and context.is_good(r.line)})
    default = next(iter(context.branches.values()), None)
    for row in rows:
        row.branch_id = context.branches.get(row.branch) if row.branch else default
        if row.branch_id is None and (context.is_good(row.line) or not may_create):
            context.wrong(row.line, "branch", "unknown-branch", row.branch)


async def _lock(members: set[UUID], context: Context) -> None:
    """A statement of its own: what is read afterwards is what the former holder of each lock has left."""
    await connection().execute(LOCK, context.tenant_id, sorted(members))


def _count(
    good: list[PurchaseRow], firsts: dict[_Key, PurchaseRow], known: dict[_Key, bytes], context: Context
) -> Counts:
    counts = Counts(imported=len(firsts) - len(known))
    for row in good:
        key = _key(row)
        if firsts[key] is row and key not in known:
            continue
        if known.get(key, firsts[key].fingerprint) == row.fingerprint:
            counts.unchanged += 1
        else:
            context.wrong(row.line, "external_id", "external-id-conflict", row.external_id)
    return counts


def _key(row: PurchaseRow) -> _Key:
    if row.branch_id is None:
        raise RuntimeError("a good row has its branch")
    return row.branch_id, row.external_id


async def _copy(rows: Iterable[PurchaseRow]) -> None:
    await connection().execute(CREATE)
    records = (
        (r.member_id, r.branch_id, r.external_id, r.occurred_at, r.local_day, r.amount, r.category, r.fingerprint)
        for r in rows
    )
    await connection().copy_records_to_table(TABLE, records=records, columns=COLUMNS)


async def _drop_known(context: Context) -> dict[_Key, bytes]:
    """Leaves only what is new in the temporary table. Returns what was recorded before, with its fingerprint."""
    rows = await connection().fetch(DROP_KNOWN, context.tenant_id)
    return {(row["branch_id"], row["external_id"]): row["fingerprint"] for row in rows}


async def _write_new(left: int, context: Context) -> dict[_Key, bytes]:
    """The rows of the temporary table, but for those whose number somebody else took meanwhile: these are returned.

    Numbers are taken in their own order, so that two imports of one file wait for each other instead of both.
    """
    await connection().execute(ANALYZE)
    recorded_at = await connection().fetchval(CLOCK, context.tenant_id)
    taken: dict[_Key, bytes] = {}
    if await connection().execute(EXTERNALS, context.tenant_id) != f"INSERT 0 {left}":
        taken = await _drop_known(context)
    await connection().execute(PURCHASES, context.tenant_id, recorded_at, context.run.actor)
    for statement in AGGREGATES:
        await connection().execute(statement, context.tenant_id)
    return taken
