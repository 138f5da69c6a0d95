"""Days and windows worked out by hand on a calendar."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from oracle.facts import Json
from oracle.local_days import (
    Standpoint,
    add_months,
    day_looked_at,
    last_schedule_day,
    local_day,
    next_schedule_day,
    window_days,
)

MONTH = {"type": "calendar_month"}
QUARTER = {"type": "calendar_quarter"}
YEAR = {"type": "calendar_year"}
MEMBERSHIP = {"type": "membership_year"}
MONTHLY: Json = {"type": "monthly"}
QUARTERLY: Json = {"type": "quarterly"}
MARCH_FIRST: Json = {"type": "yearly", "month": 3, "day": 1}


def rolling(months: int) -> Json:
    return {"type": "rolling_months", "months": months}


def between(first: str, last: str) -> Json:
    return {"type": "between", "from": first, "to": last}


@pytest.mark.parametrize(
    ("instant", "zone", "looked_at", "today"),
    [
        # Shanghai is 8 h ahead: 16:00 UTC is its midnight. At midnight D is the day that has ended.
        ("2024-02-29T16:00:00+00:00", "Asia/Shanghai", "2024-02-29", "2024-03-01"),
        ("2024-02-29T16:00:00.000001+00:00", "Asia/Shanghai", "2024-03-01", "2024-03-01"),
        ("2024-02-29T15:59:59+00:00", "Asia/Shanghai", "2024-02-29", "2024-02-29"),
        # New York: 10 March begins at 05:00 UTC (EST), 11 March at 04:00 (EDT), after a day of 23 h.
        ("2024-03-10T05:00:00+00:00", "America/New_York", "2024-03-09", "2024-03-10"),
        ("2024-03-11T04:00:00+00:00", "America/New_York", "2024-03-10", "2024-03-11"),
        ("2024-03-11T03:30:00+00:00", "America/New_York", "2024-03-10", "2024-03-10"),
        # 3 November has 25 h: 04:00 UTC to 05:00 UTC of the next day.
        ("2024-11-03T04:00:00+00:00", "America/New_York", "2024-11-02", "2024-11-03"),
        ("2024-11-04T04:30:00+00:00", "America/New_York", "2024-11-03", "2024-11-03"),
        ("2024-11-04T05:00:00+00:00", "America/New_York", "2024-11-03", "2024-11-04"),
        # Apia is 13 h ahead, Kolkata 5:30.
        ("2024-12-31T11:00:00+00:00", "Pacific/Apia", "2024-12-31", "2025-01-01"),
        ("2024-02-28T18:30:00+00:00", "Asia/Kolkata", "2024-02-28", "2024-02-29"),
        ("2024-02-28T18:29:59+00:00", "Asia/Kolkata", "2024-02-28", "2024-02-28"),
    ],
)
def test_days_of_an_instant(instant: str, zone: str, looked_at: str, today: str) -> None:
    at = datetime.fromisoformat(instant)
    assert day_looked_at(at, ZoneInfo(zone)) == date.fromisoformat(looked_at)
    assert local_day(at, ZoneInfo(zone)) == date.fromisoformat(today)


def test_an_instant_without_offset_is_refused() -> None:
    with pytest.raises(ValueError, match="offset"):
        local_day(datetime(2024, 1, 1), ZoneInfo("UTC"))  # noqa: DTZ001 - the very thing refused


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2024-03-31", -1, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-11-30", 3, "2025-02-28"),
        ("2024-01-15", -1, "2023-12-15"),
        ("2024-12-31", 12, "2025-12-31"),
        ("2024-08-31", -18, "2023-02-28"),
    ],
)
def test_months_later(start: str, months: int, end: str) -> None:
    assert add_months(date.fromisoformat(start), months) == date.fromisoformat(end)


@pytest.mark.parametrize(
    ("window", "day", "first", "last"),
    [
        (MONTH, "2024-03-15", "2024-03-01", "2024-03-15"),
        (MONTH | {"offset": -1}, "2024-03-15", "2024-02-01", "2024-02-29"),
        (MONTH | {"offset": -3}, "2024-03-31", "2023-12-01", "2023-12-31"),
        (MONTH | {"offset": -13}, "2024-03-31", "2023-02-01", "2023-02-28"),
        (QUARTER, "2024-05-10", "2024-04-01", "2024-05-10"),
        (QUARTER | {"offset": -1}, "2024-05-10", "2024-01-01", "2024-03-31"),
        (QUARTER | {"offset": -2}, "2024-06-30", "2023-10-01", "2023-12-31"),
        (YEAR, "2024-05-10", "2024-01-01", "2024-05-10"),
        (YEAR | {"offset": -1}, "2024-12-31", "2023-01-01", "2023-12-31"),
        ({"type": "rolling_days", "days": 1}, "2024-03-31", "2024-03-31", "2024-03-31"),
        # 30 days back to 2 March: 31 - 30 + 1 = 2.
        ({"type": "rolling_days", "days": 30}, "2024-03-31", "2024-03-02", "2024-03-31"),
        # A leap year: 366 days, so 365 days end one day short of a year.
        ({"type": "rolling_days", "days": 365}, "2024-12-31", "2024-01-02", "2024-12-31"),
        # 31 February is 29 February, and the day after it is 1 March; so for 30 and 29 March too.
        (rolling(1), "2024-03-31", "2024-03-01", "2024-03-31"),
        (rolling(1), "2024-03-29", "2024-03-01", "2024-03-29"),
        (rolling(1), "2024-03-28", "2024-02-29", "2024-03-28"),
        (rolling(1), "2023-03-28", "2023-03-01", "2023-03-28"),
        (rolling(1), "2024-02-29", "2024-01-30", "2024-02-29"),
        (rolling(12), "2024-02-29", "2023-03-01", "2024-02-29"),
        (rolling(12), "2025-02-28", "2024-02-29", "2025-02-28"),
        (rolling(12), "2023-12-31", "2023-01-01", "2023-12-31"),
        (between("2024-01-05", "2024-12-31"), "2024-03-31", "2024-01-05", "2024-03-31"),
        (between("2024-01-05", "2024-02-10"), "2024-03-31", "2024-01-05", "2024-02-10"),
        # Joined on 29 February 2020: anniversaries 2023-02-28, 2024-02-29, 2025-02-28.
        (MEMBERSHIP, "2024-02-28", "2023-02-28", "2024-02-28"),
        (MEMBERSHIP, "2024-02-29", "2024-02-29", "2024-02-29"),
        (MEMBERSHIP, "2025-02-27", "2024-02-29", "2025-02-27"),
        (MEMBERSHIP, "2025-02-28", "2025-02-28", "2025-02-28"),
        (MEMBERSHIP | {"offset": -1}, "2024-02-28", "2022-02-28", "2023-02-27"),
        (MEMBERSHIP | {"offset": -1}, "2024-02-29", "2023-02-28", "2024-02-28"),
        (MEMBERSHIP | {"offset": -1}, "2025-03-10", "2024-02-29", "2025-02-27"),
        ({"type": "since_tier_start"}, "2024-03-31", "2024-01-15", "2024-03-31"),
        ({"type": "current_validity"}, "2024-03-31", "2024-02-10", "2024-03-31"),
        ({"type": "lifetime"}, "2024-03-31", "0001-01-01", "2024-03-31"),
    ],
)
def test_window(window: Json, day: str, first: str, last: str) -> None:
    here = Standpoint(
        day=date.fromisoformat(day),
        joined_on=date(2020, 2, 29),
        tier_start=date(2024, 1, 15),
        validity_start=date(2024, 2, 10),
    )
    assert window_days(window, here) == (date.fromisoformat(first), date.fromisoformat(last))


def test_a_window_that_has_not_begun_is_empty() -> None:
    day = date(2024, 3, 31)
    here = Standpoint(day=day, joined_on=day, tier_start=day + timedelta(days=1), validity_start=day)
    for window in (between("2024-04-01", "2024-04-30"), {"type": "since_tier_start"}):
        first, last = window_days(window, here)
        assert last < first


@pytest.mark.parametrize(
    ("schedule", "day", "latest", "following"),
    [
        ({"type": "daily"}, "2024-02-29", "2024-02-29", "2024-03-01"),
        (MONTHLY, "2024-02-29", "2024-02-01", "2024-03-01"),
        (MONTHLY, "2024-03-01", "2024-03-01", "2024-04-01"),
        (QUARTERLY, "2024-02-29", "2024-01-01", "2024-04-01"),
        (QUARTERLY, "2024-12-31", "2024-10-01", "2025-01-01"),
        (MARCH_FIRST, "2024-02-29", "2023-03-01", "2024-03-01"),
        (MARCH_FIRST, "2024-03-01", "2024-03-01", "2025-03-01"),
    ],
)
def test_schedule_days(schedule: Json, day: str, latest: str, following: str) -> None:
    assert last_schedule_day(schedule, date.fromisoformat(day)) == date.fromisoformat(latest)
    assert next_schedule_day(schedule, date.fromisoformat(day)) == date.fromisoformat(following)
