"""The days of one chain's history, and how busy each was."""

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Final

from saas.demo.industry import ZONE, Branch, Industry
from saas.demo.seasons import busy

MONTH: Final = 365.25 / 12


class Calendar:
    """From `first` to `today`, the local day of `until`. A busy day takes up more room on the `line` than a quiet one,
    an ordinary one 1.0: what is spread evenly over the line falls on the days as trade does.
    """

    def __init__(self, industry: Industry, until: datetime) -> None:
        self.industry = industry
        self.until = until.astimezone(ZONE)
        self.today = self.until.date()
        self.first = self.today - timedelta(days=industry.days)
        weights = [self._busy(self.first + timedelta(days=n)) for n in range(industry.days + 1)]
        scale = len(weights) / sum(weights)
        self._line = list(accumulate((weight * scale for weight in weights), initial=0.0))
        self._hours = tuple(industry.hours)
        self._hour_weights = tuple(industry.hours.values())

    def days(self) -> list[date]:
        """Every day of the history, today included."""
        return [self.first + timedelta(days=n) for n in range(self.industry.days + 1)]

    @property
    def length(self) -> float:
        """Where the line ends."""
        return self._line[-1]

    def place(self, day: date) -> float:
        """Where a day of the history begins on the line."""
        return self._line[(day - self.first).days]

    def busy(self, day: date) -> float:
        """How much room a day of the history takes up; 0: closed."""
        number = (day - self.first).days
        return self._line[number + 1] - self._line[number]

    def day(self, place: float) -> date | None:
        """The day at a place; None behind the end. Never one that is closed: it takes up no room."""
        return self.first + timedelta(days=bisect_right(self._line, place) - 1) if place < self.length else None

    def moment(self, random: Random, day: date) -> datetime:
        """Some time of the day at which the branches are open."""
        hour = random.choices(self._hours, self._hour_weights)[0]
        return datetime.combine(day, time(hour, random.randrange(60), random.randrange(60)), ZONE)

    def open_branches(self, day: date) -> list[tuple[int, Branch]]:
        """Those that were open on a day, with their places in the table."""
        age = (self.today - day).days
        return [(n, b) for n, b in enumerate(self.industry.branches) if b.opened is None or b.opened >= age]

    def choose_branch(self, random: Random, day: date) -> int:
        """One that was open, the busier ones more often."""
        there = self.open_branches(day)
        return random.choices([n for n, _ in there], [b.weight for _, b in there])[0]

    def _busy(self, day: date) -> float:
        return busy(self.industry.season, day) * self.industry.weekdays[day.weekday()]
