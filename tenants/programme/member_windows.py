"""Windows as SQL: constant ones as ranges of days and months, a member's own as expressions over its state.

A window is whole months plus ragged edge days, so that no evaluation scans history. A month is whole
only if its last day lies in the window: `member_month` may already hold days after D.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tenants.programme.binder import Binder
from tenants.programme.moment import Moment
from tenants.programme.windows import (
    AnyWindow,
    CurrentValidity,
    Lifetime,
    MembershipYear,
    SinceTierStart,
    add_months,
    bounds,
    window_key,
)

ONE_DAY = timedelta(days=1)
NEVER = date(1, 2, 1)
"""Before every fact; a day before it there is another month, so that arithmetic may step back."""
Bounds = Callable[[Moment], tuple[date, date]]


@dataclass(frozen=True)
class Ranges:
    """The three ranges of a constant window, each [first, last]; first after last: empty."""

    head: tuple[date, date]
    months: tuple[date, date]
    tail: tuple[date, date]


_EMPTY = (date(2, 1, 1), date(1, 1, 1))


def ranges(first: date, last: date) -> Ranges:
    """Splits the days first … last into edge days, whole months (by their first days), edge days."""
    if first > last:
        return Ranges(_EMPTY, _EMPTY, _EMPTY)
    begins = first if first.day == 1 else add_months(first.replace(day=1), 1)
    ends = (last + ONE_DAY).replace(day=1)  # the first month that isn't whole any more
    if begins >= ends:
        return Ranges((first, last), _EMPTY, _EMPTY)
    return Ranges((first, begins - ONE_DAY), (begins, ends - ONE_DAY), (ends, last))


class ConstantWindow:
    """A window that D alone decides, as conditions over the rows `a` of member_month and of member_day."""

    def __init__(self, key: str, of: Bounds, binder: Binder) -> None:
        self._of = of
        self._last: tuple[date, Ranges] | None = None

        def within(column: str, name: str) -> str:
            first, last = (binder.moment(f"{key} {name} {end}", self._end(name, end), "date") for end in (0, 1))
            return f"{column} BETWEEN {first} AND {last}"

        self.months = within("a.month", "months")
        self.days = f"{within('a.day', 'head')} OR {within('a.day', 'tail')}"

    def at(self, moment: Moment) -> Ranges:
        """Its ranges at a moment; remembered, since a statement asks six times and a till all day long."""
        known = self._last
        if known is None or known[0] != moment.day:
            known = self._last = (moment.day, ranges(*self._of(moment)))
        return known[1]

    def _end(self, name: str, end: int) -> Callable[[Moment], date]:
        def of(moment: Moment) -> date:
            found: date = getattr(self.at(moment), name)[end]
            return found

        return of


class EdgeDays:
    """Every day that some of the windows needs as a day, in order: at most 61 a window, mostly fewer."""

    def __init__(self, windows: Iterable[ConstantWindow]) -> None:
        self._windows = windows
        self._last: tuple[date, list[date]] | None = None

    def __call__(self, moment: Moment) -> list[date]:
        known = self._last
        if known is None or known[0] != moment.day:
            known = self._last = (moment.day, self._days(moment))
        return known[1]

    def _days(self, moment: Moment) -> list[date]:
        days: set[date] = set()
        for window in self._windows:
            found = window.at(moment)
            for first, last in (found.head, found.tail):
                days.update(first + timedelta(days=n) for n in range((last - first).days + 1))
        return sorted(days)


def months_around(windows: Iterable[ConstantWindow], moment: Moment) -> tuple[date, date]:
    """The first and the last whole month that some window needs; first after last where none needs any."""
    found = [months for window in windows if (months := window.at(moment).months) != _EMPTY]
    return (min(first for first, _ in found), max(last for _, last in found)) if found else _EMPTY


def constant_bounds(window: AnyWindow) -> Bounds:
    """First and last day of a window that is the same for every member."""

    def of(moment: Moment) -> tuple[date, date]:
        first, last = bounds(window, moment.day, joined_on=moment.day, tier_start=moment.day, validity_start=moment.day)
        return first or NEVER, last

    return of


def member_bounds(window: AnyWindow, state: str, binder: Binder) -> tuple[str, str]:
    """First and last day of a member's own window as SQL over `m`; `state` is the ladder's column prefix."""
    day = binder.moment("day", lambda m: m.day, "date")
    match window:
        case Lifetime():
            return f"coalesce(m.{state}_fell_on, {binder.constant(NEVER, 'date')})", day
        case SinceTierStart():
            return f"m.{state}_since", day
        case CurrentValidity():
            return f"m.{state}_valid_from", day
        case MembershipYear(offset=offset):
            years = (
                f"(extract(year FROM {day}) - extract(year FROM m.joined_on))::int"
                f" - CASE WHEN (m.joined_on + make_interval(years => (extract(year FROM {day})"
                f" - extract(year FROM m.joined_on))::int))::date > {day} THEN 1 ELSE 0 END"
            )
            first = f"(m.joined_on + make_interval(years => {years} + {offset:d}))::date"
            if offset == 0:
                return first, day
            return first, f"((m.joined_on + make_interval(years => {years} + {offset + 1:d}))::date - 1)"
        case _:
            raise ValueError(f"{window_key(window)} is not a member's own window")
