"""Tiers that a refund has put in question, until the decision that gave them was made anew.

A refund itself decides nothing. It marks the member's tiers above the base; at the recheck, a local midnight, the
last decision is recomputed as of its own instant with what is left of the purchases. Where that gives less, the
member gets it, reason `refund`. What an undo put back was given by the decision before that fact; what a publish
carried over under another name, by the one before it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.scope import connection, current
from tenants.programme.compiler import Ids
from tenants.programme.document import Ladder, Programme
from tenants.programme.kept import Validity, gone_on
from tenants.programme.moment import moment_of
from tenants.programme.schedule import next_schedule_day, schedule_instant
from tenants.programme.versions import programme
from tenants.programme.windows import ONE_DAY, local_day
from tenants.tiers.deciding import Way, statement_for
from tenants.tiers.gifts import lowered
from tenants.tiers.origin import gave

# A lateral, which OFFSET keeps one: each member's tiers are looked up, whatever the planner believes of a chain that
# was never analysed.
_MARK: Final = """
INSERT INTO tier_recheck AS r (tenant_id, member_id, ladder, due_at, refund_id)
SELECT $1, n.member_id, s.ladder, x.due_at, n.refund_id
  FROM unnest($2::uuid[], $3::uuid[]) n (member_id, refund_id)
 CROSS JOIN LATERAL (
       SELECT h.ladder FROM member_tier h WHERE h.tenant_id = $1 AND h.member_id = n.member_id AND h.rank > 0
          AND (SELECT m.status FROM member m WHERE m.tenant_id = $1 AND m.id = n.member_id) = 'active' OFFSET 0) s
  JOIN unnest($4::text[], $5::timestamptz[]) x (ladder, due_at) ON x.ladder = s.ladder
 ORDER BY n.member_id, s.ladder
ON CONFLICT DO NOTHING"""
_ANY_DUE: Final = (
    "SELECT EXISTS (SELECT FROM tier_recheck WHERE tenant_id = $1 AND ladder = ANY($2::text[]) AND due_at <= $3)"
)
_DUE: Final = f"""
SELECT r.member_id, r.ladder, s.rank, s.effective_at, s.valid_from, s.valid_until, s.locked_until, s.may_rise,
       k.effective_at AS given_at, k.reason, k.cause,
       k.programme_version
  FROM tier_recheck r
  LEFT JOIN member_tier s ON s.tenant_id = $1 AND s.member_id = r.member_id AND s.ladder = r.ladder
  LEFT JOIN LATERAL {gave("s")} k ON true
 WHERE r.tenant_id = $1 AND r.ladder = ANY($2::text[]) AND r.due_at <= $3 AND r.member_id = ANY($4::uuid[])"""
_DROP: Final = """
DELETE FROM tier_recheck r USING unnest($2::uuid[], $3::text[]) x (member_id, ladder)
 WHERE r.tenant_id = $1 AND r.member_id = x.member_id AND r.ladder = x.ladder"""
_POSTPONE: Final = """
UPDATE tier_recheck r SET due_at = x.due_at FROM unnest($2::uuid[], $3::text[], $4::timestamptz[])
       x (member_id, ladder, due_at)
 WHERE r.tenant_id = $1 AND r.member_id = x.member_id AND r.ladder = x.ladder"""

_NOT_THE_RULES: Final = frozenset({"manual", "import", "merge", "refund", "programme_change"})
"""Reasons of decisions that no purchase gave."""


@dataclass(frozen=True, slots=True)
class Recheck:
    """The recheck of instant `at`, a local midnight. `firing`: the ladders' schedule fires then as well, and decides
    next. `last_runs` as in a `Moment`. `retarget`: ladders (codes) on which it gives the tier of new rules to everyone.
    """

    at: datetime
    rules: Programme
    zone: ZoneInfo
    recorded_at: datetime
    firing: bool
    last_runs: Mapping[str, date]
    retarget: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class _Again:
    """A decision's way to be made again: equal ones share a statement."""

    ladder: str
    version: int
    at: datetime
    firing: bool
    way: Way


async def mark_rechecks(refunds: Mapping[UUID, UUID], version: int, recorded_at: datetime, timezone: str) -> None:
    """Marks every tier above the base that these members hold for its ladder's recheck; nothing is decided now.
    `refunds`: by member, the one that is the reason.

    The caller holds the members' locks. A mark that waits already stays as it is: it looks at every refund until then.
    """
    rules = await programme(version)
    zone = ZoneInfo(timezone)
    await connection().execute(
        _MARK,
        current().tenant_id,
        list(refunds),
        list(refunds.values()),
        [ladder.code for ladder in rules.ladders],
        [recheck_due(ladder, recorded_at, zone) for ladder in rules.ladders],
    )


