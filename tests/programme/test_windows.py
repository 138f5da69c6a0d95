from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.local_days import Standpoint, day_looked_at, window_days
from pydantic import TypeAdapter, ValidationError

from tenants.programme.strict import json_pointer
from tenants.programme.windows import (
    AnyWindow,
    Window,
    add_months,
    anniversary,
    bounds,
    is_constant,
    local_day,
    local_day_before,
    window_key,
)

WINDOW: TypeAdapter[AnyWindow] = TypeAdapter(Window)
JOINED = date(2024, 2, 29)
TIER_START = date(2026, 3, 2)
VALIDITY_START = date(2026, 6, 1)


def days(window: dict[str, Any], day: str) -> str:
    first, last = bounds(
        WINDOW.validate_python(window),
        date.fromisoformat(day),
        joined_on=JOINED,
        tier_start=TIER_START,
        validity_start=VALIDITY_START,
    )
    return f"{first or '…'} {last}"


@pytest.mark.parametrize(
    ("window", "day", "expected"),
    [
        ({"type": "lifetime"}, "2026-11-22", "… 2026-11-22"),
        ({"type": "calendar_month"}, "2026-11-22", "2026-11-01 2026-11-22"),
        ({"type": "calendar_month", "offset": 0}, "2026-10-31", "2026-10-01 2026-10-31"),
        ({"type": "calendar_month", "offset": -1}, "2026-11-22", "2026-10-01 2026-10-31"),
        ({"type": "calendar_month", "offset": -1}, "2024-03-31", "2024-02-01 2024-02-29"),
        ({"type": "calendar_month", "offset": -11}, "2026-11-01", "2025-12-01 2025-12-31"),
        ({"type": "calendar_quarter"}, "2026-11-22", "2026-10-01 2026-11-22"),
        ({"type": "calendar_quarter", "offset": -1}, "2026-02-28", "2025-10-01 2025-12-31"),
        ({"type": "calendar_quarter", "offset": -4}, "2026-06-30", "2025-04-01 2025-06-30"),
        ({"type": "calendar_year"}, "2026-01-01", "2026-01-01 2026-01-01"),
        ({"type": "calendar_year", "offset": -2}, "2026-11-22", "2024-01-01 2024-12-31"),
        ({"type": "rolling_days", "days": 1}, "2026-11-22", "2026-11-22 2026-11-22"),
        ({"type": "rolling_days", "days": 30}, "2024-03-01", "2024-02-01 2024-03-01"),
        ({"type": "rolling_months", "months": 12}, "1997-12-31", "1997-01-01 1997-12-31"),
        ({"type": "rolling_months", "months": 12}, "2024-02-29", "2023-03-01 2024-02-29"),
        ({"type": "rolling_months", "months": 12}, "2025-02-28", "2024-02-29 2025-02-28"),
        ({"type": "rolling_months", "months": 1}, "2026-03-31", "2026-03-01 2026-03-31"),
        ({"type": "rolling_months", "months": 1}, "2026-03-30", "2026-03-01 2026-03-30"),
        ({"type": "rolling_months", "months": 1}, "2026-03-28", "2026-03-01 2026-03-28"),
        ({"type": "rolling_months", "months": 3}, "2026-05-31", "2026-03-01 2026-05-31"),
        ({"type": "membership_year"}, "2026-02-27", "2025-02-28 2026-02-27"),
        ({"type": "membership_year"}, "2026-02-28", "2026-02-28 2026-02-28"),
        ({"type": "membership_year"}, "2028-02-28", "2027-02-28 2028-02-28"),
        ({"type": "membership_year"}, "2028-02-29", "2028-02-29 2028-02-29"),
        ({"type": "membership_year", "offset": -1}, "2028-03-01", "2027-02-28 2028-02-28"),
        ({"type": "membership_year", "offset": -1}, "2025-07-01", "2024-02-29 2025-02-27"),
        ({"type": "membership_year", "offset": -1}, "2024-07-01", "2023-02-28 2024-02-28"),
        (
            {"type": "between", "from": "2026-01-01", "to": "2026-12-31"},
            "2026-11-22",
            "2026-01-01 2026-11-22",
        ),
        (
            {"type": "between", "from": "2026-01-01", "to": "2026-06-30"},
            "2026-11-22",
            "2026-01-01 2026-06-30",
        ),
        ({"type": "since_tier_start"}, "2026-11-22", "2026-03-02 2026-11-22"),
        ({"type": "current_validity"}, "2026-11-22", "2026-06-01 2026-11-22"),
    ],
)
def test_a_window_covers_these_days(window: dict[str, Any], day: str, expected: str) -> None:
    assert days(window, day) == expected


