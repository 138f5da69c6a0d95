"""Where a subscription's periods begin and end: pure arithmetic on Unix seconds, in UTC.

The anchor is the reference that all boundaries align to. An anchor on the 31st of January bills on the last day of
the month closest to it: 28 (or 29) February, then 31 March, 30 April (docs.stripe.com/billing/subscriptions/
billing-cycle). So each boundary is counted from the anchor, never from the boundary before it.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime

_SECONDS = {"day": 86_400, "week": 7 * 86_400}
_MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Interval:
    """How often a price bills: every `count` of `unit` (day, week, month, year)."""

    unit: str
    count: int = 1


@dataclass(frozen=True)
class Period:
    """From `start` up to `end`, which is no longer in it (Unix seconds)."""

    start: int
    end: int


def boundary(anchor: int, interval: Interval, n: int) -> int:
    """The n-th boundary from the anchor (n may be negative); n = 0 is the anchor itself."""
    if interval.unit in _SECONDS:
        return anchor + n * interval.count * _SECONDS[interval.unit]
    at = datetime.fromtimestamp(anchor, UTC)
    year, month = divmod(at.year * 12 + at.month - 1 + n * interval.count * _MONTHS[interval.unit], 12)
    day = min(at.day, monthrange(year, month + 1)[1])
    return int(at.replace(year=year, month=month + 1, day=day).timestamp())


def period_at(anchor: int, interval: Interval, at: int) -> Period:
    """The period that `at` lies in; a boundary begins the new one."""
    n = _estimate(anchor, interval, at)
    while boundary(anchor, interval, n) > at:
        n -= 1
    while boundary(anchor, interval, n + 1) <= at:
        n += 1
    return Period(boundary(anchor, interval, n), boundary(anchor, interval, n + 1))


def _estimate(anchor: int, interval: Interval, at: int) -> int:
    seconds = _SECONDS.get(interval.unit) or _MONTHS[interval.unit] * 2_629_746  # a mean Gregorian month
    return (at - anchor) // (seconds * interval.count)
