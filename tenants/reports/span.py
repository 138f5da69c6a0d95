"""The local days that a report looks at, the branches it is about, and the steps its charts go in."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Literal, cast, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.closed import CLOSED
from saas.scope import connection, current
from tenants.programme.windows import ONE_DAY, local_day

EVER: Final = date.min
"""The first day of a span over everything that was."""
LONGEST: Final = 1830
"""Days: five years."""
_BY_DAY: Final = 35
_BY_WEEK: Final = 120
_WEEK: Final = timedelta(days=7)
_YEAR: Final = 12

Period = Literal["last_7", "last_30", "this_month", "last_month", "this_year", "last_12_months"]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
Against = Literal["before", "year"]
"""What a span is held against: the days before it, or the same days a year ago."""

_CHAIN: Final = """
SELECT timezone, currency, status, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"""


@dataclass(frozen=True, slots=True)
class Today:
    """The current tenant's local day, zone and currency. `closed`: nothing is written for it, no job runs."""

    day: date
    zone: ZoneInfo
    currency: str
    closed: bool


async def today() -> Today:
    """By the tenant's clock."""
    row = await connection().fetchrow(_CHAIN, current().tenant_id)
    if row is None:
        raise RuntimeError("a tenant without its row")
    zone = ZoneInfo(row["timezone"])
    return Today(local_day(row["now"], zone), zone, row["currency"], row["status"] in CLOSED)


@dataclass(frozen=True, slots=True)
class Span:
    """The days `first` … `last`. `branch_ids`: sorted; None: the whole chain."""

    first: date
    last: date
    branch_ids: tuple[UUID, ...] | None = None

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def after(self) -> date:
        """The day behind the last."""
        return self.last + ONE_DAY

    def steps(self) -> list[date]:
        """The first days of its steps: days, weeks from its first on, or calendar months, as its length asks for."""
        if self.days <= _BY_DAY:
            return [self.first + timedelta(days=n) for n in range(self.days)]
        if self.days <= _BY_WEEK:
            return [self.first + n * _WEEK for n in range(-(-self.days // 7))]
        starts = [self.first]
        while (following := month_later(starts[-1].replace(day=1), 1)) <= self.last:
            starts.append(following)
        return starts

    def ends(self) -> list[date]:
        """The last day of each step."""
        return [start - ONE_DAY for start in (*self.steps()[1:], self.after)]

    def whole_months(self, day: date) -> bool:
        """Whether it is made of whole calendar months, the last one perhaps only as far as `day`, today."""
        return self.first.day == 1 and (self.after.day == 1 or self.last == day)

    def against(self, what: Against) -> "Span":
        """What it is held against, as long as itself: of whole months the months before, of the days of a month so far
        the same days of the month before; else the days right before. Or all of it a year earlier.
        """
        if what == "year":
            return replace(self, first=month_later(self.first, -_YEAR), last=self._later(-_YEAR))
        months = (self.last.year - self.first.year) * _YEAR + self.last.month - self.first.month + 1
        if self.first.day == 1 and (self.after.day == 1 or months == 1):
            return replace(self, first=month_later(self.first, -months), last=self._later(-months))
        return replace(self, first=self.first - timedelta(days=self.days), last=self.first - ONE_DAY)

    def _later(self, months: int) -> date:
        """Its last day in another month: the end of a month stays one."""
        moved = month_later(self.last, months)
        return moved.replace(day=_days_of(moved)) if self.after.day == 1 else moved


def span_named(name: str, day: date, branch_ids: Sequence[UUID] | None = None) -> Span:
    """A period by its name, what it is held against (`last_30/year`), or all up to its end (`last_30/ever`)."""
    period, _, then = name.partition("/")
    span = span_of(cast("Period", period), day, branch_ids)
    if then == "ever":
        return replace(span, first=EVER)
    return span.against(cast("Against", then)) if then else span


def month_later(day: date, months: int) -> date:
    """The same day so many months on; a day that the month lacks is its last day."""
    number = day.year * _YEAR + day.month - 1 + months
    first = date(number // _YEAR, number % _YEAR + 1, 1)
    return first.replace(day=min(day.day, _days_of(first)))


def _days_of(day: date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def span_of(period: Period, day: date, branch_ids: Sequence[UUID] | None = None) -> Span:
    """The days of a period as seen from `day`, which is in it but for the month before."""
    month = day.replace(day=1)
    first, last = {
        "last_7": (day - timedelta(days=6), day),
        "last_30": (day - timedelta(days=29), day),
        "this_month": (month, day),
        "last_month": (month_later(month, -1), month - ONE_DAY),
        "this_year": (day.replace(month=1, day=1), day),
        "last_12_months": (month_later(month, -11), day),
    }[period]
    return Span(first, last, None if branch_ids is None else tuple(sorted(branch_ids)))
