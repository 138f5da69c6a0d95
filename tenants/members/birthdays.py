"""When a birthday is kept: by the solar calendar or by the Chinese one (农历).

`birthday` is the solar date of birth, always. On which month and day it is kept follows from it and from the member's
calendar, and is written with it (`kept_on`): so those who have their birthday today are found by an index, without
reckoning everybody's.

29 February is kept on the 28th of other years. A lunar birthday of a leap month is kept in the plain month of that
number, one on the 30th in a year whose month has 29 days on that 29th (除夕, mostly).
"""

from calendar import isleap
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

from borax.calendars.lunardate import MAX_SOLAR_DATE, MIN_SOLAR_DATE, LCalendars, LunarDate

Calendar = Literal["solar", "lunar"]

LONGEST_AGO: Final = timedelta(days=40)
"""A day that nobody looked at so long ago, its birthdays bring nothing any more."""

_LEAP_DAY: Final = 229
_LAST_OF_FEBRUARY: Final = 228
_LONG_MONTH: Final = 30


@dataclass(frozen=True, slots=True)
class Kept:
    """Who has a birthday: those whose `kept_on` in this calendar is one of `marks`. `year` is the calendar's own, so
    that each birthday comes once in it: a solar year may have a lunar birthday twice or not at all.
    """

    calendar: Calendar
    marks: tuple[int, ...]
    year: int


def kept_on(birthday: date | None, calendar: Calendar) -> int | None:
    """The month * 100 + the day of a birthday in its calendar. None: no birthday, or a lunar one of days that the
    Chinese calendar's tables don't reach (before 31 January 1900).
    """
    if birthday is None:
        return None
    if calendar == "solar":
        return _mark(birthday.month, birthday.day)
    found = _lunar(birthday)
    return None if found is None else _mark(found.month, found.day)


def kept(day: date) -> tuple[Kept, ...]:
    """The birthdays that are kept on a local day."""
    solar = [_mark(day.month, day.day)]
    if solar == [_LAST_OF_FEBRUARY] and not isleap(day.year):
        solar.append(_LEAP_DAY)
    found = [Kept("solar", tuple(solar), day.year)]
    lunar = _lunar(day)
    if lunar is not None and not lunar.leap:
        marks = [_mark(lunar.month, lunar.day)]
        if lunar.day == LCalendars.ndays(lunar.year, lunar.month) < _LONG_MONTH:
            marks.append(_mark(lunar.month, _LONG_MONTH))
        found.append(Kept("lunar", tuple(marks), lunar.year))
    return tuple(found)


def _lunar(day: date) -> LunarDate | None:
    return LunarDate.from_solar(day) if MIN_SOLAR_DATE <= day <= MAX_SOLAR_DATE else None


def _mark(month: int, day: int) -> int:
    return month * 100 + day
