"""Spans of days: their steps, and what they are held against."""

from datetime import date

import pytest

from tenants.reports.span import Against, Period, Span, month_later, span_of

DAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("last_7", "2026-11-17", "2026-11-23"),
        ("last_30", "2026-10-25", "2026-11-23"),
        ("this_month", "2026-11-01", "2026-11-23"),
        ("last_month", "2026-10-01", "2026-10-31"),
        ("this_year", "2026-01-01", "2026-11-23"),
        ("last_12_months", "2025-12-01", "2026-11-23"),
    ],
)
def test_periods(period: Period, first: str, last: str) -> None:
    span = span_of(period, DAY)
    assert (span.first.isoformat(), span.last.isoformat()) == (first, last)


@pytest.mark.parametrize(
    ("first", "last", "against", "expected"),
    [
        ("2026-10-25", "2026-11-23", "before", "2026-09-25 2026-10-24"),
        ("2026-10-25", "2026-11-23", "year", "2025-10-25 2025-11-23"),
        ("2026-11-01", "2026-11-23", "before", "2026-10-01 2026-10-23"),
        ("2026-10-01", "2026-10-31", "before", "2026-09-01 2026-09-30"),
        ("2026-02-01", "2026-02-28", "before", "2026-01-01 2026-01-31"),  # an end stays an end
        ("2026-03-01", "2026-03-30", "before", "2026-02-01 2026-02-28"),  # 30 days that February lacks
        ("2025-12-01", "2026-11-30", "before", "2024-12-01 2025-11-30"),
        ("2024-02-01", "2024-02-29", "year", "2023-02-01 2023-02-28"),
        ("2023-02-01", "2023-02-28", "year", "2022-02-01 2022-02-28"),
        ("2025-02-01", "2025-02-28", "year", "2024-02-01 2024-02-29"),
    ],
)
def test_what_a_span_is_held_against(first: str, last: str, against: Against, expected: str) -> None:
    found = Span(date.fromisoformat(first), date.fromisoformat(last)).against(against)
    assert f"{found.first} {found.last}" == expected


@pytest.mark.parametrize("days", [1, 2, 35, 36, 40, 120, 121, 200, 366, 800])
def test_steps_cover_each_day_once(days: int) -> None:
    last = date(2026, 11, 23)
    span = Span(date.fromordinal(last.toordinal() - days + 1), last)
    covered = [
        ordinal
        for start, end in zip(span.steps(), span.ends(), strict=True)
        for ordinal in range(start.toordinal(), end.toordinal() + 1)
    ]
    assert covered == list(range(span.first.toordinal(), span.last.toordinal() + 1))
    assert len(span.steps()) <= 36


def test_a_day_that_the_month_lacks() -> None:
    assert month_later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert month_later(date(2026, 1, 31), -11) == date(2025, 2, 28)
