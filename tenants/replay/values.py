"""What a leaf is worth to one member at an evaluation, in plain Python over its sums, and whether conditions hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tenants.measures import codes
from tenants.programme.compiler import leaf_uses
from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Not, ScoreLeaf
from tenants.programme.document import Ladder
from tenants.programme.leaves import Leaf, Quantity
from tenants.programme.schedule import UntilNextSchedule, latest_schedule_day
from tenants.programme.windows import AnyWindow, CurrentValidity, Lifetime, bounds
from tenants.replay.sums import PLAIN, Sums

Value = int | Fraction | None
"""None: there is nothing to measure, and the leaf is not met."""


@dataclass(frozen=True, slots=True)
class View:
    """A member as an evaluation sees it: D, when it joined, and where it stands on the ladder (base: since joining)."""

    sums: Sums
    day: date
    joined_on: date
    ladder: Ladder
    since: date
    valid_from: date
    fell_on: date | None
    known: dict[tuple[int, bool], Value] = field(default_factory=dict)
    """By the leaf itself, which its rules keep alive: a name for each costs more than most values."""

    def holds(self, condition: AnyCondition, *, in_retain: bool) -> bool:
        """Whether a condition of the ladder holds; in a `retain`, `lifetime` knows no falls."""
        match condition:
            case AnyOf(conditions=parts):
                return any(self.holds(part, in_retain=in_retain) for part in parts)
            case AllOf(conditions=parts):
                return all(self.holds(part, in_retain=in_retain) for part in parts)
            case Not(condition=part):
                return not self.holds(part, in_retain=in_retain)
            case _:
                return _between(self.value(condition, in_retain=in_retain), condition)

    def facts(self) -> dict[str, Value]:
        """Every leaf of the ladder by its key: what a decision keeps."""
        return {use.key: self.value(use.leaf, in_retain=use.in_retain) for use in leaf_uses(self.ladder, 0)}

    def value(self, quantity: Quantity, *, in_retain: bool) -> Value:
        """What the leaf, or a part of a score, is worth."""
        key = id(quantity), in_retain
        if key not in self.known:
            self.known[key] = self._value(quantity, in_retain=in_retain)
        return self.known[key]

    def _value(self, quantity: Quantity, *, in_retain: bool) -> Value:
        if isinstance(quantity, ScoreLeaf):
            parts = ((weight, self.value(weight, in_retain=in_retain)) for weight in quantity.weights)
            return sum(int(value or 0) // weight.per * weight.points for weight, value in parts)
        if quantity.metric == "tenure_days":
            return (self.day - self.joined_on).days
        if quantity.window is None:
            last = self.sums.last_purchase(self.day)
            return None if last is None else (self.day - last).days
        first, last = self._window(quantity.window, in_retain=in_retain)
        return self._sum(quantity.metric, quantity.detail, first, last)

    def _window(self, window: AnyWindow, *, in_retain: bool) -> tuple[date | None, date]:
        if isinstance(window, Lifetime) and not in_retain:
            return self.fell_on, self.day
        policy = self.ladder.policy
        validity = self.valid_from
        if isinstance(window, CurrentValidity) and isinstance(policy.validity, UntilNextSchedule):
            validity = latest_schedule_day(policy.schedule, self.day)
        return bounds(window, self.day, joined_on=self.joined_on, tier_start=self.since, validity_start=validity)

    def _sum(self, metric: str, detail: str | None, first: date | None, last: date) -> Value:
        if metric == "branches":
            return self.sums.branches(first, last)
        days = self.sums.within(_measure(metric, detail), first, last)
        match metric:
            case "spend" | "top_ups" | "points_earned":
                return int(sum(day.total for day in days))
            case "max_purchase" | "max_top_up":
                return max((day.most for day in days), default=0)
            case "rating":
                valued = sum(day.valued for day in days)
                total = sum((Decimal(day.total) for day in days), Decimal(0))
                return Fraction(total) / valued if valued else None
            case _:  # purchases, activities, referrals: how many
                return sum(day.facts for day in days)


def _measure(metric: str, detail: str | None) -> str:
    match metric:
        case "spend" | "purchases":
            return PLAIN if detail is None else codes.category(detail)
        case "max_purchase":
            return PLAIN
        case "activities" | "rating":
            return codes.activity(detail)
        case "referrals":
            return codes.REFERRAL
        case "points_earned":
            return codes.POINTS
        case _:
            return codes.TOP_UP


def _between(value: Value, leaf: Leaf) -> bool:
    if value is None:
        return False
    return (leaf.gte is None or value >= _exact(leaf.gte)) and (leaf.lt is None or value < _exact(leaf.lt))


def _exact(bound: Decimal | int) -> int | Fraction:
    return Fraction(bound) if isinstance(bound, Decimal) else bound


def same_facts(told: Mapping[str, Value], stored: Mapping[str, object]) -> bool:
    """Whether stored facts (numbers of JSON, decimals exactly as written) say what was told; a mean is stored with
    20 decimals or more.
    """
    return told.keys() == stored.keys() and all(_same(value, stored[key]) for key, value in told.items())


_LITTLE = Fraction(1, 10**15)


def _same(value: Value, stored: object) -> bool:
    if value is None or stored is None:
        return value is None and stored is None
    if not isinstance(stored, int | Decimal):
        return False
    return abs(Fraction(value) - Fraction(stored)) < _LITTLE
