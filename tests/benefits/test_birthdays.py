"""The days on which birthdays are kept, held against an almanac's."""

from datetime import date, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.members.birthdays import Calendar, Kept, kept, kept_on

# Born (solar), and the same day of the Chinese calendar.
BORN = [
    ("1990-01-27", 101),  # 正月初一 of 1990
    ("1990-01-26", 1230),  # 除夕 of a year whose last month has 30 days
    ("1991-02-14", 1230),
    ("1989-02-05", 1229),  # 除夕 on the 29th
    ("2000-02-05", 101),
    ("2001-01-24", 101),
    ("1984-11-23", 1001),  # leap tenth month of 1984: counts as the tenth
    ("1984-12-21", 1029),
    ("1995-09-25", 801),  # leap eighth month of 1995
    ("1995-08-26", 801),  # and the plain one
    ("2004-03-21", 201),  # leap second month
    ("2006-08-24", 701),  # leap seventh month
    ("2020-05-23", 401),  # leap fourth month
    ("2023-03-22", 201),  # leap second month
    ("2025-07-25", 601),  # leap sixth month
    ("2024-02-29", 120),
    ("1949-10-01", 810),
    ("1976-10-31", 909),  # 重阳
    ("2026-09-25", 815),  # 中秋
    ("2026-06-19", 505),  # 端午
    ("1900-01-31", 101),  # the first day of the tables
]

# Days and the marks that are kept on them: solar, lunar, and the lunar year.
DAYS = [
    ("2026-02-16", (216,), (1229, 1230), 2025),  # 除夕 of a year that ends on the 29th
    ("2025-01-28", (128,), (1229, 1230), 2024),
    ("2024-02-09", (209,), (1230,), 2023),  # 除夕 on the 30th
    ("2024-02-08", (208,), (1229,), 2023),  # not yet: there is a 30th
    ("2026-02-17", (217,), (101,), 2026),  # 正月初一
    ("2025-01-29", (129,), (101,), 2025),
    ("2024-02-10", (210,), (101,), 2024),
    ("2023-01-22", (122,), (101,), 2023),
    ("2000-02-05", (205,), (101,), 2000),
    ("2100-02-09", (209,), (101,), 2100),
    ("2027-02-28", (228, 229), (123,), 2027),  # 29 February in a year without
    ("2028-02-28", (228,), (204,), 2028),
    ("2028-02-29", (229,), (205,), 2028),
    ("2100-02-28", (228, 229), (120,), 2100),  # no leap year
    ("2026-09-25", (925,), (815,), 2026),
    ("2024-01-11", (111,), (1201,), 2023),  # the last month of a lunar year, and in the same solar year
    ("2024-12-31", (1231,), (1201,), 2024),  # that of the next
]
LEAP = [("2025-07-25", "2025-08-22"), ("2023-03-22", "2023-04-19"), ("2020-05-23", "2020-06-20")]
"""The first and last days of leap months."""


@pytest.mark.parametrize(("born", "mark"), BORN)
def test_a_lunar_birthday_is_the_almanacs(born: str, mark: int) -> None:
    assert kept_on(date.fromisoformat(born), "lunar") == mark


@pytest.mark.parametrize(("day", "solar", "lunar", "year"), DAYS)
def test_what_is_kept_on_a_day(day: str, solar: tuple[int, ...], lunar: tuple[int, ...], year: int) -> None:
    on = date.fromisoformat(day)
    assert kept(on) == (Kept("solar", solar, on.year), Kept("lunar", lunar, year))


@pytest.mark.parametrize(("first", "last"), LEAP)
def test_nothing_lunar_is_kept_in_a_leap_month(first: str, last: str) -> None:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        assert [one.calendar for one in kept(day)] == ["solar"]
        day += timedelta(days=1)
    for beside in (date.fromisoformat(first) - timedelta(days=1), day):
        assert len(kept(beside)) == 2


def test_a_solar_birthday_is_its_own_date() -> None:
    assert kept_on(date(1988, 2, 29), "solar") == 229
    assert kept_on(date(1988, 12, 31), "solar") == 1231
    assert kept_on(None, "solar") is kept_on(None, "lunar") is None


def test_beyond_the_tables_nothing_lunar_is_kept() -> None:
    assert kept_on(date(1900, 1, 30), "lunar") is None
    assert [one.calendar for one in kept(date(2101, 1, 29))] == ["solar"]


@given(
    st.dates(date(1900, 1, 31), date(2050, 1, 1)),
    st.sampled_from(["solar", "lunar"]),
    st.integers(1990, 2098),
)
def test_every_birthday_is_kept_once_in_each_year_of_its_calendar(born: date, calendar: Calendar, year: int) -> None:
    mark = kept_on(born, calendar)
    found = []
    for n in count():
        day = date(year, 1, 1) + timedelta(days=n)
        if day.year > year + 1:
            break
        found += [day for one in kept(day) if one.calendar == calendar and one.year == year and mark in one.marks]
    assert len(found) == 1
    if calendar == "solar":
        assert (found[0].month, found[0].day) in {(born.month, born.day), (2, 28)}
