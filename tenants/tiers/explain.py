"""Why a member is in its tier, and how far it is to the next: the decision's own values, read and not written.

The values come from the compiler that decides, so an explanation can't tell another story.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.programme.compiler import Ids, Values
from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Leaf, Not
from tenants.programme.document import Ladder, Programme, Tier
from tenants.programme.moment import Moment, moment_of
from tenants.programme.schedule import UntilNextSchedule, next_schedule_day
from tenants.programme.versions import programme
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
from tenants.tiers.runs import last_runs


@dataclass(frozen=True, slots=True)
class _Reading:
    """One member's values on one ladder at one moment."""

    values: Values
    row: asyncpg.Record
    index: int
    ladder: Ladder
    moment: Moment

    def value(self, leaf: Leaf, *, in_retain: bool) -> int | None:
        value: int | None = self.row[self.values.leaf(leaf, self.index, in_retain=in_retain)]
        return value

    @property
    def held(self) -> Tier | None:
        """The tier held; None where the programme doesn't have it any more."""
        return self.ladder.tier(self.row[f"s{self.index}_tier"])

    def missing(self, leaf: Leaf, value: int | None) -> int | None:
        """How much more is asked; None where nothing is, or where more would not help: the window is over."""
        if leaf.gte is None or value is None or value >= leaf.gte:
            return None
        last = _last_day(leaf.window, self)
        return None if last is not None and last < self.moment.today else leaf.gte - value


async def explain(member_id: UUID, ladder_code: str | None) -> dict[str, Any]:
    """The explanation of one ladder (default: the main one), as of the tenant's now.

    Raises DomainError `not-found` for an unknown member or ladder.
    """
    tenant = await connection().fetchrow(
        "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1",
        current().tenant_id,
    )
    if tenant is None:
        raise DomainError("internal")
    rules = await programme(tenant["programme_version"])
    index = next((j for j, x in enumerate(rules.ladders) if ladder_code in (None, x.code)), None)
    if index is None:
        raise DomainError("not-found")
    zone = ZoneInfo(tenant["timezone"])
    reading = await _read(member_id, rules, index, zone, tenant["now"])
    return {
        "member_id": member_id,
        "as_of": tenant["now"].astimezone(zone),
        "programme_version": rules.version,
        "ladder": rules.ladders[index].code,
        "current": await _current(member_id, reading),
        "tiers": [_tier(reading, rank) for rank in range(1, len(reading.ladder.tiers))],
        "keeps": _keeps(reading),
        "next": _next(reading),
    }


async def _read(member_id: UUID, rules: Programme, index: int, zone: ZoneInfo, now: datetime) -> _Reading:
    values = Values(rules, [index], Ids.ONE)
    moment = moment_of(
        now, zone, firing=False, recorded_at=now, cause="purchase", cause_id=member_id, last_runs=await last_runs()
    )
    sql = f"WITH {values.ctes()}\nSELECT * FROM v"
    row = await connection().fetchrow(sql, current().tenant_id, member_id, *values.binder.values(moment))
    if row is None:
        raise DomainError("not-found")
    return _Reading(values, row, index, rules.ladders[index], moment)


async def _current(member_id: UUID, reading: _Reading) -> dict[str, Any]:
    """The tier held, since when and why; the decision's own facts are its receipt."""
    prefix = f"s{reading.index}"
    decision_id = reading.row[f"{prefix}_decision_id"]
    facts = None
    if decision_id is not None:
        facts = await connection().fetchval(
            "SELECT facts FROM decision WHERE tenant_id = $1 AND member_id = $2 AND id = $3",
            current().tenant_id,
            member_id,
            decision_id,
        )
    tier = reading.held
    return {
        "code": reading.row[f"{prefix}_tier"],
        "names": tier.names.model_dump(mode="json", by_alias=True) if tier else None,
        "since": reading.row[f"{prefix}_began"] or reading.row["joined_on"],
        "valid_until": reading.row[f"{prefix}_valid_until"],
        "reason": reading.row[f"{prefix}_reason"],
        "decision_id": decision_id,
        "facts": facts,
    }


