"""What members (and passers-by) bought, gave back and took part in. The same seed makes the same history."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from saas.demo.industry import Goods, Habit, Pastime
from saas.demo.people import Person, clerks, seeded
from saas.demo.trading_days import MONTH, Calendar

_AT_HOME: Final = 0.85  # of the visits: at the member's own branch
_BUYS_AT_ONCE: Final = 0.9  # of the members: on the day of joining
_TWO_PIECES: Final = 0.12
_CHEAP: Final = 5_000  # fen: of such things people take two
_WHOLE_YUAN: Final = 10_000  # fen: from here on prices have no jiao
_PASSING: Final = 0.8  # what passers-by spend beside members
_WHOLE_REFUND: Final = 0.5
_REFUND_DAYS: Final = 7
_BILLED: Final = {"bank_transfer": 8, "wechat": 2}
_STRANGERS: Final = 8_000_000  # numbers of passers-by's tickets begin here


@dataclass(frozen=True, slots=True)
class Line:
    """`amount` is the line's total in fen, as the till sends it; `paid` what of it the till knows to be to pay."""

    category: str
    sku: str
    quantity: int
    amount: int
    paid: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money back at `at`: `line` and what was paid for it, or the whole ticket (None)."""

    at: datetime
    line: int | None


@dataclass(frozen=True, slots=True)
class Ticket:
    """One purchase as the till sends it; `branch` is an index, `buyer` a member's phone number (None: 散客). Points pay
    `points` fen of it, a hundred for a yuan, stored value `wallet`; `tenders` the rest, where the till knows it.
    """

    external_id: str
    branch: int
    buyer: str | None
    at: datetime
    lines: tuple[Line, ...]
    tenders: tuple[tuple[str, int], ...]
    sold_by: str
    refund: Refund | None
    points: int = 0
    wallet: int = 0

    @property
    def paid(self) -> int:
        return sum(line.paid for line in self.lines)


@dataclass(frozen=True, slots=True)
class Action:
    """An activity of the member with this phone number, who is member `number`."""

    external_id: str
    phone: str
    number: int
    branch: int
    kind: str
    at: datetime
    value: float | None
    data: dict[str, int] | None


class History:
    """Everything that happened at one chain until now, for whoever is asked for."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._industry = calendar.industry
        self._shelves: dict[tuple[str, ...], tuple[list[Goods], list[int]]] = {}

    def tickets(self, person: Person) -> Iterator[Ticket]:
        """A member's purchases, in order."""
        random = seeded(self._industry.template, person.number, "tickets")
        for day in self._buying_days(random, person):
            at = self.calendar.moment(random, day)
            branch = self.branch_of(random, person, day)
            ticket = self._ticket(random, at, branch, person, person.number)
            if at <= self.calendar.until:
                yield ticket

    def passers_by(self, day: date) -> Iterator[Ticket]:
        """The day's purchases without a member, in no order."""
        random = seeded(self._industry.template, day)
        count = int(self._industry.passers_by * self.calendar.busy(day) + random.random())
        for number in range(_STRANGERS, _STRANGERS + count):
            at = self.calendar.moment(random, day)
            branch = self.calendar.choose_branch(random, day)
            ticket = self._ticket(random, at, branch, None, number)
            if at <= self.calendar.until:
                yield ticket

    def actions(self, person: Person) -> Iterator[Action]:
        """A member's activities, kind by kind."""
        for pastime in self._industry.pastimes:
            if person.habit.active and (not pastime.health or "health" in person.agrees):
                yield from self._pastime(person, pastime)

    def _pastime(self, person: Person, pastime: Pastime) -> Iterator[Action]:
        random = seeded(self._industry.template, person.number, pastime.kind)
        for stretch in person.stretches:
            for day in self.days_of(random, stretch, pastime.monthly * person.habit.active):
                at = self.calendar.moment(random, day)
                branch = self.branch_of(random, person, day)
                value = None if pastime.value is None else _number(random, *pastime.value)
                data = {name: random.randint(*span) for name, span in (pastime.fields or {}).items()} or None
                name = f"{pastime.kind}-{day:%Y%m%d}-{person.number:06d}"
                if at <= self.calendar.until:
                    yield Action(name, person.phone, person.number, branch, pastime.kind, at, value, data)

    def _buying_days(self, random: Random, person: Person) -> Iterator[date]:
        last: date | None = None
        if person.stretches:
            first = person.stretches[0][0]
            once = person.habit.course == "once"
            if (first == person.joined_on or once) and self.calendar.busy(first) and random.random() < _BUYS_AT_ONCE:
                last = first
                yield first
        for stretch in person.stretches:
            for day in self.days_of(random, stretch, person.pace):
                if last is None or day > last:
                    last = day
                    yield day

    def days_of(self, random: Random, stretch: tuple[date, date], monthly: float) -> Iterator[date]:
        """Days on which something that happens so often happens, each at most once."""
        begin, end = stretch
        place, last = self.calendar.place(begin), None
        while monthly > 0:
            place += random.expovariate(monthly / MONTH)
            day = self.calendar.day(place)
            if day is None or day > end:
                return
            if day != last:
                last = day
                yield day

    def branch_of(self, random: Random, person: Person, day: date) -> int:
        """Where the member is that day: mostly at its own."""
        return person.branch if random.random() < _AT_HOME else self.calendar.choose_branch(random, day)

    def _ticket(self, random: Random, at: datetime, branch: int, person: Person | None, number: int) -> Ticket:
        industry = self._industry
        habit = person.habit if person else industry.habits[0]
        goods, weights = self._shelf(habit if person else None)
        count = min(len(goods), 1 + int(random.triangular(0, habit.lines if person else 2, 0)))
        taken = dict.fromkeys(random.choices(goods, weights, k=count))
        lines = tuple(_line(random, item, person) for item in taken)
        tenders = self._tenders(random, lines, billed=habit.company and person is not None)
        if industry.priced == "tier" and person is not None:
            tenders = ()
        refund = self._refund(random, at, lines) if random.random() < industry.refunded else None
        code = industry.branches[branch].code.upper()
        return Ticket(
            external_id=f"{code}-{at:%Y%m%d}-{number:06d}",
            branch=branch,
            buyer=person.phone if person else None,
            at=at,
            lines=lines,
            tenders=tenders,
            sold_by=random.choice(clerks(industry, branch)),
            refund=refund,
        )

    def _shelf(self, habit: Habit | None) -> tuple[list[Goods], list[int]]:
        """What a customer of this kind chooses from; a category that its basket names twice is taken twice as often."""
        basket = habit.basket if habit else ()
        if basket not in self._shelves:
            goods = [item for item in self._industry.goods if not basket or item.category in basket]
            weights = [item.weight * max(1, basket.count(item.category)) for item in goods]
            self._shelves[basket] = goods, weights
        return self._shelves[basket]

    def _tenders(self, random: Random, lines: tuple[Line, ...], *, billed: bool) -> tuple[tuple[str, int], ...]:
        industry, total = self._industry, sum(line.paid for line in lines)
        choice = _BILLED if billed else industry.tenders
        chosen = random.choices(tuple(choice), tuple(choice.values()))[0]
        if chosen != "medical_insurance":
            return ((chosen, total),)
        covered = sum(line.paid for line in lines if line.category in industry.insured)
        parts = ((chosen, covered), ("wechat", total - covered))
        return tuple(part for part in parts if part[1] > 0)

    def _refund(self, random: Random, at: datetime, lines: tuple[Line, ...]) -> Refund | None:
        """None where it would lie ahead, or on a closed day."""
        day = at.date() + timedelta(days=random.randrange(1, _REFUND_DAYS))
        whole = len(lines) == 1 or random.random() < _WHOLE_REFUND
        line = None if whole else random.randrange(len(lines))
        if day > self.calendar.today or not self.calendar.busy(day):
            return None
        when = self.calendar.moment(random, day)
        return Refund(when, line) if when <= self.calendar.until else None


def _line(random: Random, item: Goods, person: Person | None) -> Line:
    if item.member is not None:
        quantity = 2 if random.random() < _TWO_PIECES else 1
        paid = item.low if person is None else item.member
        return Line(item.category, item.sku, quantity, item.low * quantity, paid * quantity)
    each = random.triangular(item.low, item.high, item.low) * (person.price if person else _PASSING)
    step = 100 if each >= _WHOLE_YUAN else 10
    each = max(10, round(each / step) * step)
    quantity = 2 if each < _CHEAP and random.random() < _TWO_PIECES else 1
    return Line(item.category, item.sku, quantity, int(each) * quantity, int(each) * quantity)


def _number(random: Random, low: float, high: float) -> float:
    """Whole numbers between whole ones (marks: the best ones most often), else with one decimal."""
    if isinstance(low, int) and isinstance(high, int):
        return round(random.triangular(low, high, high))
    return round(random.triangular(low, high, low + (high - low) / 4), 1)
