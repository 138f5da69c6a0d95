"""A demo chain's members, made up. The same seed makes the same people, each by itself: nobody has to be made first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Final, Literal
from zlib import crc32

from saas.demo.industry import DAYS, Habit, Industry
from saas.demo.trading_days import Calendar
from saas.samples.names import Gender, company_name, person_name, phone

Source = Literal["till", "page"]

SEED: Final = 20261101
_BEFORE: Final = 0.4  # of the members: joined before the history begins
_BEFORE_DAYS: Final = 500
_NEW_DAYS: Final = 45
_CARD: Final = 0.6  # of the members: with a printed card
_CLERKS: Final = 4  # at each branch
_ASKED: Final = 0.65
_AT_THE_TILL: Final = 0.7  # of the members: enrolled there; the others by the sign-up page
_AGREES: Final = {"sms": 0.7, "wechat": 0.55, "health": 0.6}


@dataclass(frozen=True, slots=True)
class Person:
    """A member, a person or a company, and how it shops: its `pace` (visits a month), `price` (what it spends beside
    others) and the stretches of days in which it comes at all. `branch` is an index, `referrer` a member's number.
    """

    number: int
    phone: str
    card_no: str | None
    name: str
    gender: Gender | None
    birthday: date | None
    joined_on: date
    branch: int
    habit: Habit
    pace: float
    price: float
    stretches: tuple[tuple[date, date], ...]
    referrer: int | None
    tags: tuple[str, ...]
    traits: dict[str, str]
    agrees: frozenset[str]
    source: Source
    enrolled_by: str | None

    @property
    def external_id(self) -> str:
        return external_id(self.number)


def external_id(number: int) -> str:
    return f"M{number:06d}"


def seeded(*what: object) -> Random:
    """Chance that depends on `what` alone."""
    return Random("/".join(map(str, (SEED, *what))))  # noqa: S311  # made-up data, the same each time


@lru_cache
def _clerks(template: str, code: str) -> tuple[str, ...]:
    random = seeded(template, code, "clerks")
    names = set[str]()
    while len(names) < _CLERKS:
        gender: Gender = random.choice(("female", "male"))
        names.add(person_name(random, gender, date(random.randrange(1975, 2004), 1, 1)))
    return tuple(sorted(names))


def clerks(industry: Industry, branch: int) -> tuple[str, ...]:
    """Who works at a branch, by name."""
    return _clerks(industry.template, industry.branches[branch].code)


def people(calendar: Calendar, count: int, first: int = 1, last: int | None = None) -> Iterator[Person]:
    """Members `first` to `last` (all) of a chain of `count`, about in the order of joining."""
    for number in range(first, (last or count) + 1):
        yield person(calendar, number, count)


def person(calendar: Calendar, number: int, count: int) -> Person:
    """Member `number`, from 1 on, of a chain of `count`."""
    industry = calendar.industry
    random = seeded(industry.template, number)
    habit, joined_on = _habit_and_joining(calendar, random, number, count)
    gender: Gender | None = None if habit.company else ("female" if random.random() < industry.women else "male")
    birthday = None if gender is None else _birthday(random, calendar.today, industry.ages)
    known = company_name(random, industry.city) if gender is None or birthday is None else None
    referrer = random.randrange(1, number) if number > 1 and random.random() < industry.referred else None
    branch = calendar.choose_branch(random, max(calendar.first, joined_on))
    clerk = random.choice(clerks(industry, branch)) if random.random() < _AT_THE_TILL else None
    spread = (random.lognormvariate(0, 0.3), random.lognormvariate(0, 0.22))
    return Person(
        number=number,
        phone=phone(random, _phones(industry.template) + number),
        card_no=f"6{number * 7 + 1000003:09d}" if random.random() < _CARD else None,
        name=known or person_name(random, gender or "female", birthday or joined_on),
        gender=gender,
        birthday=birthday,
        joined_on=joined_on,
        branch=branch,
        habit=habit,
        pace=habit.monthly * spread[0],
        price=habit.price * spread[1],
        stretches=_stretches(random, habit, max(calendar.first, joined_on), calendar.today),
        referrer=referrer,
        tags=tuple(tag for tag, share in industry.tags.items() if random.random() < share),
        traits=_traits(random, industry.traits),
        agrees=frozenset(
            channel
            for channel, share in _AGREES.items()
            if random.random() < share and (channel != "health" or industry.measures_health)
        ),
        source="page" if clerk is None else "till",
        enrolled_by=clerk,
    )


def _traits(random: Random, choices: dict[str, dict[str, int]]) -> dict[str, str]:
    """Not everybody was asked."""
    return {
        code: random.choices(tuple(shares), tuple(shares.values()))[0]
        for code, shares in choices.items()
        if random.random() < _ASKED
    }


def _phones(template: str) -> int:
    """From where on a chain's phones are numbered: a person isn't a member of two of them."""
    return 10_000_000 * (1 + crc32(template.encode()) % 8)


def _habit_and_joining(calendar: Calendar, random: Random, number: int, count: int) -> tuple[Habit, date]:
    """Who joined last is a newcomer; the others are mixed, and came as the chain's trade went."""
    habits = calendar.industry.habits
    new = [habit for habit in habits if habit.course == "newcomer"]
    others = [habit for habit in habits if habit.course != "newcomer"]
    share = sum(habit.share for habit in new) / sum(habit.share for habit in habits)
    place = (number - 1 + random.random()) / count
    if place >= 1 - share:
        when = (place - 1 + share) / share * _NEW_DAYS
        return _choose(random, new), _trading_day(calendar, calendar.today - timedelta(days=_NEW_DAYS - int(when)))
    place /= 1 - share
    habit = _choose(random, others)
    if place < _BEFORE:
        return habit, calendar.first - timedelta(days=1 + int((1 - place / _BEFORE) * _BEFORE_DAYS))
    end = calendar.place(calendar.today - timedelta(days=_NEW_DAYS))
    return habit, calendar.day((place - _BEFORE) / (1 - _BEFORE) * end) or calendar.today


def _choose(random: Random, habits: list[Habit]) -> Habit:
    return random.choices(habits, [habit.share for habit in habits])[0]


def _trading_day(calendar: Calendar, day: date) -> date:
    """The day itself, or the nearest before it on which the chain was open."""
    while calendar.busy(day) == 0:
        day -= timedelta(days=1)
    return day


def _birthday(random: Random, today: date, ages: tuple[int, int]) -> date:
    youngest, oldest = ages
    return today - timedelta(days=random.randrange((youngest + 1) * 366, oldest * 365))


def _stretches(random: Random, habit: Habit, begin: date, today: date) -> tuple[tuple[date, date], ...]:
    """From when to when the member came, both days included."""
    age = (today - begin).days
    match habit.course:
        case "never":
            return ()
        case "once":
            day = begin + timedelta(days=random.randrange(min(age, DAYS // 2) + 1))
            return ((day, day),)
        case "lapsed" if age > 150:  # noqa: PLR2004  # days
            return ((begin, begin + timedelta(days=random.randrange(50, age - 95))),)
        case "returned" if age > 200:  # noqa: PLR2004
            pause = random.randrange(100, min(260, age - 80))
            back = today - timedelta(days=random.randrange(15, age - pause - 50))
            return ((begin, back - timedelta(days=pause)), (back, today))
        case _:
            return ((begin, today),)
