"""One member's values on one ladder at one moment: what is met, what is missing, and by when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from functools import lru_cache
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.programme.compiler import Ids, Values
from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Leaf, Not, Quantity, leaf_key, parts
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.leaves import plain
from tenants.programme.moment import Moment, moment_of
from tenants.programme.schedule import UntilNextSchedule, next_schedule_day
from tenants.programme.windows import (
    ONE_DAY,
    AnyWindow,
    Between,
    CalendarMonth,
    CalendarQuarter,
    CalendarYear,
    CurrentValidity,
    MembershipYear,
    add_months,
    anniversary,
)
from tenants.tiers.explaining.leaving import leaving
from tenants.tiers.runs import last_runs

Amount = int | Decimal
"""A metric's number: a decimal where it is a mean."""
_PLACES: Final = Decimal("0.0001")
_LARGEST: Final = {"max_purchase", "max_top_up"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One member's values on one ladder at one moment. `leaving`: by leaf key, the last D on which nothing has left a
    rolling window.
    """

    values: Values
    row: asyncpg.Record
    index: int
    ladder: Ladder
    moment: Moment
    leaving: Mapping[str, date] = field(default_factory=dict)

    def value(self, leaf: Quantity, *, in_retain: bool) -> Amount | None:
        """The value as it is shown; a mean's is cut at the four places that a bound may have, so that it and what is
        missing make the bound.
        """
        value: Amount | None = self.row[self.values.leaf(leaf, self.index, in_retain=in_retain)]
        if not isinstance(value, Decimal):
            return value
        return value.quantize(_PLACES, ROUND_FLOOR) if leaf.metric == "rating" else int(value)

    @property
    def held(self) -> Tier | None:
        """The tier held; None where the programme doesn't have it any more."""
        return self.ladder.tier(self.row[f"s{self.index}_tier"])

    def missing(self, leaf: Leaf, value: Amount | None) -> Amount | None:
        """How much more is asked; None where nothing is, or where more would not help: the window is over.

        Of a largest it's the whole amount, since nothing adds to what was; so it is of a mean of nothing yet.
        """
        if leaf.gte is None or (value is not None and value >= leaf.gte):
            return None
        last = last_day(leaf, self)
        if last is not None and last < self.moment.today:
            return None
        if value is None:
            return leaf.gte if leaf.metric == "rating" else None
        return leaf.gte if leaf.metric in _LARGEST else leaf.gte - value


@dataclass(frozen=True, slots=True)
class _ByVersion:
    """A version never changes: its number stands for it."""

    programme: Programme = field(hash=False, compare=False)
    version: int


@lru_cache(maxsize=2000)
def _compiled(_tenant_id: UUID, rules: _ByVersion, index: int) -> tuple[Values, str]:
    """The values of ladder `index` and the statement that reads them, a score's parts too."""
    values = Values(rules.programme, [index], Ids.ONE)
    for use in values.uses[index]:
        for part in parts(use.leaf):
            values.leaf(part, index, in_retain=use.in_retain)
    return values, f"WITH {values.ctes()}\nSELECT * FROM v"


async def read(member_id: UUID, rules: Programme, index: int, zone: ZoneInfo, now: datetime) -> Reading:
    """The values of ladder `index` as of `now`, a score's parts too; `rules`: a published version.

    Raises DomainError `not-found`: no such member.
    """
    values, sql = _compiled(current().tenant_id, _ByVersion(rules, rules.version), index)
    moment = moment_of(
        now, zone, firing=False, recorded_at=now, cause="purchase", cause_id=member_id, last_runs=await last_runs()
    )
    row = await connection().fetchrow(sql, current().tenant_id, member_id, *values.binder.values(moment))
    if row is None:
        raise DomainError("not-found")
    rolling = [part for use in values.uses[index] for part in parts(use.leaf)]
    return Reading(values, row, index, rules.ladders[index], moment, await leaving(member_id, rolling, moment.day))


def as_json(amount: Amount | None) -> int | str | None:
    """As JSON has it: a decimal as a string, without idle zeros."""
    if isinstance(amount, Decimal):
        return plain(amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize())
    return amount


def is_met(leaf: Leaf, value: Amount | None) -> bool:
    """Whether the value lies between the leaf's bounds; none at all doesn't."""
    if value is None:
        return False
    return (leaf.gte is None or value >= leaf.gte) and (leaf.lt is None or value < leaf.lt)


def last_day(leaf: Leaf, reading: Reading) -> date | None:
    """The last local day on which something more counts for this leaf, gone by or to come; None: no end in sight.

    A score's is the last one of its parts'.
    """
    days = [_window_ends(part.window, reading) for part in parts(leaf)]
    ends = [day for day in days if day is not None]
    return max(ends) if len(ends) == len(days) else None


def counts_until(leaf: Leaf, reading: Reading) -> date | None:
    """The last local day on which the missing part makes the whole: the window's last one, or the one before something
    leaves a rolling window. Of days that pass by themselves, the one on which they have. None: no end in sight.
    """
    if leaf.metric in {"tenure_days", "days_since_purchase"}:
        missing = reading.missing(leaf, reading.value(leaf, in_retain=False))
        return None if missing is None else reading.moment.day + timedelta(days=int(missing))
    ends = [last_day(leaf, reading), *(reading.leaving.get(leaf_key(part)) for part in parts(leaf))]
    return min((day for day in ends if day is not None), default=None)


def holds(reading: Reading, condition: AnyCondition | None, *, in_retain: bool) -> bool:
    """Whether the condition holds for the values read."""
    match condition:
        case None:
            return True
        case AnyOf(conditions=of):
            return any(holds(reading, part, in_retain=in_retain) for part in of)
        case AllOf(conditions=of):
            return all(holds(reading, part, in_retain=in_retain) for part in of)
        case Not(condition=part):
            return not holds(reading, part, in_retain=in_retain)
        case _:
            return is_met(condition, reading.value(condition, in_retain=in_retain))


def window_is_over(window: AnyWindow | None, reading: Reading) -> bool:
    """Whether nothing more can count for it."""
    last = _window_ends(window, reading)
    return last is not None and last < reading.moment.today


def _window_ends(window: AnyWindow | None, reading: Reading) -> date | None:  # noqa: PLR0911 - one case per window
    """The last local day that this window takes in, gone by or to come; None: no end in sight."""
    day = reading.moment.day
    match window:
        case CalendarMonth(offset=offset):
            return add_months(day.replace(day=1), offset + 1) - ONE_DAY
        case CalendarQuarter(offset=offset):
            return add_months(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3 * (offset + 1)) - ONE_DAY
        case CalendarYear(offset=offset):
            return date(day.year + offset, 12, 31)
        case MembershipYear(offset=offset):
            joined_on = reading.row["joined_on"]
            years = anniversary(joined_on, day).year - joined_on.year
            return add_months(joined_on, 12 * (years + offset + 1)) - ONE_DAY
        case Between(last=last):
            return last
        case CurrentValidity():
            return _validity_ends(reading)
        case _:
            return None


def _validity_ends(reading: Reading) -> date | None:
    """The validity's last day, its grace included: in grace the tier can still be saved. One that is over counts on
    until the schedule that decides about it.
    """
    policy = reading.ladder.policy
    if isinstance(policy.validity, UntilNextSchedule):
        return next_schedule_day(policy.schedule, reading.moment.day) - ONE_DAY
    until: date | None = reading.row[f"s{reading.index}_valid_until"]
    if until is None:
        return None
    last = until + timedelta(days=policy.grace_days)
    today = reading.moment.today
    return last if last >= today else next_schedule_day(policy.schedule, today) - ONE_DAY
