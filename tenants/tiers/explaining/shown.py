"""Conditions with each leaf's value, as JSON and in words."""

from typing import Any

from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Not, ScoreLeaf
from tenants.programme.leaves import Leaf
from tenants.programme.wording.measured import amount, leaf_text
from tenants.programme.wording.teller import Teller
from tenants.tiers.reading import Amount, Reading, as_json, is_met


def shown(
    reading: Reading, condition: AnyCondition | None, teller: Teller, *, in_retain: bool
) -> tuple[dict[str, Any], bool]:
    """The condition with each leaf's value, whether it is met, what is missing, and all of that as `text`; and whether
    the condition holds.
    """
    match condition:
        case None:
            return {}, True
        case AnyOf(conditions=parts) | AllOf(conditions=parts):
            told = [shown(reading, part, teller, in_retain=in_retain) for part in parts]
            results = [holds for _, holds in told]
            if isinstance(condition, AnyOf):
                return {"any": [tree for tree, _ in told]}, any(results)
            return {"all": [tree for tree, _ in told]}, all(results)
        case Not(condition=part):
            tree, holds = shown(reading, part, teller, in_retain=in_retain)
            return {"not": tree}, not holds
        case _:
            return _leaf(reading, condition, teller, in_retain=in_retain)


def _leaf(reading: Reading, leaf: Leaf, teller: Teller, *, in_retain: bool) -> tuple[dict[str, Any], bool]:
    value = reading.value(leaf, in_retain=in_retain)
    met, missing = is_met(leaf, value), reading.missing(leaf, value)
    tree = leaf.model_dump(mode="json") | {"value": as_json(value), "met": met, "missing": as_json(missing)}
    if isinstance(leaf, ScoreLeaf):
        tree["weights"] = _weights(reading, leaf, in_retain=in_retain)
    return tree | {"text": status(leaf, value, missing, teller)}, met


def _weights(reading: Reading, leaf: ScoreLeaf, *, in_retain: bool) -> list[dict[str, Any]]:
    """What each part of a score is worth, and what it `adds` to the score."""
    told = []
    for weight in leaf.weights:
        value = reading.value(weight, in_retain=in_retain) or 0
        told.append(weight.model_dump(mode="json") | {"value": value, "adds": value // weight.per * weight.points})
    return told


def status(leaf: Leaf, value: Amount | None, missing: Amount | None, teller: Teller) -> str:
    """Spend of ¥2,000.00 within the last 12 months: now ¥1,770.00, ¥230.00 missing."""
    asked = leaf_text(leaf, teller)
    if value is None:
        return teller.label(asked, teller.say("nothing yet"))
    now = amount(leaf.metric, value, teller)
    if missing is None:
        return teller.label(asked, teller.say("now %(value)s", value=now))
    lacks = amount(leaf.metric, missing, teller)
    return teller.label(asked, teller.say("now %(value)s, missing %(missing)s", value=now, missing=lacks))
