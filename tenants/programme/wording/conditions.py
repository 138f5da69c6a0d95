"""Conditions in words."""

from functools import lru_cache

from tenants.programme.conditions import AllOf, AnyCondition, AnyOf, Not
from tenants.programme.wording.measured import leaf_text
from tenants.programme.wording.teller import Teller


@lru_cache(maxsize=20_000)
def condition_text(condition: AnyCondition, teller: Teller) -> str:
    """The condition as a phrase: spend of ¥2,000.00 within the last 12 months, or 4 times “class” this month."""
    match condition:
        case AnyOf(conditions=parts) | AllOf(conditions=parts):
            told = [_inner(part, teller) for part in parts]
            return joined(told, teller, either=isinstance(condition, AnyOf))
        case Not(condition=part):
            return teller.say("not (%(condition)s)", condition=condition_text(part, teller))
        case _:
            return leaf_text(condition, teller)


def joined(told: list[str], teller: Teller, *, either: bool) -> str:
    """A or b; a and b."""
    if teller.chinese:
        return ("，或" if either else "，且").join(told)
    return (" or " if either else " and ").join(told)


def _inner(part: AnyCondition, teller: Teller) -> str:
    told = condition_text(part, teller)
    if isinstance(part, AnyOf | AllOf) and len(part.conditions) > 1:
        return f"（{told}）" if teller.chinese else f"({told})"
    return told
