"""Merges two records of one person: the survivor takes everything over, and the other's ids lead to it."""

import contextlib
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.closed import CLOSED
from saas.errors import DomainError, FieldError
from saas.savepoint import savepoint
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.events.emit import emit
from tenants.members.consents import CHANNELS, consents_of, withdraw
from tenants.members.identities import identities_of, move_identities
from tenants.members.row import member_row
from tenants.merging.statements import AGGREGATES, ENDS, LEADS_ON, LEFT_BEHIND, MERGED, PEOPLE, SURVIVES, TASKS
from tenants.merging.value import merge_value
from tenants.numbers import take
from tenants.referrals.counting import count
from tenants.referrals.jobs import settle_locked
from tenants.tiers.merging import merge_standings
from tenants.tiers.runs import last_runs
from tenants.wallet.leaving import merge_wallets

# A sale that came upon a record just merged keeps that record's lock and wants its survivor's: the one order that
# isn't the ids'. So a merge never waits long enough for the two to wait for each other (PostgreSQL looks after 1 s):
# it lets go and begins again.
_GIVE_WAY: Final = "SET LOCAL lock_timeout = '250ms'"
_TRIES: Final = 40
_LOCK: Final = "SELECT id FROM member WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
# The locks are held: the numbers are taken, and the clock is read behind them.
_NUMBER: Final = f"""
WITH l AS ({take("(SELECT id FROM member WHERE tenant_id = $1 AND id = ANY($2::uuid[]))")})
SELECT m.id, l.seq, m.status, m.merged_into, m.joined_on, m.referrer_id, l.locked_at + t.clock_offset AS locked_at
  FROM l JOIN member AS m ON m.tenant_id = $1 AND m.id = l.id JOIN tenant AS t ON t.tenant_id = m.tenant_id
"""
_TENANT: Final = "SELECT timezone, status, programme_version FROM tenant WHERE tenant_id = $1"
# Whom a referrer's id leads to, once the two are one.
_LEADS_TO: Final = "SELECT coalesce(m.merged_into, m.id) FROM member AS m WHERE m.tenant_id = $1 AND m.id = $2"


@dataclass(frozen=True, slots=True)
class _Pair:
    """Both rows under their locks."""

    survivor: asyncpg.Record
    other: asyncpg.Record

    @property
    def ids(self) -> tuple[UUID, UUID]:
        return self.survivor["id"], self.other["id"]


async def merge(survivor_id: UUID, other_id: UUID) -> asyncpg.Record:
    """Merges `other_id` into `survivor_id` and returns the survivor's row.

    Facts stay where they were recorded and count for the survivor from now on. Its tiers are the higher of both, and
    are then evaluated, upward only. Two merges of the same pair wait for each other: the second is refused.

    Raises DomainError `not-found`, `merge-self`, `member-closed`, `member-merged`, `tenant-closed`, and
    `validation-failed` at `/other_id` for one who is nobody.
    """
    if survivor_id == other_id:
        raise DomainError("merge-self")
    pair = await _lock(survivor_id, other_id)
    survivor, other = pair.ids
    tenant: Any = await connection().fetchrow(_TENANT, current().tenant_id)
    if tenant["status"] in CLOSED:
        raise DomainError("tenant-closed")
    detail = await _unite_people(pair)
    # The tiers taken over are the rules' of now, and last until the schedules of now: no instant tells a replay which.
    runs = {ladder: day.isoformat() for ladder, day in (await last_runs()).items()}
    detail["tiers"] = {"programme_version": tenant["programme_version"], "last_runs": runs}
    for statement in AGGREGATES:
        await connection().execute(statement, current().tenant_id, survivor, other)
    for statement in LEFT_BEHIND:
        await connection().execute(statement, current().tenant_id, other)
    for statement in TASKS:
        await connection().execute(statement, current().tenant_id, survivor, other, pair.survivor["locked_at"])
    merge_id = await _write(pair, detail)
    await merge_value(pair.survivor, pair.other, merge_id, tenant["timezone"])
    await merge_wallets(pair.survivor, pair.other, merge_id)
    # Who brought itself counts for nobody, before the tiers look. Other referrers are not locked: a job counts theirs.
    await settle_locked([survivor, other], survivor)
    await count([survivor, other])
    await merge_standings(
        survivor, other, merge_id, tenant["programme_version"], pair.survivor["locked_at"], tenant["timezone"]
    )
    await emit("member.merged", {"other_id": str(other)}, member_id=survivor, at=pair.survivor["locked_at"])
    await record("member.merge", f"member:{survivor}", {"other_id": str(other), "merge_id": str(merge_id)})
    return await member_row(survivor)


