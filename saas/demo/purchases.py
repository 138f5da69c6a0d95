"""What the demo chain's members bought. The same seed makes the same tickets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from saas.demo.people import Habit, Person

ZONE: Final = ZoneInfo("Asia/Shanghai")
_TENDERS: Final = {"wechat": 52, "alipay": 30, "card": 8, "cash": 10}
_GOODS: Final = {
    "food": (300, 4_000),
    "household": (900, 9_000),
    "beauty": (2_900, 19_900),
    "baby": (4_900, 29_900),
    "stationery": (200, 3_000),
}
# Visits a month, and by how much the usual basket is multiplied.
_HABITS: Final[dict[Habit, tuple[float, float]]] = {
    "devoted": (3.6, 1.5),
    "regular": (1.5, 1.0),
    "occasional": (0.45, 0.8),
    "once": (0.0, 0.9),
    "lapsed": (1.4, 1.1),
}
_LAPSE_AFTER: Final = 120
_OPENS: Final = 9 * 60
_CLOSES: Final = 21 * 60
_PASSERS_BY_A_DAY: Final = 0.9
_AT_HOME: Final = 0.8  # of the visits: at the member's own branch
_EVER_BUYS: Final = 0.9  # of the members


@dataclass(frozen=True, slots=True)
class Ticket:
    """One purchase as the till sends it; `branch` is an index, `buyer` a member's phone number (None: 散客)."""

    external_id: str
    branch: int
    buyer: str | None
    occurred_at: datetime
    lines: list[dict[str, Any]]
    tender: str

    @property
    def amount(self) -> int:
        return sum(int(line["amount"]) for line in self.lines)


def tickets(random: Random, members: list[Person], first: date, until: datetime) -> list[Ticket]:
    """Every ticket from `first` on that happened before `until`, in order."""
    visits: list[tuple[datetime, int, str | None, Habit]] = [
        (moment, person.branch if random.random() < _AT_HOME else random.randrange(3), person.phone, person.habit)
        for person in members
        for moment in _moments(random, person, max(first, person.joined_on), until)
    ]
    visits += [(moment, random.randrange(3), None, "occasional") for moment in _passers_by(random, first, until)]
    visits.sort(key=lambda visit: visit[0])
    return [_ticket(random, number, *visit) for number, visit in enumerate(visits, 1)]


def _moments(random: Random, person: Person, first: date, until: datetime) -> Iterator[datetime]:
    """When one member came to a till."""
    rate, _ = _HABITS[person.habit]
    moment = _at_a_till(random, first)
    if moment < until and random.random() < _EVER_BUYS:
        yield moment
    if rate == 0:
        return
    day = first
    while True:
        day += timedelta(days=max(1, round(random.expovariate(rate / 30))))
        moment = _at_a_till(random, day)
        if moment >= until or (person.habit == "lapsed" and (day - first).days > _LAPSE_AFTER):
            return
        yield moment


def _passers_by(random: Random, first: date, until: datetime) -> Iterator[datetime]:
    for number in range((until.astimezone(ZONE).date() - first).days):
        if random.random() < _PASSERS_BY_A_DAY:
            yield _at_a_till(random, first + timedelta(days=number))


def _at_a_till(random: Random, day: date) -> datetime:
    minute = random.randrange(_OPENS, _CLOSES)
    return datetime.combine(day, time(minute // 60, minute % 60, random.randrange(60)), ZONE)


def _ticket(random: Random, number: int, moment: datetime, branch: int, buyer: str | None, habit: Habit) -> Ticket:
    scale = _HABITS[habit][1]
    goods = random.sample(tuple(_GOODS), random.choices((1, 2, 3), (5, 4, 2))[0])
    lines = [
        {"category": name, "quantity": random.choice((1, 1, 1, 2)), "amount": _price(random, *_GOODS[name], scale)}
        for name in goods
    ]
    tender = random.choices(tuple(_TENDERS), tuple(_TENDERS.values()))[0]
    return Ticket(f"T{number:06d}", branch, buyer, moment, lines, tender)


def _price(random: Random, low: int, high: int, scale: float) -> int:
    """In fen, small prices more often, ending in 0 as on a shelf."""
    return max(10, round(random.triangular(low, high, low) * scale / 10) * 10)
