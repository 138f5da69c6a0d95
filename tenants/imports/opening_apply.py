"""Takes a batch of opening balances over: find, lock the members in id order, read the clock, write."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from saas.scope import connection
from tenants.imports.context import Context, Counts, RetryBatchError
from tenants.imports.missing import create_members, find_members, member_of, name_missing
from tenants.imports.opening_rows import OpeningRow, name_tiers
from tenants.imports.opening_sql import AS_EVER, CLOCK, HASHING, KNOWN, LOCK
from tenants.imports.opening_value import Brought, choose_value, take_over
from tenants.numbers import TAKE
from tenants.programme.versions import programme
from tenants.tiers.opening import Opening, open_standings

_Key = tuple[UUID, str]
"""A member and a ladder."""


async def apply_openings(rows: list[OpeningRow], context: Context) -> Counts:
    """Takes over tiers, points and stored value of the good rows, a row whole or not at all. A tier taken over before
    is unchanged, or corrected by another file; within one file a member has one tier a ladder, of two the later line
    is an error. Of balances see `opening_value`. A row without any brings nothing. Raises RetryBatchError.
    """
    await find_members(rows, context)
    good = [row for row in rows if context.is_good(row.line)]
    bringing = [row for row in good if row.tier or row.points or row.has_wallet]
    missing = name_missing(bringing)
    await _lock_and_refuse(bringing, set(missing.values()), context)
    version: int = (await _clock(context))["programme_version"]
    if version != context.rules.version:  # published since the batch was read
        name_tiers(bringing, await programme(version), context)
    value = await choose_value([row for row in bringing if context.is_good(row.line)], context)
    said = [row for row in bringing if row.tier and context.is_good(row.line)]
    tiers, corrected = await _choose(said, context)
    value = [one for one in value if context.is_good(one.row.line)]
    new = {row.line for row in tiers} | {one.row.line for one in value}
    counts = Counts(updated=len(corrected), imported=len(new - corrected))
    counts.unchanged = sum(1 for row in good if context.is_good(row.line)) - len(new)
    if new:
        await create_members([row for row in bringing if row.line in new], missing, context)
        await _write(tiers, value, version, context)
    return counts


async def _lock_and_refuse(rows: Iterable[OpeningRow], missing: set[UUID], context: Context) -> None:
    """Locks the members of these rows, in id order, and refuses the rows of those who have left. Raises
    RetryBatchError where one was merged away meanwhile.
    """
    members = {member_of(row) for row in rows} - missing
    locked = await connection().fetch(LOCK, context.tenant_id, sorted(members))
    if any(row["status"] == "merged" for row in locked):
        raise RetryBatchError
    left = {row["id"] for row in locked if row["status"] != "active"}
    for row in rows:
        if row.member_id in left:
            context.wrong(row.line, "member", "member-closed", row.member)


async def _clock(context: Context) -> Any:
    """The tenant's `timezone`, `programme_version` and `now`."""
    return await connection().fetchrow(CLOCK, context.tenant_id)


async def _choose(rows: list[OpeningRow], context: Context) -> tuple[list[OpeningRow], set[int]]:
    """The rows whose tier is something new, one a member and ladder, and the lines of those that correct one taken
    over before; what contradicts becomes an error.
    """
    known = await _known({(member_of(row), row.ladder_code) for row in rows}, context)
    said: dict[_Key, tuple[str, date]] = {}  # by this batch
    new: list[OpeningRow] = []
    corrected = set()
    for row in rows:
        key = member_of(row), row.ladder_code
        before = known[key]
        if _repeats(row, *said.get(key, (before["tier"], before["since"]))):
            said.setdefault(key, (before["tier"], before["since"]))
        elif key in said or before["same_file"]:
            context.wrong(row.line, "tier", "opening-conflict", row.tier)
        elif before["locked_until"] is not None and before["locked_until"] >= context.today:
            context.wrong(row.line, "tier", "tier-locked", row.tier, until=str(before["locked_until"]))
        else:
            said[key] = row.tier_code, row.since or context.today
            new.append(row)
            if before["tier"] is not None:
                corrected.add(row.line)
    return new, corrected


async def _known(keys: set[_Key], context: Context) -> dict[_Key, asyncpg.Record]:
    """`tier` and `since` as taken over last (null: never), `same_file`, and `locked_until` of each."""
    members, ladders = zip(*keys, strict=True) if keys else ((), ())
    rows = await connection().fetch(KNOWN, context.tenant_id, members, ladders, context.run.id)
    return {(row["member_id"], row["ladder"]): row for row in rows}


def _repeats(row: OpeningRow, tier: str | None, since: date | None) -> bool:
    """A row without a day doesn't contradict the one that is known."""
    return row.tier_code == tier and row.since in {None, since}


async def _write(tiers: list[OpeningRow], value: list[Brought], version: int, context: Context) -> None:
    members = {member_of(row) for row in tiers} | {member_of(one.row) for one in value}
    await connection().execute(TAKE, context.tenant_id, sorted(members))
    tenant = await _clock(context)  # behind what `create_members` wrote
    if tenant["programme_version"] != version:
        raise RetryBatchError
    openings = [Opening(member_of(row), row.tier_code, row.since, row.ladder_code) for row in tiers]
    run = context.run
    await connection().execute(HASHING)
    await take_over(value, context, tenant["now"])
    await open_standings(openings, run.id, run.actor, version, tenant["now"], tenant["timezone"])
    await connection().execute(AS_EVER)
