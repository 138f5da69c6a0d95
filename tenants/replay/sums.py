"""A member's sums by local day, kept up as its facts come in: what windows add up, and what aggregates should hold."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from tenants.measures import codes

PLAIN: Final = ""
"""The name of the purchases' own sums among those of the measures; their `total` is the spend, `facts` how many."""


@dataclass(slots=True)
class Day:
    """One measure's sums of a local day (or month)."""

    total: Decimal | int = 0
    facts: int = 0
    valued: int = 0
    most: int = 0

    @property
    def is_nothing(self) -> bool:
        return not (self.total or self.facts or self.valued or self.most)


@dataclass(slots=True)
class Line:
    """A line of a purchase: its amount, what bonus paid of it, what was given back of it. Minor units."""

    category: str | None
    amount: int
    bonus: int
    back: int = 0


@dataclass(slots=True)
class Sale:
    """A purchase as it stands. `uncounted`: of `amount`, what no metric counts; `back_uncounted` of what went back.
    Without lines it is of one `category`, or of none.
    """

    id: UUID
    day: date
    at: datetime
    branch_id: UUID
    amount: int
    uncounted: int
    category: str | None
    lines: Sequence[Line] | None
    back: int = 0
    back_uncounted: int = 0

    @property
    def stands(self) -> bool:
        return self.amount == 0 or self.back < self.amount

    @property
    def counted(self) -> int:
        return self.amount - self.back - (self.uncounted - self.back_uncounted)

    def measured(self) -> Iterator[tuple[str, int, int]]:
        """What it adds to each measure: code, total, facts."""
        yield PLAIN, self.counted, int(self.stands)
        yield codes.branch(self.branch_id), self.counted, int(self.stands)
        if self.lines is None:
            if self.category is not None:
                yield codes.category(self.category), self.counted, int(self.stands)
            return
        bought: dict[str, tuple[int, int, int]] = {}
        for line in self.lines:
            if line.category is not None:
                amount, back, counts = bought.get(line.category, (0, 0, 0))
                bonus = line.bonus if self.uncounted else 0
                left = line.amount - line.back
                of_line = left * (line.amount - bonus) // line.amount if line.amount else 0
                bought[line.category] = (amount + line.amount, back + line.back, counts + of_line)
        for category, (amount, back, counts) in bought.items():
            yield codes.category(category), counts, int(self.stands and (amount == 0 or back < amount))


@dataclass(slots=True)
class Paid:
    """A top-up's principal, less what was paid back of it."""

    day: date
    amount: int
    back: int = 0
    undone: bool = False

    @property
    def left(self) -> int:
        return 0 if self.undone else self.amount - self.back