def recheck_due(ladder: Ladder, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant of the recheck of what was refunded at `after`: a local midnight."""
    today = local_day(after, zone)
    if ladder.policy.refund_recheck == "end_of_day":
        return schedule_instant(today + ONE_DAY, zone)
    return schedule_instant(next_schedule_day(ladder.policy.schedule, today), zone)


async def recheck_marked(recheck: Recheck, ladders: Sequence[str], locked: Sequence[UUID]) -> int:
    """Makes the due rechecks of these ladders for members whose locks the caller holds, and takes their marks away.

    Returns how many tiers were lowered.
    """
    tenant_id = current().tenant_id
    if not await connection().fetchval(_ANY_DUE, tenant_id, ladders, recheck.at):
        return 0
    due = await connection().fetch(_DUE, tenant_id, ladders, recheck.at, locked)
    postponed = [mark for mark in due if mark["rank"] and _is_later(mark, recheck.at)]
    settled = [mark for mark in due if mark not in postponed]
    again: dict[_Again, list[UUID]] = defaultdict(list)
    for mark in settled:
        if mark["rank"] and by_the_rules(mark["reason"], mark["cause"]) and not _decides_anew(mark, recheck):
            again[_again(mark)].append(mark["member_id"])
    lowered = [await _recompute(recheck, how, members) for how, members in again.items()]
    await connection().execute(
        _DROP, tenant_id, [mark["member_id"] for mark in settled], [mark["ladder"] for mark in settled]
    )
    await _postpone(postponed, recheck)
    return sum(lowered)


def _is_later(mark: asyncpg.Record, at: datetime) -> bool:
    """A publish of that very instant that only carried the tier over is no decision behind it."""
    later: bool = mark["effective_at"] > at or mark["given_at"] >= at
    return later


def _decides_anew(mark: asyncpg.Record, recheck: Recheck) -> bool:
    """Whether the firing decides about the tier with the values of now: it finds validity and grace over, or gives
    everyone the tier of new rules.
    """
    ladder = recheck.rules.ladder(mark["ladder"])
    if ladder is None or not recheck.firing:
        return False
    if ladder.code in recheck.retarget:
        return True
    ends = gone_on(recheck.rules, ladder, Validity.of(mark), recheck.last_runs).valid_until
    return ends is not None and ends + timedelta(days=ladder.policy.grace_days) < local_day(recheck.at, recheck.zone)


def by_the_rules(reason: str, cause: str) -> bool:
    """Whether a decision is made again after a refund. A purchase that was the first under new rules gave what these
    give, and may be given back.
    """
    return reason not in _NOT_THE_RULES or _is_first_under(reason, cause)


def _is_first_under(reason: str, cause: str) -> bool:
    return (reason, cause) == ("programme_change", "purchase")


def _again(mark: asyncpg.Record) -> _Again:
    rose = mark["cause"] == "merge"
    firing = mark["reason"] == "late" or mark["cause"] in {"recalculation", "manual"}
    first = _is_first_under(mark["reason"], mark["cause"])
    way = Way.RECHECK_RETARGET if first else Way.RECHECK_RISE if rose else Way.RECHECK
    return _Again(mark["ladder"], mark["programme_version"], mark["given_at"], firing, way)


async def _recompute(recheck: Recheck, how: _Again, members: list[UUID]) -> int:
    """By the rules of the decision itself."""
    rules = await programme(how.version)
    ladders = tuple(j for j, ladder in enumerate(rules.ladders) if ladder.code == how.ladder)
    moment = moment_of(
        how.at,
        recheck.zone,
        firing=how.firing,
        recorded_at=recheck.recorded_at,
        cause="refund",
        cause_id=members[0],  # unused: each decision names the refund that marked its tier
        effective_at=recheck.at,
        last_runs=recheck.last_runs,
    )
    statement = statement_for(current().tenant_id, rules, ladders, Ids.SOME, how.way, now=recheck.rules)
    arguments = statement.arguments(current().tenant_id, (members,), moment)
    made = await connection().fetch(statement.sql, *arguments)
    await lowered([row["decision_id"] for row in made])
    return len(made)


async def _postpone(marks: list[asyncpg.Record], recheck: Recheck) -> None:
    """What was decided later than this recheck is looked at by the next one: history isn't rewritten."""
    known = [(mark, ladder) for mark in marks if (ladder := recheck.rules.ladder(mark["ladder"])) is not None]
    if known:
        await connection().execute(
            _POSTPONE,
            current().tenant_id,
            [mark["member_id"] for mark, _ in known],
            [mark["ladder"] for mark, _ in known],
            [recheck_due(ladder, recheck.recorded_at, recheck.zone) for _, ladder in known],
        )