def _tier(reading: _Reading, rank: int) -> dict[str, Any]:
    tier = reading.ladder.tiers[rank]
    shown, holds = _condition(reading, tier.qualify, in_retain=False)
    return {"code": tier.code, "qualifies": holds, "conditions": shown}


def _keeps(reading: _Reading) -> dict[str, Any] | None:
    """What keeps the tier when its validity ends; None in the base tier, and in one that the programme lacks."""
    tier = reading.held
    if tier is None or tier.rank == 0:
        return None
    shown, holds = _condition(reading, tier.retain or tier.qualify, in_retain=tier.retain is not None)
    return {"holds": holds, "conditions": shown}


def _condition(reading: _Reading, condition: AnyCondition | None, *, in_retain: bool) -> tuple[dict[str, Any], bool]:
    """The condition with each leaf's value, whether it is met and what is missing; and whether it holds."""
    match condition:
        case None:
            return {}, True
        case AnyOf(conditions=parts) | AllOf(conditions=parts):
            shown = [_condition(reading, part, in_retain=in_retain) for part in parts]
            results = [holds for _, holds in shown]
            if isinstance(condition, AnyOf):
                return {"any": [tree for tree, _ in shown]}, any(results)
            return {"all": [tree for tree, _ in shown]}, all(results)
        case Not(condition=part):
            tree, holds = _condition(reading, part, in_retain=in_retain)
            return {"not": tree}, not holds
        case _:
            value = reading.value(condition, in_retain=in_retain)
            met = _met(condition, value)
            missing = reading.missing(condition, value)
            return {**condition.model_dump(mode="json"), "value": value, "met": met, "missing": missing}, met


def _met(leaf: Leaf, value: int | None) -> bool:
    if value is None:
        return False
    return (leaf.gte is None or value >= leaf.gte) and (leaf.lt is None or value < leaf.lt)


def _next(reading: _Reading) -> dict[str, Any] | None:
    """The lowest tier above that more can reach, and the nearest way there: the fewest and smallest gaps.

    None: there is none such. An empty `missing`: it is reached and comes with the next decision.
    """
    rank = reading.row[f"s{reading.index}_rank"]
    for tier in reading.ladder.tiers[rank + 1 :]:
        if tier.qualify is None:
            continue
        ways = list(_ways(reading, tier.qualify))
        if not ways:
            continue
        way = min(ways, key=lambda leaves: sum(_gap(reading, leaf) for leaf in leaves))
        return {"code": tier.code, "missing": [_step(reading, leaf) for leaf in way]}
    return None


def _ways(reading: _Reading, condition: AnyCondition) -> Iterator[list[Leaf]]:
    """Each way to make a condition hold by doing more: the unmet leaves of one choice at every `any`."""
    match condition:
        case AnyOf(conditions=parts):
            for part in parts:
                yield from _ways(reading, part)
        case AllOf(conditions=parts):
            choices = [
                min(_ways(reading, p), key=lambda w: sum(_gap(reading, x) for x in w), default=None) for p in parts
            ]
            if all(choice is not None for choice in choices):
                yield [leaf for choice in choices if choice is not None for leaf in choice]
        case Not():
            if _condition(reading, condition, in_retain=False)[1]:
                yield []
        case _:
            value = reading.value(condition, in_retain=False)
            if _met(condition, value):
                yield []
            elif reading.missing(condition, value) is not None:
                yield [condition]


def _gap(reading: _Reading, leaf: Leaf) -> float:
    """The part of the threshold that is missing, 0…1: makes money and visits comparable. Only orders ways."""
    missing = reading.missing(leaf, reading.value(leaf, in_retain=False)) or 0
    return missing / (leaf.gte or 1)


def _step(reading: _Reading, leaf: Leaf) -> dict[str, Any]:
    missing = reading.missing(leaf, reading.value(leaf, in_retain=False))
    return {"metric": leaf.metric, "amount": missing, "by": _last_day(leaf.window, reading)}


def _last_day(window: AnyWindow | None, reading: _Reading) -> date | None:  # noqa: PLR0911 - one case per window
    """The last local day on which something more counts in this window, gone by or to come; None: no end in sight."""
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


def _validity_ends(reading: _Reading) -> date | None:
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