def test_days_that_lie_ahead_make_an_empty_window() -> None:
    first, last = days({"type": "between", "from": "2027-01-01", "to": "2027-02-01"}, "2026-11-22").split()
    assert first > last
    first, last = days({"type": "since_tier_start"}, "2026-03-01").split()
    assert first > last


DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
WINDOWS = st.one_of(
    st.builds(
        lambda kind, offset: {"type": kind, "offset": offset},
        st.sampled_from(["calendar_month", "calendar_quarter", "calendar_year", "membership_year"]),
        st.integers(-30, 0),
    ),
    st.builds(lambda size: {"type": "rolling_days", "days": size}, st.integers(1, 1000)),
    st.builds(lambda size: {"type": "rolling_months", "months": size}, st.integers(1, 60)),
    st.builds(
        lambda a, b: {"type": "between", "from": str(min(a, b)), "to": str(max(a, b))},
        DAYS,
        DAYS,
    ),
    st.sampled_from([{"type": "since_tier_start"}, {"type": "current_validity"}]),
)


@given(window=WINDOWS, day=DAYS, joined_on=DAYS, tier_start=DAYS, validity_start=DAYS)
def test_windows_agree_with_the_plain_ones_and_never_pass_the_day(
    window: dict[str, Any], day: date, joined_on: date, tier_start: date, validity_start: date
) -> None:
    found = bounds(
        WINDOW.validate_python(window),
        day,
        joined_on=joined_on,
        tier_start=tier_start,
        validity_start=validity_start,
    )
    assert found == window_days(window, Standpoint(day, joined_on, tier_start, validity_start))
    assert found[1] <= day


@given(window=WINDOWS, day=DAYS, one=DAYS, other=DAYS)
def test_a_constant_window_ignores_the_member(window: dict[str, Any], day: date, one: date, other: date) -> None:
    parsed = WINDOW.validate_python(window)
    here = bounds(parsed, day, joined_on=one, tier_start=one, validity_start=one)
    there = bounds(parsed, day, joined_on=other, tier_start=other, validity_start=other)
    if is_constant(parsed):
        assert here == there
    else:
        assert parsed.type in {"membership_year", "since_tier_start", "current_validity"}


@given(day=DAYS, joined_on=DAYS)
def test_membership_years_follow_each_other_without_a_gap(day: date, joined_on: date) -> None:
    years = [
        bounds(
            WINDOW.validate_python({"type": "membership_year", "offset": offset}),
            day,
            joined_on=joined_on,
            tier_start=joined_on,
            validity_start=joined_on,
        )
        for offset in (-3, -2, -1, 0)
    ]
    for (_, last), (first, _) in pairwise(years):
        assert first == last + timedelta(days=1)
    assert years[-1][0] == anniversary(joined_on, day)


