"""What was counted and what of it Stripe's meter was told: `usage_report`, written before the call.

A report is about an instant, the last second of a local day or of a period, and has a name made of it
(`<tenant>:<day>`, `<tenant>:<period's start>:final`) that Stripe counts once. What a name says never changes: a
correction is the next day's value. Failed ones go again under the name with a number behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.billing.usage.counting import count, prove
from saas.billing.usage.periods import Period, period_at
from saas.billing.usage.schedule import day_start
from saas.scope import connection, current

MOST_DAYS: Final = timedelta(days=35)
"""How far back Stripe takes reports."""
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = timedelta(days=1)

_CLOCK: Final = """
SELECT clock_timestamp() + t.clock_offset AS now, t.timezone, p.customer_id
  FROM tenant t LEFT JOIN billing_profile p ON p.tenant_id = $1 WHERE t.tenant_id = $1"""
_DAYS: Final = "SELECT r.day FROM usage_report r WHERE r.tenant_id = $1 AND r.identifier = ANY ($2)"
_FINAL: Final = "SELECT EXISTS (SELECT FROM usage_report r WHERE r.tenant_id = $1 AND r.identifier = $2)"
_BEFORE: Final = """
SELECT count(*) FROM usage_member u WHERE u.tenant_id = $1 AND u.period_start = $2 AND u.at < $3"""
_WRITE: Final = """
INSERT INTO usage_report AS r (tenant_id, identifier, period_start, day, value, counted_at, at)
SELECT $1, $2, $3, $4, $5, clock_timestamp() + t.clock_offset, $6 FROM tenant t WHERE t.tenant_id = $1
ON CONFLICT DO NOTHING"""
_UNSENT: Final = """
SELECT r.identifier, r.value, r.at, r.at <= clock_timestamp() + t.clock_offset - $2::interval AS too_late, p.customer_id
  FROM usage_report r JOIN tenant t ON t.tenant_id = $1 JOIN billing_profile p ON p.tenant_id = $1
 WHERE r.tenant_id = $1 AND r.sent_at IS NULL AND r.failed IS NULL AND p.customer_id IS NOT NULL
 ORDER BY r.at, r.identifier"""
_SENT: Final = """
UPDATE usage_report AS r SET sent_at = clock_timestamp() + t.clock_offset FROM tenant t
 WHERE t.tenant_id = $1 AND r.tenant_id = $1 AND r.identifier = $2 AND r.sent_at IS NULL"""
_FAILED: Final = "UPDATE usage_report AS r SET failed = $3 WHERE r.tenant_id = $1 AND r.identifier = $2"


@dataclass(frozen=True, slots=True)
class Report:
    """One that Stripe hasn't confirmed. `at`: what it is about; `too_late`: Stripe wouldn't take it any more."""

    identifier: str
    customer_id: str
    value: int
    at: datetime
    too_late: bool


@dataclass(frozen=True, slots=True)
class Clock:
    """The tenant's now and zone; the customer that Stripe knows it by, if any."""

    now: datetime
    timezone: str
    customer_id: str | None


async def read_clock() -> Clock:
    """The current tenant's."""
    row: Any = await connection().fetchrow(_CLOCK, current().tenant_id)
    return Clock(row["now"], row["timezone"], row["customer_id"])


async def write_days(clock: Clock) -> None:
    """Counts, and writes the reports of the local days that are over and have none, as far back as Stripe takes them.
    Days of a period that had its last report are over and done with.
    """
    today = clock.now.astimezone(ZoneInfo(clock.timezone)).date()
    is_open: dict[datetime, bool] = {}
    for day in await _days_without(today):
        last = day_start(day + _DAY, clock.timezone) - _SECOND
        period = await period_at(last)
        if period is None or not period.billed or last <= clock.now - MOST_DAYS:
            continue
        if period.start not in is_open:
            is_open[period.start] = not await _is_closed(period)
            if is_open[period.start]:
                await count(period)
        if is_open[period.start]:
            await _write(f"{current().tenant_id}:{day}", period, day, last)


async def write_final(period: Period, timezone: str) -> None:
    """Counts the whole period, proves it, and writes its last report."""
    await prove(period)
    last = period.end - _SECOND
    day = last.astimezone(ZoneInfo(timezone)).date()
    await _write(final_identifier(current().tenant_id, period), period, day, last)


async def unsent() -> Sequence[Report]:
    """The current tenant's, the oldest first."""
    rows = await connection().fetch(_UNSENT, current().tenant_id, MOST_DAYS)
    return [Report(r["identifier"], r["customer_id"], r["value"], r["at"], r["too_late"]) for r in rows]


async def mark_sent(identifier: str) -> None:
    """Stripe has it."""
    await connection().execute(_SENT, current().tenant_id, identifier)


async def mark_failed(identifier: str, why: str) -> bool:
    """Stripe doesn't take it, by a code of Stripe's or ours. False: there is no such report."""
    return await connection().execute(_FAILED, current().tenant_id, identifier, why) != "UPDATE 0"


def final_identifier(tenant_id: UUID, period: Period) -> str:
    """Of the period's last report."""
    return f"{tenant_id}:{int(period.start.timestamp())}:final"


async def _days_without(today: date) -> list[date]:
    days = [today - n * _DAY for n in range(MOST_DAYS.days + 1, 0, -1)]
    names = [f"{current().tenant_id}:{day}" for day in days]
    rows = await connection().fetch(_DAYS, current().tenant_id, names)
    there = {row["day"] for row in rows}
    return [day for day in days if day not in there]


async def _is_closed(period: Period) -> bool:
    found: bool = await connection().fetchval(
        _FINAL, current().tenant_id, final_identifier(current().tenant_id, period)
    )
    return found


async def _write(identifier: str, period: Period, day: date, last: datetime) -> None:
    """How many had been active by the end of the instant's second."""
    tenant_id = current().tenant_id
    value = await connection().fetchval(_BEFORE, tenant_id, period.start, last + _SECOND)
    await connection().execute(_WRITE, tenant_id, identifier, period.start, day, value, last)
