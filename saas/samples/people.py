"""The made-up members of a sample chain and what they bought in a year, as files for the import. The same each time."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from saas.errors import Language
from saas.samples.names import Gender, person_name
from tenants.programme.conditions import places
from tenants.programme.document import Programme

MEMBERS: Final = 60
TAG: Final = "sample"
_DAYS: Final = 365
_LATE_JOINERS: Final = 0.55
"""Of the members: joined within the year."""
_SLEEPERS: Final = 0.2
_HOURS: Final = (9, 21)
_WEEKEND: Final = 1.6
_SPEND: Final = 100_000
"""What an ordinary member spends in a year, in minor units, where no tier names an amount."""
_VISITS: Final = 14.0
_PHONE: Final = "17405"
"""Satellite phones' numbers: none of a customer's."""
_FIRST: Final = ("Grace", "Henry", "Ivy", "Jack", "Lily", "Mary", "Nina", "Oscar", "Paul", "Rose", "Sam", "Tina")
_LAST: Final = ("Chen", "Clark", "Davis", "Evans", "Green", "Hall", "Lee", "Moore", "Reed", "Scott", "Wang", "Young")


@dataclass(frozen=True, slots=True)
class Sampled:
    """Two CSV files. `today`: the chain's own day; nothing is later than the day before it."""

    members: bytes
    purchases: bytes


def sampled(
    seed: str, programme: Programme, categories: Sequence[str], branches: Sequence[str], today: date, language: Language
) -> Sampled:
    """Members whose spending is spread so that some hold each of the programme's tiers that spending reaches."""
    random = Random(seed)  # noqa: S311  # made-up data, the same each time
    spend = _ordinary_spend(programme)
    members = io.StringIO()
    purchases = io.StringIO()
    joined, bought = csv.writer(members), csv.writer(purchases)
    joined.writerow(("external_id", "phone", "name", "gender", "birthday", "joined_on", "branch", "tags"))
    bought.writerow(("external_id", "member", "branch", "occurred_at", "amount", "category"))
    for number in range(1, MEMBERS + 1):
        gender: Gender = random.choice(("female", "male"))
        birthday = today - timedelta(days=random.randrange(20 * 365, 66 * 365))
        since = _joined(random, today)
        branch = random.choice(branches)
        name = person_name(random, gender, birthday) if language == "zh-CN" else _english_name(number)
        phone = f"{_PHONE}{(number * 7919 + 104_729) % 1_000_000:06d}"
        joined.writerow((f"S{number:03d}", phone, name, gender, birthday, since, branch, TAG))
        for n, at in enumerate(_visits(random, since, today), 1):
            amount = max(int(spend / _VISITS * random.lognormvariate(0, 0.55)) // 100 * 100, 100)
            where = branch if random.random() < 0.85 else random.choice(branches)  # noqa: PLR2004  # their own, mostly
            bought.writerow(
                (f"S{number:03d}-{n:03d}", f"S{number:03d}", where, at.isoformat(), amount, random.choice(categories))
            )
    return Sampled(members.getvalue().encode(), purchases.getvalue().encode())


def _ordinary_spend(programme: Programme) -> int:
    """What a first step up the members' ladder asks for: of money spent, or of points, which spending earns."""
    for ladder in sorted(programme.ladders, key=lambda one: one.visibility != "members"):
        for tier in ladder.tiers[1:]:
            for place in places(tier.qualify) if tier.qualify is not None else ():
                if place.leaf.gte and place.leaf.metric == "spend" and place.leaf.detail is None:
                    return int(place.leaf.gte)
                if place.leaf.gte and place.leaf.metric == "points_earned" and programme.points.per_unit:
                    return int(place.leaf.gte * 100 / programme.points.per_unit)
    return _SPEND


def _english_name(number: int) -> str:
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number // len(_FIRST) * 5 % len(_LAST)]}"


def _joined(random: Random, today: date) -> date:
    if random.random() < _LATE_JOINERS:
        return today - timedelta(days=1 + int(random.random() ** 1.3 * _DAYS))
    return today - timedelta(days=_DAYS + random.randrange(400))


def _visits(random: Random, since: date, today: date) -> list[datetime]:
    """Local times, in order, without an offset: the import takes the chain's own. A fifth have stayed away lately."""
    first = max(since, today - timedelta(days=_DAYS))
    last = today - timedelta(days=random.randrange(95, 240) if random.random() < _SLEEPERS else 1)
    span = (last - first).days
    if span < 0:
        return []
    pace = _VISITS * random.lognormvariate(0.1, 0.9) * (span + 1) / _DAYS
    days = [first + timedelta(days=n) for n in range(span + 1)]
    weights = [_WEEKEND if day.weekday() >= 5 else 1.0 for day in days]  # noqa: PLR2004  # Saturday
    chosen = sorted(random.choices(days, weights, k=max(round(pace), 1)))
    return [datetime.combine(day, time(random.randrange(*_HOURS), random.randrange(60))) for day in chosen]
