"""Periods of allowances: whole local days by the calendar."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.allowances.periods import Per, Period, period_of

PERIODS = [
    ("day", "2026-11-22", "2026-11-22", "2026-11-22"),
    ("week", "2026-11-22", "2026-11-16", "2026-11-22"),  # a Sunday ends its week
    ("week", "2026-11-23", "2026-11-23", "2026-11-29"),
    ("week", "2027-01-01", "2026-12-28", "2027-01-03"),  # weeks don't end with the year
    ("month", "2028-02-29", "2028-02-01", "2028-02-29"),
    ("month", "2026-12-31", "2026-12-01", "2026-12-31"),
    ("quarter", "2026-01-01", "2026-01-01", "2026-03-31"),
    ("quarter", "2026-11-22", "2026-10-01", "2026-12-31"),
    ("year", "2026-11-22", "2026-01-01", "2026-12-31"),
]


@pytest.mark.parametrize(("per", "day", "first", "last"), PERIODS)
def test_a_period_is_the_calendars(per: Per, day: str, first: str, last: str) -> None:
    assert period_of(per, date.fromisoformat(day)) == Period(date.fromisoformat(first), date.fromisoformat(last))


@given(st.sampled_from(["day", "week", "month", "quarter", "year"]), st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_periods_meet_without_gap_or_overlap(per: Per, day: date) -> None:
    period = period_of(per, day)
    assert period.first <= day <= period.last
    assert period_of(per, period.first) == period_of(per, period.last) == period
    assert period_of(per, period.last + timedelta(days=1)).first == period.last + timedelta(days=1)
