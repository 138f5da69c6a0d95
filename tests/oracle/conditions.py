"""One member on one ladder at one instant: its metrics and its conditions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from oracle.facts import Json, Person, Value, last_purchase_day, measured
from oracle.local_days import Standpoint, day_looked_at, last_schedule_day, local_day, window_days

Facts = dict[str, Value]


@dataclass(frozen=True)
class Standing:
    """Where a member is on one ladder. `since` and `validity_start`: None means `joined_on`.

    `by_hand`: the validity is one that staff set, so that a renewal counts from the day it is made on.
    """

    position: int = 0  # in the ladder's tiers by rank; 0 is the base tier
    since: date | None = None
    validity_start: date | None = None
    valid_until: date | None = None
    last_fall: date | None = None
    locked_until: date | None = None
    may_rise: bool = True
    by_hand: bool = False

    def locked(self, today: date) -> bool:
        return self.locked_until is not None and today <= self.locked_until


def by_rank(ladder: Json) -> list[Json]:
    """The ladder's tiers, lowest rank first."""
    return sorted(ladder["tiers"], key=lambda tier: int(tier["rank"]))


@dataclass(frozen=True)
class View:
    """One member on one ladder at one evaluation: all that the metrics may look at."""

    person: Person
    ladder: Json
    standing: Standing
    at: datetime
    zone: ZoneInfo

    @property
    def day(self) -> date:
        """D, the day that windows end at."""
        return day_looked_at(self.at, self.zone)

    @property
    def today(self) -> date:
        """T, the day that validities count from."""
        return local_day(self.at, self.zone)

    @property
    def tiers(self) -> list[Json]:
        return by_rank(self.ladder)

    @property
    def policy(self) -> Json:
        policy: Json = self.ladder["policy"]
        return policy

    def standpoint(self, *, since_fall: bool) -> Standpoint:
        """`since_fall`: a lifetime begins with the last fall, as `qualify` wants it."""
        joined_on = self.person.joined_on
        validity_start = self.standing.validity_start or joined_on
        if self.policy["validity"]["type"] == "until_next_schedule":
            validity_start = last_schedule_day(self.policy["schedule"], self.day)
        fallen = self.standing.last_fall if since_fall else None
        return Standpoint(
            day=self.day,
            joined_on=joined_on,
            tier_start=self.standing.since or joined_on,
            validity_start=validity_start,
            lifetime_start=fallen or date.min,
        )


def value_of(leaf: Json, view: View, here: Standpoint) -> Value:
    """The leaf's number; None where there is none (days since a purchase that never was, the mean of nothing)."""
    metric = leaf["metric"]
    if metric == "tenure_days":
        return (here.day - here.joined_on).days
    if metric == "days_since_purchase":
        last = last_purchase_day(view.person, here.day, view.zone)
        return None if last is None else (here.day - last).days
    if metric == "score":
        return sum(_points(weight, view, here) for weight in leaf["weights"])
    first, last_day = window_days(leaf["window"], here)
    return measured(leaf, view.person, lambda day: first <= day <= last_day, view.zone)


def _points(weight: Json, view: View, here: Standpoint) -> int:
    value = value_of(weight, view, here)
    if not isinstance(value, int):
        raise TypeError(f"{weight['metric']} has no place in a score")
    return value // int(weight["per"]) * int(weight["points"])


def holds(condition: Json, view: View, here: Standpoint) -> bool:
    """Whether the condition is met; a leaf without a value is not."""
    if "any" in condition:
        return any(holds(part, view, here) for part in condition["any"])
    if "all" in condition:
        return all(holds(part, view, here) for part in condition["all"])
    if "not" in condition:
        return not holds(condition["not"], view, here)
    value = value_of(condition, view, here)
    if value is None:
        return False
    low, high = condition.get("gte"), condition.get("lt")
    return (low is None or value >= Fraction(str(low))) and (high is None or value < Fraction(str(high)))


def qualifies(position: int, view: View) -> bool:
    """Whether `qualify` of the tier at this position holds; the base tier's always does."""
    qualify = view.tiers[position]["qualify"]
    return position == 0 or holds(qualify, view, view.standpoint(since_fall=True))


def retains(position: int, view: View) -> bool:
    """Whether the tier may be kept, or fallen to: its `retain`, in want of one its `qualify`."""
    retain = view.tiers[position].get("retain")
    if position == 0 or retain is None:
        return qualifies(position, view)
    return holds(retain, view, view.standpoint(since_fall=False))


def leaves(condition: Json, place: str) -> Iterator[tuple[str, Json]]:
    """Each leaf with its place, e.g. `silver/qualify/any/0`."""
    for word in ("any", "all"):
        for index, part in enumerate(condition.get(word, [])):
            yield from leaves(part, f"{place}/{word}/{index}")
    if "not" in condition:
        yield from leaves(condition["not"], f"{place}/not")
    if "metric" in condition:
        yield place, condition


def facts_of(view: View) -> Facts:
    """The value of every leaf of the ladder."""
    facts: Facts = {}
    for tier in view.tiers:
        for part in ("qualify", "retain"):
            here = view.standpoint(since_fall=part == "qualify")
            for place, leaf in leaves(tier.get(part) or {}, f"{tier['code']}/{part}"):
                facts[place] = value_of(leaf, view, here)
    return facts
