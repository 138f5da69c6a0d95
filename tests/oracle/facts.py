"""A member's facts in plain lists, and what a metric is over some of their days.

No sum is kept anywhere: every number is counted from the lists each time it is asked for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from oracle.local_days import local_day

Json = dict[str, Any]
Value = int | Fraction | None
Within = Callable[[date], bool]


@dataclass
class Line:
    """A part of a ticket; `amount` and `refunded` in minor units."""

    category: str | None
    amount: int
    refunded: int = 0

    @property
    def left(self) -> int:
        return self.amount - self.refunded


@dataclass
class Purchase:
    """One ticket; one that came without lines has one line without a category."""

    occurred_at: datetime
    recorded_at: datetime
    lines: list[Line]
    branch: str = "main"
    external_id: str = ""
    buyer: str = ""  # by name, as it was told

    @property
    def amount(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def net(self) -> int:
        return sum(line.left for line in self.lines)

    @property
    def stands(self) -> bool:
        """Not given back as a whole; one of amount 0 can't be."""
        return self.amount == 0 or self.net > 0

    def has(self, category: str) -> bool:
        """Whether it counts as a purchase of this category."""
        parts = [line for line in self.lines if line.category == category]
        if not parts or not self.stands:
            return False
        return sum(line.amount for line in parts) == 0 or sum(line.left for line in parts) > 0

    def give_back(self, amount: int) -> None:
        """Spreads a refund pro rata to what is left of each line, rounded down.

        What rounding leaves goes to the last line that has something left, as far as it has; more to the one
        before it.
        """
        whole = self.net
        if not 0 < amount <= whole:
            raise ValueError(f"{amount} of {whole}")
        shares = [amount * line.left // whole for line in self.lines]
        rest = amount - sum(shares)
        for line, share in reversed(list(zip(self.lines, shares, strict=True))):
            more = min(rest, line.left - share)
            rest -= more
            line.refunded += share + more


@dataclass(frozen=True)
class Activity:
    occurred_at: datetime
    recorded_at: datetime
    kind: str
    value: Fraction | None = None


@dataclass
class Person:
    """A member with everything that was heard of so far, in order of arrival."""

    joined_on: date
    referrer: str | None = None
    purchases: list[Purchase] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    top_ups: list[tuple[date, int]] = field(default_factory=list)  # principal
    points: list[tuple[date, int]] = field(default_factory=list)  # accrued; reversals are negative
    brought: dict[str, date] = field(default_factory=dict)  # member → the day on which it counts
    merged_into: str | None = None

    def first_standing(self, zone: ZoneInfo) -> date | None:
        """The local day of the first purchase that stands."""
        return min((local_day(one.occurred_at, zone) for one in self.purchases if one.stands), default=None)


def last_purchase_day(person: Person, until: date, zone: ZoneInfo) -> date | None:
    """The local day of the last purchase that stands, at most `until`."""
    days = [local_day(one.occurred_at, zone) for one in person.purchases if one.stands]
    return max((day for day in days if day <= until), default=None)


def measured(leaf: Json, person: Person, within: Within, zone: ZoneInfo) -> Value:
    """A windowed metric over the days that are `within`; `leaf` says which, of what kind or category."""
    metric = leaf["metric"]
    if metric in ("spend", "purchases", "max_purchase", "branches"):
        bought = [one for one in person.purchases if within(local_day(one.occurred_at, zone))]
        return _of_purchases(metric, bought, leaf.get("category"))
    if metric in ("activities", "rating"):
        kind = leaf.get("kind")
        done = [one for one in person.activities if within(local_day(one.occurred_at, zone))]
        return _of_activities(metric, [one for one in done if kind is None or one.kind == kind])
    if metric == "referrals":
        return sum(1 for day in person.brought.values() if within(day))
    entries = person.points if metric == "points_earned" else person.top_ups
    amounts = [amount for day, amount in entries if within(day)]
    if metric in ("top_ups", "points_earned"):
        return sum(amounts)
    if metric == "max_top_up":
        return max(amounts, default=0)
    raise ValueError(f"unknown metric {metric}")


def _of_purchases(metric: str, bought: Iterable[Purchase], category: str | None) -> int:
    if metric == "branches":
        return len({one.branch for one in bought if one.stands})
    if metric == "max_purchase":
        return max((one.net for one in bought), default=0)
    if metric == "spend":
        return sum(line.left for one in bought for line in one.lines if category in (None, line.category))
    return sum(1 for one in bought if (one.stands if category is None else one.has(category)))


def _of_activities(metric: str, done: list[Activity]) -> Value:
    if metric == "activities":
        return len(done)
    numbers = [one.value for one in done if one.value is not None]
    return Fraction(sum(numbers)) / len(numbers) if numbers else None
