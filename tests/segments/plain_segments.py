"""Segments' conditions once more, in plain Python: what the compiled SQL is compared with.

Written from the domain's words alone: lists of facts, loops, exact fractions.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from statistics import median

from oracle.local_days import Standpoint, window_days
from people import LIFECYCLE, Person
from programme.books import Json, reckoned

GRID = """
R5: Recent, Potential Loyalist, Potential Loyalist, Champion, Champion
R4: Promising, Potential Loyalist, Loyal, Champion, Champion
R3: About to Sleep, About to Sleep, Needs Attention, Loyal, Loyal
R2: Hibernating, Hibernating, At Risk, At Risk, At Risk
R1: Lost, Lost, At Risk, Can't Lose, Can't Lose
"""
GROUPS = {
    int(line[1]): [name.strip().lower().replace(" ", "_").replace("'", "") for name in line[3:].split(",")]
    for line in GRID.strip().splitlines()
}
TOPS = {"card": 3, "class": 1}


def holds(condition: Json, one: Person, everyone: Sequence[Person], day: date) -> bool:
    """Whether the condition selects the member; who isn't there any more is never selected."""
    if one.status != "active":
        return False
    return _met(condition, one, everyone, day)


def _met(condition: Json, one: Person, everyone: Sequence[Person], day: date) -> bool:
    for name, together in (("any", any), ("all", all)):
        if name in condition:
            return together(_met(part, one, everyone, day) for part in condition[name])
    if "not" in condition:
        return not _met(condition["not"], one, everyone, day)
    if "metric" in condition:
        return _between(condition, metric(condition, one, day))
    return _property(condition, one, everyone, day)


def _between(leaf: Json, value: Fraction | int | date | None) -> bool:
    if value is None:
        return False
    read = date.fromisoformat if isinstance(value, date) else lambda bound: Fraction(str(bound))
    low, high = leaf.get("gte"), leaf.get("lt")
    return (low is None or value >= read(low)) and (high is None or value < read(high))


def metric(leaf: Json, one: Person, day: date) -> Fraction | int | None:
    """A metric's value; `lifetime` is the whole life."""
    if leaf["metric"] == "tenure_days":
        return (day - one.joined_on).days
    if leaf["metric"] == "days_since_purchase":
        return days_since(one, day)
    if leaf["metric"] == "score":
        return sum(int(metric(weight, one, day) or 0) // weight["per"] * weight["points"] for weight in leaf["weights"])
    first, last = window_days(leaf["window"], Standpoint(day, one.joined_on, one.joined_on, one.joined_on))
    return reckoned(leaf, one, first, last)


def bought_on(one: Person, day: date) -> list[date]:
    """The days of its purchases up to `day`, one for each ticket."""
    return sorted(on for on, done, _ in one.facts if done == "purchase" and on <= day)


def days_since(one: Person, day: date) -> int | None:
    days = bought_on(one, day)
    return (day - days[-1]).days if days else None


def birthday_in(born: date, year: int) -> date:
    return date(year, 2, 28) if (born.month, born.day) == (2, 29) and not _leap(year) else born.replace(year=year)


def _leap(year: int) -> bool:
    return (date(year, 3, 1) - date(year, 2, 28)).days == 2


def _property(leaf: Json, one: Person, everyone: Sequence[Person], day: date) -> bool:  # noqa: C901, PLR0911, PLR0912 - a case each
    among = leaf.get("in", ())
    match leaf["property"]:
        case "tier":
            ladder = leaf.get("ladder", "card")
            tier, rank = one.tiers.get(ladder, (f"{ladder}0", 0))
            return tier in among if among else _between(leaf, rank)
        case "ranks_to_next":
            ladder = leaf.get("ladder", "card")
            return _between(leaf, TOPS[ladder] - one.tiers.get(ladder, ("", 0))[1])
        case "branch":
            return one.branch in among
        case "tag":
            return any(tag in among for tag in one.tags)
        case "consent":
            return any(channel in among for channel in one.consents)
        case "attribute":
            value = one.attributes.get(leaf["code"])
            if among:
                return any(type(value) is type(item) and value == item for item in among)
            return _between(leaf, value if value is None or isinstance(value, date) else Fraction(value))
        case "birthday_month":
            months = {"this": day.month, "next": day.month % 12 + 1}
            return one.birthday is not None and one.birthday.month in [months.get(month, month) for month in among]
        case "birthday_in_days":
            return _between(leaf, None if one.birthday is None else days_to_birthday(one.birthday, day))
        case "age":
            return _between(leaf, None if one.birthday is None else age(one.birthday, day))
        case "kind" | "source" as name:
            return getattr(one, name) in among
        case "stage":
            return stage(one, day) in among
        case "rfm_group":
            return group(one, everyone, day) in among
    raise ValueError(leaf["property"])


def days_to_birthday(born: date, day: date) -> int:
    away = 0
    while birthday_in(born, (on := day + timedelta(days=away)).year) != on:
        away += 1
    return away


def age(born: date, day: date) -> int:
    """How many birthdays there have been; before the day of birth, one less for each to come."""
    return day.year - born.year - (birthday_in(born, day.year) > day)


def stage(one: Person, day: date) -> str:
    """The domain's rules, the first that fits."""
    days, since, member_for = bought_on(one, day), days_since(one, day), (day - one.joined_on).days
    if (member_for if since is None else since) > LIFECYCLE["lost_days"]:
        return "lost"
    visits = sorted(set(days))
    gaps = [(later - earlier).days for earlier, later in pairwise(visits)]
    if since is not None:
        with_rhythm = len(days) >= 3 and bool(gaps)
        limit = Fraction(LIFECYCLE["slipping_factor"]) * Fraction(median(gaps)) if with_rhythm else 90
        if since > limit:
            return "declining"
    if not days or member_for <= 30 or (day - days[0]).days <= 30:
        return "new"
    spent = lambda first, last: one.did("purchase", day - timedelta(days=first), day - timedelta(days=last))  # noqa: E731
    if len(days) < 4 or Fraction(sum(spent(89, 0))) > Fraction(sum(spent(179, 90))) * Fraction("1.2"):
        return "growing"
    return "mature"


def group(one: Person, everyone: Sequence[Person], day: date) -> str | None:
    """The RFM group among all active members who have bought."""
    buyers = [other for other in everyone if other.status == "active" and bought_on(other, day)]
    if one not in buyers:
        return None
    recency = score([-(days_since(other, day) or 0) for other in buyers], -(days_since(one, day) or 0))
    frequency = score([len(bought_on(other, day)) for other in buyers], len(bought_on(one, day)))
    spent = lambda other: sum(other.did("purchase", date.min, day))  # noqa: E731
    monetary = score([spent(other) for other in buyers], spent(one))
    return GROUPS[recency][(frequency + monetary + 1) // 2 - 1]


def score(values: list[int], value: int) -> int:
    """1 + min(4, floor(5 × percent_rank)): how many are smaller, of all the others."""
    below = sum(1 for other in values if other < value)
    rank = Fraction(below, len(values) - 1) if len(values) > 1 else Fraction(0)
    return 1 + min(4, int(5 * rank))
