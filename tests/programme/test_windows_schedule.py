from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import local_days
from pydantic import TypeAdapter, ValidationError

from tenants.programme.schedule import (
    AnySchedule,
    Policy,
    Schedule,
    latest_schedule_day,
    next_schedule_day,
    schedule_instant,
    valid_until,
)
from tenants.programme.strict import json_pointer

SCHEDULE: TypeAdapter[AnySchedule] = TypeAdapter(Schedule)
DAILY, MONTHLY, QUARTERLY = {"type": "daily"}, {"type": "monthly"}, {"type": "quarterly"}
LEAP = {"type": "yearly", "month": 2, "day": 29}
MARCH = {"type": "yearly", "month": 3, "day": 31}


def policy(validity: dict[str, Any], schedule: dict[str, Any] = MONTHLY) -> Policy:
    return Policy.model_validate({"upgrade": "immediate", "schedule": schedule, "validity": validity})


@pytest.mark.parametrize(
    ("schedule", "day", "latest", "following"),
    [
        (DAILY, "2024-02-29", "2024-02-29", "2024-03-01"),
        (MONTHLY, "2026-11-22", "2026-11-01", "2026-12-01"),
        (MONTHLY, "2026-12-01", "2026-12-01", "2027-01-01"),
        (MONTHLY, "2026-01-31", "2026-01-01", "2026-02-01"),
        (QUARTERLY, "2026-03-31", "2026-01-01", "2026-04-01"),
        (QUARTERLY, "2026-10-01", "2026-10-01", "2027-01-01"),
        (MARCH, "2026-03-31", "2026-03-31", "2027-03-31"),
        (MARCH, "2026-03-30", "2025-03-31", "2026-03-31"),
        (LEAP, "2024-02-28", "2023-02-28", "2024-02-29"),
        (LEAP, "2024-02-29", "2024-02-29", "2025-02-28"),
        (LEAP, "2027-12-31", "2027-02-28", "2028-02-29"),
    ],
)
def test_schedule_days(schedule: dict[str, Any], day: str, latest: str, following: str) -> None:
    parsed, here = SCHEDULE.validate_python(schedule), date.fromisoformat(day)
    assert str(latest_schedule_day(parsed, here)) == latest
    assert str(next_schedule_day(parsed, here)) == following


DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
SCHEDULES = st.sampled_from([DAILY, MONTHLY, QUARTERLY, LEAP, MARCH, {"type": "yearly", "month": 12, "day": 31}])


@given(schedule=SCHEDULES, day=DAYS)
def test_latest_and_next_undo_each_other(schedule: dict[str, Any], day: date) -> None:
    parsed = SCHEDULE.validate_python(schedule)
    latest, following = latest_schedule_day(parsed, day), next_schedule_day(parsed, day)
    assert latest <= day < following
    assert latest_schedule_day(parsed, following) == following
    assert latest_schedule_day(parsed, following - timedelta(days=1)) == latest
    assert next_schedule_day(parsed, latest) == following
    assert latest == local_days.last_schedule_day(schedule, day)


