"""Windows of a metric: which local days count, exactly as the table in the domain's description says."""

import calendar
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tenants.programme.strict import Day, Fault, Strict, by_tag, invalid

ONE_DAY = timedelta(days=1)


class Lifetime(Strict):
    type: Literal["lifetime"]


class CalendarMonth(Strict):
    """Offset 0 is the month of D up to D, -1 the month before, whole."""

    type: Literal["calendar_month"]
    offset: int = Field(default=0, ge=-1200, le=0)


class CalendarQuarter(Strict):
    type: Literal["calendar_quarter"]
    offset: int = Field(default=0, ge=-400, le=0)


class CalendarYear(Strict):
    type: Literal["calendar_year"]
    offset: int = Field(default=0, ge=-100, le=0)


class RollingDays(Strict):
    type: Literal["rolling_days"]
    days: int = Field(ge=1, le=36_600)


class RollingMonths(Strict):
    type: Literal["rolling_months"]
    months: int = Field(ge=1, le=1200)


class MembershipYear(Strict):
    """Offset 0 begins at the latest anniversary of joining, -1 at the one before."""

    type: Literal["membership_year"]
    offset: int = Field(default=0, ge=-100, le=0)


class Between(Strict):
    type: Literal["between"]
    first: Day = Field(alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise invalid("between", [Fault(("to",), "days-crossed", "The last day is before the first")])
        return self


class SinceTierStart(Strict):
    type: Literal["since_tier_start"]


class CurrentValidity(Strict):
    type: Literal["current_validity"]


AnyWindow = (
    Lifetime
    | CalendarMonth
    | CalendarQuarter
    | CalendarYear
    | RollingDays
    | RollingMonths
    | MembershipYear
    | Between
    | SinceTierStart
    | CurrentValidity
)
Window = Annotated[
    AnyWindow,
    by_tag(
        "type",
        "unknown-window",
        Lifetime,
        CalendarMonth,
        CalendarQuarter,
        CalendarYear,
        RollingDays,
        RollingMonths,
        MembershipYear,
        Between,
        SinceTierStart,
        CurrentValidity,
    ),
]
"""The type to annotate a field with; errors carry the document's path."""


def add_months(day: date, months: int) -> date:
    """The same day of another month, or its last day where it lacks that (31 January + 1: 28 February)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def anniversary(joined_on: date, on_or_before: date) -> date:
    """The latest anniversary of joining at or before a day (29 February: 28 in other years).

    Before `joined_on` the count simply goes on backwards, so that it's defined for every day.
    """
    years = on_or_before.year - joined_on.year
    this_year = add_months(joined_on, 12 * years)
    return this_year if this_year <= on_or_before else add_months(joined_on, 12 * (years - 1))


def bounds(  # noqa: C901, PLR0911 - one case per row of the table
    window: AnyWindow, day: date, *, joined_on: date, tier_start: date, validity_start: date
) -> tuple[date | None, date]:
    """First and last local day of a window at D = `day`, both included.

    None as the first day: no beginning (lifetime). First after last: an empty window. `tier_start` and
    `validity_start` are `joined_on` for a member in the base tier; under `until_next_schedule` the validity
    began at the last schedule at or before D. A `lifetime` counted anew after a fall is the caller's matter:
    this function knows no falls.
    """
    match window:
        case Lifetime():
            return None, day
        case CalendarMonth(offset=offset):
            return _period(day, day.replace(day=1), 1, offset)
        case CalendarQuarter(offset=offset):
            return _period(day, date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3, offset)
        case CalendarYear(offset=offset):
            return _period(day, date(day.year, 1, 1), 12, offset)
        case RollingDays(days=days):
            return day - timedelta(days=days - 1), day
        case RollingMonths(months=months):
            return add_months(day, -months) + ONE_DAY, day
        case MembershipYear(offset=offset):
            return _membership_year(day, joined_on, offset)
        case Between(first=first, last=last):
            return first, min(last, day)
        case SinceTierStart():
            return tier_start, day
        case CurrentValidity():
            return validity_start, day


def is_constant(window: AnyWindow) -> bool:
    """Whether the window's days follow from D alone, the same for every member."""
    return not isinstance(window, MembershipYear | SinceTierStart | CurrentValidity)


def local_day(instant: datetime, tz: tzinfo) -> date:
    """The local day on which an instant lies (T)."""
    return instant.astimezone(tz).date()


def local_day_before(instant: datetime, tz: tzinfo) -> date:
    """The local day of the last instant before this one (D): at midnight, the day that has just ended."""
    # in UTC, since arithmetic on a local time moves the wall clock; PostgreSQL's smallest step is 1 µs
    return (instant.astimezone(UTC) - timedelta(microseconds=1)).astimezone(tz).date()


def window_key(window: AnyWindow) -> str:
    """A short stable name: `lifetime`, `rolling_months:12`, `between:2026-01-01..2026-12-31`."""
    match window:
        case RollingDays(days=size) | RollingMonths(months=size):
            return f"{window.type}:{size}"
        case CalendarMonth() | CalendarQuarter() | CalendarYear() | MembershipYear():
            return f"{window.type}:{window.offset}"
        case Between(first=first, last=last):
            return f"{window.type}:{first}..{last}"
        case _:
            return window.type


def _period(day: date, start: date, months: int, offset: int) -> tuple[date, date]:
    if offset == 0:
        return start, day
    return add_months(start, months * offset), add_months(start, months * (offset + 1)) - ONE_DAY


def _membership_year(day: date, joined_on: date, offset: int) -> tuple[date, date]:
    years = anniversary(joined_on, day).year - joined_on.year
    last = day if offset == 0 else add_months(joined_on, 12 * (years + offset + 1)) - ONE_DAY
    return add_months(joined_on, 12 * (years + offset)), last
