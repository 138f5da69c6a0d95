"""Writes a batch of purchases with set-based statements, in the one order that every writer of members keeps:
find, lock the members in id order, read the clock, write.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from saas.scope import connection
from tenants.imports.context import Context, Counts, RetryBatchError, create_branches, merged
from tenants.imports.missing import create_members, find_members, member_of, name_missing
from tenants.imports.purchases_rows import PurchaseRow
from tenants.imports.purchases_sql import (
    AGGREGATES,
    ANALYZE,
    CLOCK,
    COLUMNS,
    CREATE,
    DROP_KNOWN,
    DROP_MEMBERS,
    EXTERNALS,
    LOCK,
    PURCHASES,
    TABLE,
    WHOSE,
)
from tenants.purchases.fingerprint import fingerprint

Key = tuple[UUID, str]
"""A branch and the caller's own number there."""


class _Known(NamedTuple):
    """What a number stands for already; `recorded_for`: its member's former id, where it was merged since."""

    fingerprint: bytes
    recorded_for: UUID | None


async def apply_purchases(rows: list[PurchaseRow], context: Context) -> Counts:
    """Writes the good rows. A number that its branch has already: unchanged if the content is the same, else an
    error; of one that comes twice here the first row counts. Raises RetryBatchError.
    """
    await find_branches(rows, context)
    await find_members(rows, context)
    good = [row for row in rows if context.is_good(row.line)]
    if not good:
        return Counts()
    missing = name_missing(good)
    firsts: dict[Key, PurchaseRow] = {}
    for row in good:
        row.fingerprint = _fingerprint(row, row.member_id)
        firsts.setdefault(key_of(row), row)
    await _copy(firsts.values())
    known = await _drop_known(context)
    new = [row for key, row in firsts.items() if key not in known]
    if new and await _lock_and_refuse(new, set(missing.values()), context):
        firsts = {key: row for key, row in firsts.items() if context.is_good(row.line)}
        new = [row for row in new if context.is_good(row.line)]
        good = [row for row in good if key_of(row) in firsts]
    if new:
        await create_members(new, missing, context)
        known |= await _write_new(len(new), context)
    return _count(good, firsts, known, context)


def _fingerprint(row: PurchaseRow, member_id: UUID | None) -> bytes:
    return fingerprint(member_id, row.occurred_at, row.amount, row.category or "")


async def find_branches(rows: list[PurchaseRow], context: Context) -> None:
    """A row without a branch belongs to the chain's first one (of those that the caller may write at)."""
    may_create = context.options.create_missing and context.run.branch_ids is None
    if may_create:
        await create_branches(context, rows)
    default = next(iter(context.branches.values()), None)
    for row in rows:
        row.branch_id = context.branches.get(row.branch) if row.branch else default
        if row.branch_id is None and (context.is_good(row.line) or not may_create):
            context.wrong(row.line, "branch", "unknown-branch", row.branch)


async def _lock_and_refuse(new: list[PurchaseRow], missing: set[UUID], context: Context) -> bool:
    """Locks the members of these rows, in a statement of its own: what is read afterwards is what the former holder
    of each lock has left. True where some have left the chain: their rows are errors. Raises RetryBatchError where
    one was merged away meanwhile.
    """
    members = {member_of(row) for row in new} - missing
    locked = await connection().fetch(LOCK, context.tenant_id, sorted(members))
    if any(row["status"] == "merged" for row in locked):
        raise RetryBatchError
    left = {row["id"] for row in locked if row["status"] != "active"}
    for row in new:
        if row.member_id in left:
            context.wrong(row.line, "member", "member-closed", row.member)
    if left:
        await connection().execute(DROP_MEMBERS, list(left))
    return bool(left)


def _count(
    good: list[PurchaseRow], firsts: dict[Key, PurchaseRow], known: dict[Key, _Known], context: Context
) -> Counts:
    counts = Counts(imported=len(firsts) - len(firsts.keys() & known.keys()))
    for row in good:
        key = key_of(row)
        if firsts[key] is row and key not in known:
            continue
        before = known.get(key) or _Known(firsts[key].fingerprint, None)
        same = _fingerprint(row, before.recorded_for) if before.recorded_for else row.fingerprint
        if before.fingerprint == same:
            counts.unchanged += 1
        else:
            context.wrong(row.line, "external_id", "external-id-conflict", row.external_id)
    return counts


def key_of(row: PurchaseRow) -> Key:
    """A good row's branch and number."""
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


async def _drop_known(context: Context) -> dict[Key, _Known]:
    """Leaves only what is new in the temporary table. Returns what was recorded before."""
    rows = await connection().fetch(DROP_KNOWN, context.tenant_id)
    if not rows:
        return {}
    told = await connection().fetch(WHOSE, context.tenant_id, [row["purchase_id"] for row in rows])
    members = {row["id"]: row["member_id"] for row in told}
    others = {member for row in rows if (member := members[row["purchase_id"]]) != row["member_id"]}
    into = await merged(others, context) if others else {}

    def recorded_for(row: asyncpg.Record) -> UUID | None:
        """The same member under the id that it had before it was merged."""
        member = members[row["purchase_id"]]
        return member if into.get(member) == row["member_id"] else None

    return {(row["branch_id"], row["external_id"]): _Known(row["fingerprint"], recorded_for(row)) for row in rows}


async def _write_new(left: int, context: Context) -> dict[Key, _Known]:
    """The rows of the temporary table, but for those whose number somebody else took meanwhile: these are returned.

    Numbers are taken in their own order, so that two imports of one file wait for each other instead of both.
    """
    await connection().execute(ANALYZE)
    clock: Any = await connection().fetchrow(CLOCK, context.tenant_id)
    taken: dict[Key, _Known] = {}
    if await connection().execute(EXTERNALS, context.tenant_id) != f"INSERT 0 {left}":
        taken = await _drop_known(context)
    await connection().execute(
        PURCHASES, context.tenant_id, clock["now"], context.run.actor, clock["programme_version"]
    )
    for statement in AGGREGATES:
        await connection().execute(statement, context.tenant_id)
    return taken
