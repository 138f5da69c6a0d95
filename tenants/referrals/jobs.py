"""Counts referrals: a brought member counts for its referrer once, on the day of its first purchase that stands.

The counting looks at how things are and moves what is written to match, so it may run twice, late, and in any order:
the last one sees the last change, because each change asks for a count of its own. It locks the referrers, in id
order; nobody who holds a brought member's lock ever waits for its referrer's.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.jobs import job
from saas.scope import connection, current
from tenants.measures.add import Measured, add
from tenants.measures.codes import REFERRAL
from tenants.numbers import take
from tenants.programme.versions import programme
from tenants.referrals.counting import JOB, count
from tenants.referrals.earning import Counted, earn
from tenants.tiers.evaluate import evaluate_fact
from tenants.triggers import WANTED, queue

_MOST_REFERRERS: Final = 50
"""Whose locks one transaction holds while they are evaluated."""
_LOCK_TIMEOUT: Final = "SET LOCAL lock_timeout = '15s'"

# Merged records lead to their survivors, on both sides. Of two records of one person the survivor is looked at too.
_STATE: Final = """
WITH brought AS (
    SELECT m.id, m.status, m.merged_into, m.referrer_id FROM member m
     WHERE m.tenant_id = $1 AND m.id IN (
           SELECT n.id FROM unnest($2::uuid[]) AS n (id)
            UNION SELECT o.merged_into FROM member o WHERE o.tenant_id = $1 AND o.id = ANY ($2)))
SELECT b.id, coalesce(r.merged_into, r.id) AS referrer_id, coalesce(c.merged_into, c.id) AS counted_for,
       k.counted_on,
       CASE WHEN b.status <> 'merged' AND coalesce(r.merged_into, r.id) <> b.id THEN
         (SELECT min(d.day) FROM member_day d WHERE d.tenant_id = $1 AND d.member_id = b.id AND d.purchases > 0)
       END AS day
  FROM brought b
  LEFT JOIN member r ON r.tenant_id = $1 AND r.id = b.referrer_id
  LEFT JOIN referral k ON k.tenant_id = $1 AND k.member_id = b.id
  LEFT JOIN member c ON c.tenant_id = $1 AND c.id = k.referrer_id
 ORDER BY b.id"""
_LOCK: Final = "SELECT id, status FROM member WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"
_CLOCK: Final = (
    "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now,"
    f" {WANTED.format(trigger='referral')} AS wanted FROM tenant WHERE tenant_id = $1"
)
_WRITE: Final = f"""
WITH n AS (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::date[], $5::date[], $6::boolean[])
        AS n (member_id, referrer_id, from_day, to_day, last)),
s AS (
    {take("(SELECT DISTINCT referrer_id AS id FROM n)")}),
v AS (
    INSERT INTO referral_move AS v (tenant_id, member_id, referrer_id, seq, from_day, to_day, recorded_at,
                                    programme_version)
    SELECT $1, n.member_id, n.referrer_id, s.seq, n.from_day, n.to_day, $7, $8
      FROM n JOIN s ON s.id = n.referrer_id ORDER BY n.referrer_id, n.member_id
    RETURNING v.id, v.member_id, v.referrer_id, v.seq, v.from_day, v.to_day),
r AS (
INSERT INTO referral AS r (tenant_id, member_id, referrer_id, seq, recorded_at, counted_on)
SELECT $1, n.member_id, n.referrer_id, s.seq, $7, n.to_day FROM n JOIN s ON s.id = n.referrer_id
 WHERE n.last ORDER BY n.member_id
ON CONFLICT (tenant_id, member_id) DO UPDATE SET referrer_id = excluded.referrer_id, seq = excluded.seq,
   recorded_at = excluded.recorded_at, counted_on = excluded.counted_on)