@pytest.mark.parametrize(
    ("schedule", "pointer", "code"),
    [
        ({"type": "weekly"}, "/type", "unknown-schedule"),
        ({"type": "monthly", "day": 3}, "/day", "extra_forbidden"),
        ({"type": "yearly", "month": 1}, "/day", "missing"),
        ({"type": "yearly", "month": 2, "day": 30}, "/day", "no-such-day"),
        ({"type": "yearly", "month": 13, "day": 1}, "/month", "less_than_equal"),
        ({"type": "yearly", "month": "1", "day": 1}, "/month", "int_type"),
    ],
)
def test_a_bad_schedule_is_refused_at_its_place(schedule: object, pointer: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SCHEDULE.validate_python(schedule)
    assert [(json_pointer(e["loc"]), e["type"]) for e in refused.value.errors()] == [(pointer, code)]


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        ("2026-11-01", "Asia/Shanghai", "2026-10-31T16:00:00"),
        ("2026-03-08", "America/New_York", "2026-03-08T05:00:00"),
        ("2026-03-09", "America/New_York", "2026-03-09T04:00:00"),
        ("2026-11-01", "America/New_York", "2026-11-01T04:00:00"),
        ("2026-11-02", "America/New_York", "2026-11-02T05:00:00"),
        ("2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00"),  # 00:00 to 01:00 don't exist
        ("2026-10-30", "Africa/Cairo", "2026-10-29T22:00:00"),  # the hour before was there twice
        ("2026-11-01", "America/Havana", "2026-11-01T04:00:00"),  # 00:00 to 01:00 are there twice
        ("1919-03-31", "America/Toronto", "1919-03-31T04:30:00"),  # 23:30 to 00:30 don't exist
        ("2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00"),  # the whole day doesn't exist
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00:00"),
    ],
)
def test_a_local_day_begins_at_its_first_instant(day: str, zone: str, instant: str) -> None:
    found = schedule_instant(date.fromisoformat(day), ZoneInfo(zone))
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)
    assert found.tzinfo is UTC


@given(day=st.dates(date(2012, 1, 1), date(2060, 12, 31)), zone=st.sampled_from(sorted(available_timezones())))
def test_just_before_a_day_begins_it_is_the_day_before(day: date, zone: str) -> None:
    tz = ZoneInfo(zone)
    instant = schedule_instant(day, tz)
    assert instant.astimezone(tz).date() == day
    assert (instant - timedelta(microseconds=1)).astimezone(tz).date() == day - timedelta(days=1)


MONTHS_12 = {"type": "months", "months": 12}


@pytest.mark.parametrize(
    ("validity", "schedule", "start", "until"),
    [
        (MONTHS_12, MONTHLY, "2026-03-02", "2027-03-01"),
        (MONTHS_12, MONTHLY, "2026-03-01", "2027-02-28"),
        (MONTHS_12, MONTHLY, "2024-02-29", "2025-02-27"),
        ({"type": "months", "months": 1}, MONTHLY, "2026-01-31", "2026-02-27"),
        ({"type": "months", "months": 1}, MONTHLY, "2026-02-01", "2026-02-28"),
        ({"type": "months", "months": 6}, DAILY, "2026-09-01", "2027-02-28"),
        ({"type": "calendar_year_end"}, MONTHLY, "2026-01-01", "2027-12-31"),
        ({"type": "calendar_year_end"}, MONTHLY, "2026-12-31", "2027-12-31"),
        ({"type": "until_next_schedule"}, MONTHLY, "2026-11-01", "2026-11-30"),
        ({"type": "until_next_schedule"}, QUARTERLY, "2026-02-15", "2026-03-31"),
        ({"type": "until_next_schedule"}, LEAP, "2027-02-28", "2028-02-28"),
        ({"type": "until_next_schedule"}, DAILY, "2026-02-28", "2026-02-28"),
    ],
)
def test_validity(validity: dict[str, Any], schedule: dict[str, Any], start: str, until: str) -> None:
    rules = policy(validity, schedule)
    assert str(valid_until(rules, date.fromisoformat(start))) == until


def test_for_ever_has_no_last_day() -> None:
    rules = policy({"type": "forever"})
    assert valid_until(rules, date(2026, 1, 1)) is None


@given(
    validity=st.sampled_from([MONTHS_12, {"type": "calendar_year_end"}, {"type": "until_next_schedule"}]),
    schedule=SCHEDULES,
    day=DAYS,
)
def test_a_tier_holds_on_its_first_day(validity: dict[str, Any], schedule: dict[str, Any], day: date) -> None:
    rules = policy(validity, schedule)
    last = valid_until(rules, day)
    assert last is not None
    assert last >= day


def test_a_policy_says_what_it_leaves_out() -> None:
    rules = policy({"type": "forever"})
    assert (rules.grace_days, rules.max_drop, rules.late_days, rules.refund_recheck) == (
        0,
        None,
        3,
        "next_schedule",
    )