@given(day=DAYS, months=st.integers(-600, 600))
def test_adding_months_keeps_the_day_or_takes_the_last(day: date, months: int) -> None:
    moved = add_months(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day == day.day or (moved.day < day.day and (moved + timedelta(days=1)).day == 1)


@pytest.mark.parametrize(
    ("instant", "zone", "before", "same"),
    [
        ("2026-11-01T00:00:00+08:00", "Asia/Shanghai", "2026-10-31", "2026-11-01"),
        ("2026-11-01T00:00:00.000001+08:00", "Asia/Shanghai", "2026-11-01", "2026-11-01"),
        ("2026-10-31T23:59:59+08:00", "Asia/Shanghai", "2026-10-31", "2026-10-31"),
        ("2026-10-31T16:00:00+00:00", "Asia/Shanghai", "2026-10-31", "2026-11-01"),
        # the clocks go forward at 02:00 and back at 02:00
        ("2026-03-08T05:00:00+00:00", "America/New_York", "2026-03-07", "2026-03-08"),
        ("2026-03-09T04:00:00+00:00", "America/New_York", "2026-03-08", "2026-03-09"),
        ("2026-11-02T05:00:00+00:00", "America/New_York", "2026-11-01", "2026-11-02"),
        # midnight doesn't exist: 24 April begins at 01:00
        ("2026-04-23T22:00:00+00:00", "Africa/Cairo", "2026-04-23", "2026-04-24"),
        # 29 October has 23:00 to 24:00 twice
        ("2026-10-29T21:00:00+00:00", "Africa/Cairo", "2026-10-29", "2026-10-29"),
        ("2026-10-29T22:00:00+00:00", "Africa/Cairo", "2026-10-29", "2026-10-30"),
        ("1998-01-01T00:00:00+00:00", "UTC", "1997-12-31", "1998-01-01"),
    ],
)
def test_the_day_looked_at_is_that_of_the_last_instant_before(instant: str, zone: str, before: str, same: str) -> None:
    at, tz = datetime.fromisoformat(instant), ZoneInfo(zone)
    assert str(local_day_before(at, tz)) == before
    assert str(local_day(at, tz)) == same


@given(
    at=st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - UTC is added below
    zone=st.sampled_from(["America/New_York", "Asia/Shanghai", "Africa/Cairo", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_the_day_looked_at_agrees_with_the_plain_one(at: datetime, zone: str) -> None:
    tz = ZoneInfo(zone)
    assert local_day_before(at.replace(tzinfo=UTC), tz) == day_looked_at(at.replace(tzinfo=UTC), tz)


@pytest.mark.parametrize(
    ("window", "key"),
    [
        ({"type": "lifetime"}, "lifetime"),
        ({"type": "calendar_month"}, "calendar_month:0"),
        ({"type": "membership_year", "offset": -1}, "membership_year:-1"),
        ({"type": "rolling_days", "days": 30}, "rolling_days:30"),
        ({"type": "rolling_months", "months": 12}, "rolling_months:12"),
        ({"type": "between", "from": "2026-01-01", "to": "2026-12-31"}, "between:2026-01-01..2026-12-31"),
        ({"type": "current_validity"}, "current_validity"),
    ],
)
def test_a_window_has_a_stable_key(window: dict[str, Any], key: str) -> None:
    assert window_key(WINDOW.validate_python(window)) == key


@pytest.mark.parametrize(
    ("window", "pointer", "code"),
    [
        ("lifetime", "", "object-expected"),
        ({}, "/type", "missing"),
        ({"type": "fortnight"}, "/type", "unknown-window"),
        ({"type": ["lifetime"]}, "/type", "unknown-window"),
        ({"type": "lifetime", "days": 3}, "/days", "extra_forbidden"),
        ({"type": "calendar_month", "offset": 1}, "/offset", "less_than_equal"),
        ({"type": "calendar_month", "offset": "-1"}, "/offset", "int_type"),
        ({"type": "rolling_days"}, "/days", "missing"),
        ({"type": "rolling_days", "days": 0}, "/days", "greater_than_equal"),
        ({"type": "rolling_months", "months": True}, "/months", "int_type"),
        ({"type": "rolling_months", "months": 10**30}, "/months", "less_than_equal"),
        ({"type": "between", "from": "2026-02-30", "to": "2026-03-01"}, "/from", "no-such-day"),
        ({"type": "between", "from": "20260201", "to": "2026-03-01"}, "/from", "day-format"),
        ({"type": "between", "from": "2026-02-01", "to": 1}, "/to", "date_type"),
        ({"type": "between", "from": "2026-02-01", "to": "2026-01-31"}, "/to", "days-crossed"),
        ({"type": "between", "from": "0001-01-01", "to": "2026-01-31"}, "/from", "greater_than_equal"),
    ],
)
def test_a_bad_window_is_refused_at_its_place(window: object, pointer: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        WINDOW.validate_python(window)
    assert [(json_pointer(e["loc"]), e["type"]) for e in refused.value.errors()] == [(pointer, code)]