SELECT v.* FROM v ORDER BY v.id"""


@dataclass(frozen=True, slots=True)
class _Move:
    """What a referrer's count gains (`to_day`), loses (`from_day`), or moves. `last`: what holds for the brought
    member from now on, where it leaves one referrer for another.
    """

    member_id: UUID
    referrer_id: UUID
    from_day: date | None
    to_day: date | None
    last: bool


@job(JOB)
async def count_referrals(payload: dict[str, Any]) -> None:
    """`{"member_ids"}` or `{"member_id"}`: whom to count for their referrers."""
    members = [UUID(one) for one in payload.get("member_ids") or [payload["member_id"]]]
    taken, left = _split(await _state(members))
    if left:
        await count(left)
    await _lock_and_apply(taken, evaluate=True)


async def settle(members: Collection[UUID]) -> None:
    """Counts these brought members at once, under their referrers' locks, and leaves the tiers to a later evaluation.
    The caller holds no member's lock.
    """
    wrong = [row for row in await _state(members) if _moves(row)]
    await _lock_and_apply(wrong, evaluate=False)


async def _lock_and_apply(wrong: Sequence[asyncpg.Record], *, evaluate: bool) -> None:
    referrers = {one for row in wrong for one in _referrers(row)}
    if not referrers:
        return
    await connection().execute(_LOCK_TIMEOUT)
    locked = await connection().fetch(_LOCK, current().tenant_id, sorted(referrers))
    rows = await _state([row["id"] for row in wrong])  # as it is now that nobody else counts for them
    await _apply(rows, {row["id"]: row["status"] for row in locked}, evaluate=evaluate)


async def settle_locked(members: Collection[UUID], referrer_id: UUID) -> None:
    """Counts these brought members at once where nobody but `referrer_id` gains or loses by it, whose lock the caller
    holds: a merge takes back what one record of a person brought as another. Nothing is evaluated.
    """
    await _apply(await _state(members), {referrer_id: "active"}, evaluate=False)


async def _state(members: Collection[UUID]) -> list[asyncpg.Record]:
    return await connection().fetch(_STATE, current().tenant_id, list(members))


def _referrers(row: asyncpg.Record) -> set[UUID]:
    """Whose counts the row may change."""
    return {one for one in (row["referrer_id"], row["counted_for"]) if one is not None}


def _split(rows: Sequence[asyncpg.Record]) -> tuple[list[asyncpg.Record], list[UUID]]:
    """Rows of as many referrers as one transaction may lock, the first by id, and the members of the others."""
    wrong = sorted((row for row in rows if _moves(row)), key=lambda row: min(_referrers(row)))
    referrers: set[UUID] = set()
    for place, row in enumerate(wrong):
        referrers |= _referrers(row)
        if len(referrers) > _MOST_REFERRERS and place:
            return wrong[:place], [one["id"] for one in wrong[place:]]
    return wrong, []


def _moves(row: asyncpg.Record) -> list[_Move]:
    """What has to be written for one brought member; nothing where all is as it should be."""
    before: date | None = row["counted_on"]
    after: date | None = row["day"]
    if row["counted_for"] == row["referrer_id"] or before is None or after is None:
        if before == after:
            return []
        whose = row["counted_for"] if after is None else row["referrer_id"]
        return [_Move(row["id"], whose, before, after, last=True)]
    return [
        _Move(row["id"], row["counted_for"], before, None, last=False),
        _Move(row["id"], row["referrer_id"], None, after, last=True),
    ]


async def _apply(rows: Sequence[asyncpg.Record], statuses: dict[UUID, str], *, evaluate: bool) -> None:
    """Writes what is missing, with its points, and evaluates whoever gained; without `evaluate` no points are given
    either, only taken back (an import's history, a merge). A member whose referrer has changed meanwhile, to one
    that isn't locked, is left to the count that this change has asked for.
    """
    moves = [move for row in rows if _referrers(row) <= statuses.keys() for move in _moves(row)]
    if not moves:
        return
    clock = await connection().fetchrow(_CLOCK, current().tenant_id)
    if clock is None:
        raise RuntimeError("a tenant without its row")
    zone = ZoneInfo(clock["timezone"])
    counted = await _write(moves, clock["now"], clock["programme_version"] if evaluate else None)
    there = [each for each in counted if statuses[each.referrer_id] == "active"]
    rules = (await programme(clock["programme_version"])).points if evaluate else None
    await earn(there, rules, clock["now"], zone)
    if not evaluate:
        return
    gained: dict[UUID, list[UUID]] = defaultdict(list)
    for move in moves:
        if move.to_day is not None and statuses[move.referrer_id] == "active":
            gained[move.referrer_id].append(move.member_id)
    for referrer_id in sorted(gained):
        cause_id = gained[referrer_id][-1]
        await evaluate_fact(
            referrer_id, clock["programme_version"], clock["now"], clock["timezone"], "referral", cause_id, None
        )
    if gained and clock["wanted"]:
        await queue("referral", {"member_ids": sorted(str(one) for some in gained.values() for one in some)})


async def _write(moves: Sequence[_Move], now: datetime, version: int | None) -> list[Counted]:
    """`version`: of the rules that decide next; None: nothing is decided."""
    measured = [
        Measured(move.referrer_id, REFERRAL, day, facts=facts)
        for move in moves
        for day, facts in ((move.from_day, -1), (move.to_day, 1))
        if day is not None
    ]
    await add(measured)
    rows = await connection().fetch(
        _WRITE,
        current().tenant_id,
        [move.member_id for move in moves],
        [move.referrer_id for move in moves],
        [move.from_day for move in moves],
        [move.to_day for move in moves],
        [move.last for move in moves],
        now,
        version,
    )
    return [Counted(**row) for row in rows]
