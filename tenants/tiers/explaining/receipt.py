"""A decision's own values, held against the conditions of its version: what carried it, and what was lacking."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Not
from tenants.programme.leaves import Leaf, counts_anew, leaf_key
from tenants.programme.wording.conditions import condition_text, joined
from tenants.programme.wording.measured import amount, leaf_text
from tenants.programme.wording.teller import Teller
from tenants.tiers.reading import Amount, is_met

Facts = Mapping[str, Any]


def value_of(leaf: Leaf, facts: Facts, *, in_retain: bool) -> Amount | None:
    """The value that the decision kept of a leaf; None where it kept none, or may not be shown."""
    key = leaf_key(leaf)
    kept = facts.get(f"{key}@all" if in_retain and counts_anew(leaf) else key)
    return kept if kept is None or isinstance(kept, int) else Decimal(str(kept))


def carried(condition: AnyCondition, facts: Facts, teller: Teller, *, in_retain: bool) -> str | None:
    """What of the condition held then, each part with its value; None where it didn't hold by the values kept."""
    told = _carried(condition, facts, teller, in_retain)
    return None if not told else joined(list(dict.fromkeys(told)), teller, either=False)


def _carried(condition: AnyCondition, facts: Facts, teller: Teller, in_retain: bool) -> list[str] | None:
    match condition:
        case AnyOf(conditions=parts):
            for part in parts:
                told = _carried(part, facts, teller, in_retain)
                if told is not None:
                    return told
            return None
        case AllOf(conditions=parts):
            all_told = [_carried(part, facts, teller, in_retain) for part in parts]
            return None if None in all_told else [one for told in all_told for one in told or ()]
        case Not(condition=part):
            if _carried(part, facts, teller, in_retain) is not None:
                return None
            return [condition_text(condition, teller)]
        case _:
            value = value_of(condition, facts, in_retain=in_retain)
            return [was(condition, value, teller)] if is_met(condition, value) else None


def lacked(condition: AnyCondition, facts: Facts, teller: Teller, *, in_retain: bool) -> str | None:
    """The parts that didn't hold then, each with its value; None where the values don't tell."""
    told = [was(leaf, value, teller) for leaf, value in _unmet(condition, facts, in_retain)]
    return teller.clauses(dict.fromkeys(told)) if told else None


def _unmet(condition: AnyCondition, facts: Facts, in_retain: bool) -> Iterator[tuple[Leaf, Amount | None]]:
    match condition:
        case AnyOf(conditions=parts) | AllOf(conditions=parts):
            for part in parts:
                yield from _unmet(part, facts, in_retain)
        case Not():
            return
        case _:
            value = value_of(condition, facts, in_retain=in_retain)
            if not is_met(condition, value):
                yield condition, value


def was(leaf: Leaf, value: Amount | None, teller: Teller) -> str:
    """A leaf with the value that it had: spend of ¥1,000.00 this month (it was ¥200.00)."""
    asked = leaf_text(leaf, teller)
    if value is None:
        return teller.aside(asked, teller.say("there was none"))
    return teller.aside(asked, teller.say("it was %(value)s", value=amount(leaf.metric, value, teller)))
