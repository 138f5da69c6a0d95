"""A ladder's policy: when it decides, and how long a tier holds. Calendar arithmetic only, no database."""

import calendar
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Annotated, Literal, Self, assert_never

from pydantic import Field, model_validator

from tenants.programme.strict import Fault, Strict, by_tag, invalid
from tenants.programme.windows import ONE_DAY, add_months

LEAP_YEAR = 2000


class Daily(Strict):
    type: Literal["daily"]


class Monthly(Strict):
    """Fires at local midnight of day 1."""

    type: Literal["monthly"]


class Quarterly(Strict):
    """Fires at local midnight of 1 January, April, July and October."""

    type: Literal["quarterly"]


class Yearly(Strict):
    """Fires at local midnight of one day of the year; 29 February: on the 28th in other years."""

    type: Literal["yearly"]
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if self.day > calendar.monthrange(LEAP_YEAR, self.month)[1]:
            params = {"day": f"{self.month:02}-{self.day:02}"}
            raise invalid("yearly", [Fault(("day",), "no-such-day", "There is no day {day}", params)])
        return self


AnySchedule = Daily | Monthly | Quarterly | Yearly
Schedule = Annotated[AnySchedule, by_tag("type", "unknown-schedule", Daily, Monthly, Quarterly, Yearly)]


class UntilNextSchedule(Strict):
    type: Literal["until_next_schedule"]


class Months(Strict):
    type: Literal["months"]
    months: int = Field(ge=1, le=1200)


class CalendarYearEnd(Strict):
    type: Literal["calendar_year_end"]


class Forever(Strict):
    type: Literal["forever"]


AnyValidity = UntilNextSchedule | Months | CalendarYearEnd | Forever
Validity = Annotated[
    AnyValidity, by_tag("type", "unknown-validity", UntilNextSchedule, Months, CalendarYearEnd, Forever)
]


class Policy(Strict):
    """How a ladder decides; `max_drop` None: a fall goes as far as it goes."""

    upgrade: Literal["immediate", "scheduled"]
    schedule: Schedule
    validity: Validity
    grace_days: int = Field(default=0, ge=0, le=3660)
    max_drop: int | None = Field(default=None, ge=1, le=100)
    late_days: int = Field(default=3, ge=0, le=366)
    refund_recheck: Literal["next_schedule", "end_of_day"] = "next_schedule"


def latest_schedule_day(schedule: AnySchedule, on_or_before: date) -> date:
    """The last day at whose local midnight the schedule fires, this day included."""
    day = on_or_before
    match schedule:
        case Daily():
            return day
        case Monthly():
            return day.replace(day=1)
        case Quarterly():
            return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
        case Yearly():
            this_year = _in_year(schedule, day.year)
            return this_year if this_year <= day else _in_year(schedule, day.year - 1)
    assert_never(schedule)


def next_schedule_day(schedule: AnySchedule, after: date) -> date:
    """The first day at whose local midnight the schedule fires, later than this day."""
    match schedule:
        case Daily():
            return after + ONE_DAY
        case Monthly():
            return add_months(latest_schedule_day(schedule, after), 1)
        case Quarterly():
            return add_months(latest_schedule_day(schedule, after), 3)
        case Yearly():
            this_year = _in_year(schedule, after.year)
            return this_year if this_year > after else _in_year(schedule, after.year + 1)
    assert_never(schedule)


def schedule_instant(day: date, tz: tzinfo) -> datetime:
    """The first instant of a local day, in UTC: its midnight, or the moment when the clocks skip that.

    A day that a zone skipped altogether begins with the day that followed in its place.
    """
    midnight = datetime.combine(day, time(), tz)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(tz).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    # in a gap: `instant` lies at or after the skip; it's looked for by halves, since the zone doesn't tell it
    before, after = int((instant - timedelta(days=1)).timestamp()), int(instant.timestamp())
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, tz).date() >= day:
            after = middle
        else:
            before = middle
    return datetime.fromtimestamp(after, UTC)


def valid_until(policy: Policy, start: date) -> date | None:
    """The last local day on which a tier taken on day `start` (T) holds; None: it holds for ever."""
    match policy.validity:
        case Forever():
            return None
        case Months(months=months):
            return add_months(start, months) - ONE_DAY
        case CalendarYearEnd():
            return date(start.year + 1, 12, 31)
        case UntilNextSchedule():
            return next_schedule_day(policy.schedule, start) - ONE_DAY
    assert_never(policy.validity)


def _in_year(schedule: Yearly, year: int) -> date:
    return date(year, schedule.month, min(schedule.day, calendar.monthrange(year, schedule.month)[1]))


def renews_unwritten(policy: Policy) -> bool:
    """Whether a schedule renews without writing anything: the record of its run alone tells."""
    return isinstance(policy.validity, UntilNextSchedule) and policy.grace_days == 0


def validity_since(policy: Policy, since: date, today: date) -> tuple[date, date | None]:
    """First and last day of the validity that covers today: whole periods from the day that the tier
    was taken, for one that is brought along from before.
    """
    match policy.validity:
        case UntilNextSchedule():
            return today, valid_until(policy, today)
        case Months(months=months):
            period = months
        case CalendarYearEnd():
            period = 12
        case _:
            return since, None
    first = valid_until(policy, since)
    begins, ends, periods = since, first, 0
    while first is not None and ends is not None and ends < today:
        periods += 1
        begins, ends = ends + ONE_DAY, add_months(first, period * periods)
    return begins, ends
