"""The periods of allowances: whole local days, by the calendar."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from tenants.programme.windows import ONE_DAY, add_months

Per = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True, slots=True)
class Period:
    """Its first and its last local day."""

    first: date
    last: date


def period_of(per: Per, day: date) -> Period:
    """The period that `day` is in; weeks begin on Mondays, quarters in January, April, July and October."""
    match per:
        case "day":
            return Period(day, day)
        case "week":
            monday = day - timedelta(days=day.weekday())
            return Period(monday, monday + timedelta(days=6))
        case "month":
            return _months(day.replace(day=1), 1)
        case "quarter":
            return _months(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3)
        case "year":
            return _months(day.replace(month=1, day=1), 12)


def _months(first: date, months: int) -> Period:
    return Period(first, add_months(first, months) - ONE_DAY)
