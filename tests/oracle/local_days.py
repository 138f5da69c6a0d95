"""Local days: month arithmetic, schedule days and windows, as plain as can be.

Nothing here is shared with the product: it is half of the oracle that the product is compared with.
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
JUST_BEFORE = timedelta(microseconds=1)
QUARTER_STARTS = (1, 4, 7, 10)
CALENDAR_MONTHS = {"calendar_month": 1, "calendar_quarter": 3, "calendar_year": 12}


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The day that the wall calendar shows at this instant."""
    if at.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return at.astimezone(zone).date()


def day_looked_at(at: datetime, zone: ZoneInfo) -> date:
    """D: the local day of the last instant before `at` (at local midnight, the day that has just ended)."""
    # The step back is taken on the UTC clock: on the wall clock it could be off by a change of offset.
    return local_day(at.astimezone(ZoneInfo("UTC")) - JUST_BEFORE, zone)


def in_month(year: int, month: int, day: int) -> date:
    """This day of this month; a day that the month lacks is its last day."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def add_months(start: date, months: int) -> date:
    """`months` later (or earlier, if negative), on the same day of the month or on the month's last."""
    year, month0 = divmod(start.year * 12 + (start.month - 1) + months, 12)
    return in_month(year, month0 + 1, start.day)


def is_schedule_day(schedule: dict[str, Any], day: date) -> bool:
    """Whether this schedule fires at the local midnight with which `day` begins."""
    kind = schedule["type"]
    if kind == "daily":
        return True
    if kind == "monthly":
        return day.day == 1
    if kind == "quarterly":
        return day.day == 1 and day.month in QUARTER_STARTS
    if kind == "yearly":
        return day == in_month(day.year, schedule["month"], schedule["day"])
    raise ValueError(f"unknown schedule {kind}")


def last_schedule_day(schedule: dict[str, Any], day: date) -> date:
    """The latest schedule day at or before `day`."""
    while not is_schedule_day(schedule, day):
        day -= ONE_DAY
    return day


def next_schedule_day(schedule: dict[str, Any], day: date) -> date:
    """The first schedule day after `day`."""
    day += ONE_DAY
    while not is_schedule_day(schedule, day):
        day += ONE_DAY
    return day


@dataclass(frozen=True)
class Standpoint:
    """From where a window is looked at: D and the member's own days on one ladder."""

    day: date
    joined_on: date
    tier_start: date
    validity_start: date
    lifetime_start: date = date.min  # after a fall: the day of the last fall


def window_days(window: dict[str, Any], here: Standpoint) -> tuple[date, date]:
    """First and last day of the window, both included; last before first: an empty window."""
    kind, offset = window["type"], window.get("offset", 0)
    if kind in CALENDAR_MONTHS:
        first, last = _calendar_period(here.day, CALENDAR_MONTHS[kind], offset)
    elif kind == "membership_year":
        first, last = _membership_year(here, offset)
    elif kind == "between":
        first, last = date.fromisoformat(window["from"]), date.fromisoformat(window["to"])
    else:
        first, last = _first_day(window, here), here.day
    return first, min(last, here.day)


def _first_day(window: dict[str, Any], here: Standpoint) -> date:
    """Where a window begins that ends at D."""
    match window["type"]:
        case "lifetime":
            return here.lifetime_start
        case "rolling_days":
            return here.day - timedelta(days=window["days"] - 1)
        case "rolling_months":
            return add_months(here.day, -window["months"]) + ONE_DAY
        case "since_tier_start":
            return here.tier_start
        case "current_validity":
            return here.validity_start
        case other:
            raise ValueError(f"unknown window {other}")


def _calendar_period(day: date, length: int, offset: int) -> tuple[date, date]:
    """The period of `length` months (1, 3 or 12) that `day` is in, or the one `offset` periods away."""
    first_month = (day.month - 1) // length * length + 1
    first = add_months(date(day.year, first_month, 1), length * offset)
    return first, add_months(first, length) - ONE_DAY


def _membership_year(here: Standpoint, offset: int) -> tuple[date, date]:
    def anniversary(year: int) -> date:
        return in_month(year, here.joined_on.month, here.joined_on.day)

    year = here.day.year if anniversary(here.day.year) <= here.day else here.day.year - 1
    return anniversary(year + offset), anniversary(year + offset + 1) - ONE_DAY


def begins(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC; usually midnight (a few zones jump over one)."""
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def last_firing(schedule: dict[str, Any], at: datetime, zone: ZoneInfo) -> datetime:
    """The latest instant of the schedule at or before `at`."""
    return begins(last_schedule_day(schedule, local_day(at, zone)), zone)


def next_firing(schedule: dict[str, Any], at: datetime, zone: ZoneInfo) -> datetime:
    """The first instant of the schedule after `at`."""
    return begins(next_schedule_day(schedule, local_day(at, zone)), zone)