async def _lock(survivor_id: UUID, other_id: UUID) -> _Pair:
    """Both locks in id order, then both next numbers."""
    ids = sorted([survivor_id, other_id])
    await _take_turn(ids)
    rows = {row["id"]: row for row in await connection().fetch(_NUMBER, current().tenant_id, ids)}
    if survivor_id not in rows:
        raise DomainError("not-found")
    if other_id not in rows:
        raise DomainError("validation-failed", errors=[FieldError("/other_id", "unknown-member")])
    for row in (rows[survivor_id], rows[other_id]):
        if row["status"] == "merged":
            raise DomainError("member-merged", params={"survivor_id": str(row["merged_into"])})
        if row["status"] != "active":
            raise DomainError("member-closed")
    return _Pair(rows[survivor_id], rows[other_id])


async def _take_turn(ids: list[UUID]) -> None:
    """Both locks, or neither for a moment. Raises DomainError `busy` where that goes on for ten seconds."""
    for _ in range(_TRIES):
        with contextlib.suppress(asyncpg.LockNotAvailableError):
            async with savepoint():
                before = await connection().fetchval("SHOW lock_timeout")
                await connection().execute(_GIVE_WAY)
                await connection().fetch(_LOCK, current().tenant_id, ids)
                await connection().execute("SELECT set_config('lock_timeout', $1, true)", before)
            return
    raise DomainError("busy")


async def _unite_people(pair: _Pair) -> dict[str, Any]:
    """Identities, attributes, tags, consents, rechecks. Returns what a replay needs to know; nothing personal."""
    survivor, other = pair.ids
    moved = sorted(kind for kind, _ in await identities_of(other))
    await move_identities(other, survivor)
    for statement in PEOPLE:
        await connection().execute(statement, current().tenant_id, survivor, other)
    both = await consents_of(survivor) & await consents_of(other)
    lost = [channel for channel in CHANNELS if channel not in both]
    withdrawn = await withdraw(survivor, lost, pair.survivor["locked_at"], "merge")
    return {
        "joined_on": [str(pair.survivor["joined_on"]), str(pair.other["joined_on"])],
        "identities": moved,
        "consents_withdrawn": sorted(withdrawn),
    }


async def _write(pair: _Pair, detail: dict[str, Any]) -> UUID:
    survivor, other = pair.ids
    referrer_id = await _referrer(pair)
    await connection().execute(SURVIVES, current().tenant_id, survivor, other, referrer_id)
    await connection().execute(ENDS, current().tenant_id, survivor, other, pair.survivor["locked_at"])
    await connection().execute(LEADS_ON, current().tenant_id, survivor, other)
    merge_id: UUID = await connection().fetchval(
        MERGED,
        current().tenant_id,
        survivor,
        other,
        pair.survivor["seq"],
        pair.other["seq"],
        pair.survivor["locked_at"],
        {**detail, "referrer_id": None if referrer_id is None else str(referrer_id)},
        current().principal.actor,
    )
    return merge_id


async def _referrer(pair: _Pair) -> UUID | None:
    """Who brought the person: the survivor's referrer, else the other's; not one record of it the other."""
    for row in (pair.survivor, pair.other):
        if row["referrer_id"] is not None:
            leads_to: UUID = await connection().fetchval(_LEADS_TO, current().tenant_id, row["referrer_id"])
            if leads_to not in pair.ids:
                return leads_to
    return None