@dataclass(slots=True)
class Sums:
    """All of one member's sums, of everybody merged into it too."""

    sales: dict[UUID, Sale] = field(default_factory=dict)
    top_ups: dict[UUID, Paid] = field(default_factory=dict)
    _days: dict[str, dict[date, Day]] = field(default_factory=dict)
    _order: dict[str, list[date]] = field(default_factory=dict)

    # --- facts --------------------------------------------------------------------------------

    def buy(self, sale: Sale) -> None:
        self.sales[sale.id] = sale
        self._count(sale, 1)

    def give_back(self, sale_id: UUID, amount: int, uncounted: int, lines: Sequence[tuple[int, int]]) -> None:
        """`lines`: index and amount of each of which something is given back."""
        sale = self.sales[sale_id]
        self._count(sale, -1)
        sale.back += amount
        sale.back_uncounted += uncounted
        for line, part in lines:
            if sale.lines is not None:
                sale.lines[line].back += part
        self._count(sale, 1)

    def undo_sale(self, sale_id: UUID) -> None:
        """It never was."""
        sale = self.sales.pop(sale_id)
        self._count(sale, -1)

    def pay_in(self, top_up_id: UUID, paid: Paid) -> None:
        self.top_ups[top_up_id] = paid
        self._pay_anew(paid.day)

    def pay_back(self, top_up_id: UUID, amount: int) -> None:
        """Of what was never paid in here (an opening balance) nothing is counted."""
        if (paid := self.top_ups.get(top_up_id)) is not None:
            paid.back += amount
            self._pay_anew(paid.day)

    def undo_top_up(self, top_up_id: UUID) -> None:
        paid = self.top_ups[top_up_id]
        paid.undone = True
        self._pay_anew(paid.day)

    def add(self, measure: str, on: date, total: Decimal | int = 0, facts: int = 0, valued: int = 0) -> None:
        """What adds up and has no largest one."""
        day = self._day(measure, on)
        day.total += total
        day.facts += facts
        day.valued += valued

    def unite(self, other: "Sums") -> None:
        """The other's facts are this member's from now on."""
        self.sales |= other.sales
        self.top_ups |= other.top_ups
        for (measure, on), there in other.by_day().items():
            day = self._day(measure, on)
            day.total += there.total
            day.facts += there.facts
            day.valued += there.valued
            day.most = max(day.most, there.most)

    def _count(self, sale: Sale, sign: int) -> None:
        for measure, total, facts in sale.measured():
            self.add(measure, sale.day, sign * total, sign * facts)
        of_day = (one.counted for one in self.sales.values() if one.day == sale.day)
        self._day(PLAIN, sale.day).most = max(of_day, default=0)

    def _pay_anew(self, on: date) -> None:
        left = [paid.left for paid in self.top_ups.values() if paid.day == on and paid.left > 0]
        day = self._day(codes.TOP_UP, on)
        day.total, day.facts, day.most = sum(left), len(left), max(left, default=0)

    def _day(self, measure: str, on: date) -> Day:
        days = self._days.setdefault(measure, {})
        if on not in days:
            days[on] = Day()
            insort(self._order.setdefault(measure, []), on)
        return days[on]

    # --- windows ------------------------------------------------------------------------------

    def within(self, measure: str, first: date | None, last: date) -> list[Day]:
        """The days of a measure with facts from `first` (None: from the beginning) to `last`, in order."""
        order = self._order.get(measure)
        if not order:
            return []
        begins = 0 if first is None else bisect_left(order, first)
        days = self._days[measure]
        return [days[on] for on in order[begins : bisect_right(order, last)]]

    def branches(self, first: date | None, last: date) -> int:
        """At how many branches something was bought that stands."""
        prefix = f"{codes.BRANCH}:"
        names = [measure for measure in self._days if measure.startswith(prefix)]
        return sum(any(day.facts > 0 for day in self.within(name, first, last)) for name in names)

    def reaches_beyond(self, day: date) -> bool:
        """Whether some fact counts on a later day than this one only."""
        return any(order[-1] > day for order in self._order.values())

    def last_purchase(self, last: date) -> date | None:
        """The last day up to `last` with a purchase that stands."""
        order, days = self._order.get(PLAIN, []), self._days.get(PLAIN, {})
        before = reversed(order[: bisect_right(order, last)])
        return next((on for on in before if days[on].facts > 0), None)

    @property
    def last_at(self) -> datetime | None:
        """When the last purchase happened that stands."""
        return max((sale.at for sale in self.sales.values() if sale.stands), default=None)

    # --- aggregates ---------------------------------------------------------------------------

    def by_day(self) -> dict[tuple[str, date], Day]:
        """Each measure's days on which there is something."""
        return {
            (measure, on): day for measure, days in self._days.items() for on, day in days.items() if not day.is_nothing
        }

    def by_month(self) -> dict[tuple[str, date], Day]:
        """Each measure's months, by their first days."""
        months: dict[tuple[str, date], Day] = {}
        for (measure, on), day in self.by_day().items():
            month = months.setdefault((measure, on.replace(day=1)), Day())
            month.total += day.total
            month.facts += day.facts
            month.valued += day.valued
            month.most = max(month.most, day.most)
        return {key: month for key, month in months.items() if not month.is_nothing}
