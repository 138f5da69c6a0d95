"""Writes a batch of activities with set-based statements, in the one order that every writer of members keeps:
find, lock the members in id order, read the clock, write.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

import asyncpg

from saas.scope import connection
from tenants.activities.fingerprint import fingerprint
from tenants.activities.kinds import is_health
from tenants.imports.activities_rows import ActivityRow
from tenants.imports.activities_sql import (
    ACTIVITIES,
    ANALYZE,
    CLOCK,
    COLUMNS,
    CONSENTING,
    CREATE,
    DROP_KNOWN,
    EXTERNALS,
    KNOWN,
    LOCK,
    MEASURES,
    TABLE,
    WHOSE,
)
from tenants.imports.context import Context, Counts, RetryBatchError, create_branches, merged
from tenants.imports.missing import create_members, find_members, member_of, name_missing


class _Known(NamedTuple):
    """What a number stands for already; `member_id` is the survivor's of a merge."""

    fingerprint: bytes
    member_id: UUID


async def apply_activities(rows: list[ActivityRow], context: Context) -> Counts:
    """Writes the good rows. A number that is recorded already: unchanged if the content is the same, else an error;
    of one that comes twice here the first row counts. Raises RetryBatchError.
    """
    await _find_branches(rows, context)
    await find_members(rows, context)
    good = [row for row in rows if context.is_good(row.line)]
    missing = name_missing(good)
    for row in good:
        row.fingerprint = fingerprint(row.kind, row.occurred_at, row.value, None, row.branch_id)
    known = await _known({row.external_id for row in good}, context)
    await _lock_and_refuse([row for row in good if row.external_id not in known], set(missing.values()), context)
    good = [row for row in good if context.is_good(row.line)]
    firsts: dict[str, ActivityRow] = {}
    for row in good:
        firsts.setdefault(row.external_id, row)
    new = [row for key, row in firsts.items() if key not in known]
    if new:
        await create_members(new, missing, context)
        known |= await _write(new, context)
    return _count(good, firsts, known, context)


async def _find_branches(rows: list[ActivityRow], context: Context) -> None:
    """A row without a branch belongs to none."""
    may_create = context.options.create_missing and context.run.branch_ids is None
    if may_create:
        await create_branches(context, rows)
    for row in rows:
        row.branch_id = context.branches.get(row.branch)
        if row.branch and row.branch_id is None and (context.is_good(row.line) or not may_create):
            context.wrong(row.line, "branch", "unknown-branch", row.branch)


async def _known(keys: Iterable[str], context: Context) -> dict[str, _Known]:
    return await _by_number(await connection().fetch(KNOWN, context.tenant_id, list(keys)), context)


async def _by_number(rows: list[asyncpg.Record], context: Context) -> dict[str, _Known]:
    """With the members of the activities that these numbers stand for."""
    if not rows:
        return {}
    told = await connection().fetch(WHOSE, context.tenant_id, [row["activity_id"] for row in rows])
    members = {row["id"]: row["member_id"] for row in told}
    into = await merged(members.values(), context)
    return {
        row["external_id"]: _Known(row["fingerprint"], into.get(member := members[row["activity_id"]], member))
        for row in rows
    }


async def _lock_and_refuse(rows: list[ActivityRow], missing: set[UUID], context: Context) -> None:
    """Locks the members of these rows, in id order, and refuses the rows of those who have left, and health
    measurements of those who haven't agreed to them. Raises RetryBatchError where one was merged away meanwhile.
    """
    members = {member_of(row) for row in rows} - missing
    locked = await connection().fetch(LOCK, context.tenant_id, sorted(members))
    left = {row["id"] for row in locked if row["status"] != "active"}
    if any(row["status"] == "merged" for row in locked):
        raise RetryBatchError
    measured = [row for row in rows if is_health(context.rules, row.kind)]
    asked = {member_of(row) for row in measured} - missing
    found = await connection().fetch(CONSENTING, context.tenant_id, list(asked)) if asked else []
    consenting = {row["member_id"] for row in found}
    for row in rows:
        if row.member_id in left:
            context.wrong(row.line, "member", "member-closed", row.member)
    for row in measured:
        if row.member_id not in consenting:
            context.wrong(row.line, "kind", "health-consent-missing", row.kind)


async def _write(new: list[ActivityRow], context: Context) -> dict[str, _Known]:
    """Writes these rows, but for those whose number somebody else took meanwhile: these are returned.

    Numbers are taken in their own order, so that two imports of one file wait for each other instead of both.
    """
    await connection().execute(CREATE)
    records = (
        (r.member_id, r.branch_id, r.external_id, r.kind, r.occurred_at, r.local_day, r.value, r.fingerprint)
        for r in new
    )
    await connection().copy_records_to_table(TABLE, records=records, columns=COLUMNS)
    await connection().execute(ANALYZE)
    recorded_at = await connection().fetchval(CLOCK, context.tenant_id)
    taken: dict[str, _Known] = {}
    if await connection().execute(EXTERNALS, context.tenant_id) != f"INSERT 0 {len(new)}":
        taken = await _by_number(await connection().fetch(DROP_KNOWN, context.tenant_id), context)
    await connection().execute(ACTIVITIES, context.tenant_id, recorded_at, context.run.actor)
    await connection().execute(MEASURES, context.tenant_id)
    return taken


def _count(
    good: list[ActivityRow], firsts: dict[str, ActivityRow], known: dict[str, _Known], context: Context
) -> Counts:
    counts = Counts(imported=len(firsts) - len(firsts.keys() & known.keys()))
    for row in good:
        first, before = firsts[row.external_id], known.get(row.external_id)
        if before is None and first is row:
            continue
        if before is None:
            before = _Known(first.fingerprint, member_of(first))
        if before == _Known(row.fingerprint, member_of(row)):
            counts.unchanged += 1
        else:
            context.wrong(row.line, "external_id", "external-id-conflict", row.external_id)
    return counts
