"""The Chinese year, and how trade falls on its days."""

from datetime import date, datetime

import pytest

from saas.demo.industries import INDUSTRIES
from saas.demo.industry import DAYS, ZONE, Industry
from saas.demo.seasons import Spell, busy, dates, mid_autumn, spring_festival
from saas.demo.trading_days import Calendar

UNTIL = datetime(2026, 11, 22, 17, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("spell", "day", "holds"),
    [
        (spring_festival(0, 0), date(2026, 2, 17), True),
        (spring_festival(-1, -1), date(2026, 2, 16), True),
        (spring_festival(0, 0), date(2025, 1, 29), True),
        (spring_festival(-26, -2), date(2025, 12, 31), False),
        (spring_festival(-26, -2), date(2026, 1, 31), True),
        (spring_festival(-30, -30), date(2024, 12, 30), True),  # the festival of the year after
        (mid_autumn(0, 0), date(2026, 9, 25), True),
        (mid_autumn(-20, 0), date(2026, 9, 26), False),
        (spring_festival(-2, 2), date(2042, 1, 22), True),  # beyond the table, by the moon's cycle
        (dates((12, 1), (2, 10)), date(2026, 1, 5), True),
        (dates((12, 1), (2, 10)), date(2026, 2, 11), False),
        (dates((3, 1), (4, 30)), date(2026, 4, 30), True),
    ],
)
def test_spells_of_the_year(spell: Spell, day: date, holds: bool) -> None:
    assert spell(day) is holds


def test_the_first_spell_that_holds_counts_and_other_days_are_ordinary() -> None:
    season = ((dates((6, 1), (6, 1)), 0.0), (dates((6, 1), (6, 30)), 2.0))
    assert [busy(season, date(2026, 6, 1)), busy(season, date(2026, 6, 2)), busy(season, date(2026, 7, 1))] == [0, 2, 1]


@pytest.mark.parametrize("industry", INDUSTRIES.values(), ids=INDUSTRIES)
def test_a_place_on_the_line_is_a_day_on_which_the_chain_was_open(industry: Industry) -> None:
    calendar = Calendar(industry, UNTIL)
    assert calendar.days()[0] == calendar.first
    assert calendar.days()[-1] == date(2026, 11, 22)
    assert calendar.length == pytest.approx(DAYS + 1)
    for day in calendar.days():
        if calendar.busy(day):
            assert calendar.day(calendar.place(day)) == day
    places = [calendar.length * n / 5000 for n in range(5000)]
    found = [calendar.day(place) for place in places]
    assert all(day is not None and calendar.busy(day) > 0 for day in found)
    assert calendar.day(calendar.length) is None


def test_trade_follows_the_season() -> None:
    tea, courier = Calendar(INDUSTRIES["tea"], UNTIL), Calendar(INDUSTRIES["courier"], UNTIL)
    assert tea.busy(date(2026, 2, 17)) == courier.busy(date(2026, 2, 17)) == 0  # the Spring Festival
    assert tea.busy(date(2026, 9, 18)) > 2 * tea.busy(date(2026, 8, 14))  # Fridays: before Mid-Autumn, in summer
    assert courier.busy(date(2025, 11, 11)) > 1.5 * courier.busy(date(2025, 10, 14))  # Tuesdays: Double 11
    assert courier.busy(date(2026, 10, 18)) < courier.busy(date(2026, 10, 19))  # Sunday, Monday
