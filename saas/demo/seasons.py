"""The Chinese year as a shop feels it: festivals by the moon, sales days by the calendar. Pure functions of a day."""

from collections.abc import Callable
from datetime import date
from typing import Final

Spell = Callable[[date], bool]
Season = tuple[tuple[Spell, float], ...]
"""Spells of the year with how busy a day in them is, beside an ordinary one; 0: closed. The first that holds counts."""

# (month, day) of the first day of the first lunar month, and of the fifteenth of the eighth, for one 19-year cycle;
# after it the moon is back within a day or two.
_SPRING_FESTIVAL: Final = {
    2023: (1, 22),
    2024: (2, 10),
    2025: (1, 29),
    2026: (2, 17),
    2027: (2, 6),
    2028: (1, 26),
    2029: (2, 13),
    2030: (2, 3),
    2031: (1, 23),
    2032: (2, 11),
    2033: (1, 31),
    2034: (2, 19),
    2035: (2, 8),
    2036: (1, 28),
    2037: (2, 15),
    2038: (2, 4),
    2039: (1, 24),
    2040: (2, 12),
    2041: (2, 1),
}
_MID_AUTUMN: Final = {
    2023: (9, 29),
    2024: (9, 17),
    2025: (10, 6),
    2026: (9, 25),
    2027: (9, 15),
    2028: (10, 3),
    2029: (9, 22),
    2030: (9, 12),
    2031: (10, 1),
    2032: (9, 19),
    2033: (9, 8),
    2034: (9, 27),
    2035: (9, 16),
    2036: (10, 4),
    2037: (9, 24),
    2038: (9, 13),
    2039: (10, 2),
    2040: (9, 20),
    2041: (9, 10),
}
_CYCLE: Final = 19


def spring_festival(first: int, last: int) -> Spell:
    """From so many days after the nearest first day of the Chinese year to so many (-1: its eve)."""
    return lambda day: first <= _from_nearest(day, _SPRING_FESTIVAL) <= last


def mid_autumn(first: int, last: int) -> Spell:
    """The same around the Mid-Autumn festival."""
    return lambda day: first <= _from_nearest(day, _MID_AUTUMN) <= last


def dates(first: tuple[int, int], last: tuple[int, int]) -> Spell:
    """From one (month, day) to another, both included; the turn of the year may lie between them."""

    def holds(day: date) -> bool:
        at = (day.month, day.day)
        return first <= at <= last if first <= last else at >= first or at <= last

    return holds


def busy(season: Season, day: date) -> float:
    """By the first spell that holds; an ordinary day: 1.0."""
    return next((weight for spell, weight in season if spell(day)), 1.0)


def _from_nearest(day: date, table: dict[int, tuple[int, int]]) -> int:
    offsets = [(day - _in_year(year, table)).days for year in (day.year - 1, day.year, day.year + 1)]
    return min(offsets, key=abs)


def _in_year(year: int, table: dict[int, tuple[int, int]]) -> date:
    first = min(table)
    month, day = table[first + (year - first) % _CYCLE]
    return date(year, month, day)
