"""Why a member is in its tier, and how far it is to the next: the decision's own values, read and not written.

The values come from the compiler that decides, so an explanation can't tell another story.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Leaf, Not, ScoreLeaf
from tenants.programme.document import Programme
from tenants.programme.versions import programme
from tenants.tiers.history import told
from tenants.tiers.reading import Reading, as_json, is_met, last_day, read


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
    reading = await read(member_id, rules, index, zone, tenant["now"])
    return {
        "member_id": member_id,
        "as_of": tenant["now"].astimezone(zone),
        "programme_version": rules.version,
        "ladder": rules.ladders[index].code,
        "current": await _current(member_id, reading, rules),
        "tiers": [_tier(reading, rank) for rank in range(1, len(reading.ladder.tiers))],
        "keeps": keeps(reading),
        "next": _next(reading),
    }


async def _current(member_id: UUID, reading: Reading, rules: Programme) -> dict[str, Any]:
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
    tier, locked_until = reading.held, reading.row[f"{prefix}_locked_until"]
    locked = locked_until is not None and locked_until >= reading.moment.today
    return {
        "code": reading.row[f"{prefix}_tier"],
        "names": tier.names.model_dump(mode="json", by_alias=True) if tier else None,
        "since": reading.row[f"{prefix}_began"] or reading.row["joined_on"],
        "valid_until": reading.row[f"{prefix}_valid_until"],
        "locked_until": locked_until if locked else None,
        "reason": reading.row[f"{prefix}_reason"],
        "decision_id": decision_id,
        "facts": None if facts is None else told(facts, rules),
    }


def _tier(reading: Reading, rank: int) -> dict[str, Any]:
    tier = reading.ladder.tiers[rank]
    shown, holds = _condition(reading, tier.qualify, in_retain=False)
    return {"code": tier.code, "qualifies": holds, "conditions": shown}


def keeps(reading: Reading) -> dict[str, Any] | None:
    """What keeps the tier when its validity ends; None in the base tier, and in one that the programme lacks."""
    tier = reading.held
    if tier is None or tier.rank == 0:
        return None
    shown, holds = _condition(reading, tier.retain or tier.qualify, in_retain=tier.retain is not None)
    return {"holds": holds, "conditions": shown}


def _condition(reading: Reading, condition: AnyCondition | None, *, in_retain: bool) -> tuple[dict[str, Any], bool]:
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
            met = is_met(condition, value)
            told = {"value": as_json(value), "met": met, "missing": as_json(reading.missing(condition, value))}
            tree = condition.model_dump(mode="json") | told
            if isinstance(condition, ScoreLeaf):
                tree["weights"] = _weights(reading, condition, in_retain=in_retain)
            return tree, met


def _weights(reading: Reading, leaf: ScoreLeaf, *, in_retain: bool) -> list[dict[str, Any]]:
    """What each part of a score is worth, and what it `adds` to the score."""
    told = []
    for weight in leaf.weights:
        value = reading.value(weight, in_retain=in_retain) or 0
        told.append(weight.model_dump(mode="json") | {"value": value, "adds": value // weight.per * weight.points})
    return told


def _next(reading: Reading) -> dict[str, Any] | None:
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


def _ways(reading: Reading, condition: AnyCondition) -> Iterator[list[Leaf]]:
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
            if is_met(condition, value):
                yield []
            elif reading.missing(condition, value) is not None:
                yield [condition]


def _gap(reading: Reading, leaf: Leaf) -> float:
    """The part of the threshold that is missing, 0…1: makes money and visits comparable. Only orders ways."""
    missing = reading.missing(leaf, reading.value(leaf, in_retain=False)) or 0
    return float(missing) / abs(float(leaf.gte or 1))


def _step(reading: Reading, leaf: Leaf) -> dict[str, Any]:
    missing = reading.missing(leaf, reading.value(leaf, in_retain=False))
    of = leaf.model_dump(mode="json", include={"metric", "kind", "category"})
    return {**of, "amount": as_json(missing), "by": last_day(leaf, reading)}
