"""What a chain is told of its use: how many members were active and who, and what that will cost."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from saas.billing.usage.counting import count
from saas.billing.usage.invoice import Expected, expected_invoice, further
from saas.billing.usage.periods import Period, period_at
from saas.clock import tenant_now
from saas.errors import DomainError
from saas.plans.catalogue import Plan, plan
from saas.scope import connection, current

FRESH: Final = timedelta(minutes=5)
"""How old a count may be that is shown."""

# Who is just counting holds the row; then what was counted before is shown.
_FREE: Final = """
SELECT p.counted_at >= $3 FROM usage_period p WHERE p.tenant_id = $1 AND p.period_start = $2
   FOR UPDATE SKIP LOCKED"""
_LAST: Final = "SELECT max(p.period_start) FROM usage_period p WHERE p.tenant_id = $1"
_THERE: Final = "SELECT EXISTS (SELECT FROM usage_period p WHERE p.tenant_id = $1 AND p.period_start = $2)"
_PERIOD: Final = """
SELECT p.period_start, p.period_end, p.billed, p.counted_at, p.members, p.plan, p.revision, s.currency,
       s.next_plan, s.next_revision, s.ended_at,
       s.cancel_at_period_end OR coalesce(s.cancel_at <= s.period_end, false) AS last,
       s.period_start = p.period_start AS present
  FROM usage_period p
  LEFT JOIN subscription s ON s.tenant_id = $1 AND s.subscription_id IS NOT NULL
 WHERE p.tenant_id = $1 AND p.period_start = $2"""
_DAYS: Final = """
SELECT (u.at AT TIME ZONE t.timezone)::date AS day, count(*) AS members
  FROM usage_member u JOIN tenant t ON t.tenant_id = $1
 WHERE u.tenant_id = $1 AND u.period_start = $2 GROUP BY 1 ORDER BY 1"""
_MEMBERS: Final = """
SELECT u.member_id, u.kind, u.source_id, u.at FROM usage_member u
 WHERE u.tenant_id = $1 AND u.period_start = $2 AND u.member_id > $3 ORDER BY u.member_id LIMIT $4"""
_FIRST: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Day:
    """`new`: members first active in the period on this local day; `members`: active by its end."""

    day: date
    new: int
    members: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Of one period. `plan`: in force at the last count while it ran. `further`: active members beyond the plan's.
    `expected`: the invoice at the period's end, of the present one of a subscription.
    """

    period: Period
    counted_at: datetime | None
    members: int
    plan: Plan
    further: int
    days: tuple[Day, ...]
    expected: Expected | None


async def usage_of(period_start: datetime | None = None) -> Usage:
    """The use in the period that began then; None: in the present one, counted anew where that is long ago, or in the
    last one of a chain that has none.

    Raises DomainError `not-found` where there is none.
    """
    if period_start is None:
        period_start = await _refreshed()
    row: Any = await connection().fetchrow(_PERIOD, current().tenant_id, period_start)
    if row is None:
        raise DomainError("not-found")
    held = plan(row["plan"], row["revision"])
    return Usage(
        Period(row["period_start"], row["period_end"], row["billed"]),
        row["counted_at"],
        row["members"],
        held,
        further(row["members"], held),
        await _days(period_start),
        _expected(row, held) if row["present"] else None,
    )


async def members_counted(period_start: datetime | None, after: UUID | None, limit: int) -> list[dict[str, Any]]:
    """Up to `limit` of the members that count in the period, behind `after`, by id: `{member_id, kind, source_id, at}`
    of the first fact that made each one active. None: as for `usage_of`. Raises DomainError `not-found`.
    """
    if period_start is None:
        period_start = await _refreshed()
    elif not await connection().fetchval(_THERE, current().tenant_id, period_start):
        raise DomainError("not-found")
    rows = await connection().fetch(_MEMBERS, current().tenant_id, period_start, after or _FIRST, limit)
    return [dict(row) for row in rows]


async def _refreshed() -> datetime:
    """Where the present period begins, counted anew; of a chain that pays for none the last one."""
    now = await tenant_now()
    period = await period_at(now)
    if period is None:
        last: datetime | None = await connection().fetchval(_LAST, current().tenant_id)
        if last is None:
            raise DomainError("not-found")
        return last
    there = await connection().fetchval(_THERE, current().tenant_id, period.start)
    fresh = await connection().fetchval(_FREE, current().tenant_id, period.start, now - FRESH) if there else False
    if fresh is False:
        await count(period)
    return period.start


async def _days(period_start: datetime) -> tuple[Day, ...]:
    days, total = [], 0
    for row in await connection().fetch(_DAYS, current().tenant_id, period_start):
        total += row["members"]
        days.append(Day(row["day"], row["members"], total))
    return tuple(days)


def _expected(row: Any, held: Plan) -> Expected:
    following = plan(row["next_plan"], row["next_revision"]) if row["next_plan"] else held
    ends = row["last"] or row["ended_at"] is not None
    return expected_invoice(row["members"], held, row["currency"], None if ends else following)
