"""A programme for scaled data: smaller baskets are compared with smaller thresholds."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tenants.programme.document import Programme

MONEY_METRICS = {"spend", "max_purchase"}


def scaled(programme: Programme, factor: Decimal) -> Programme:
    """The same programme, every money threshold times `factor`, rounded half up; counts and days stay."""
    document = programme.dump()
    for ladder in document["ladders"]:
        for tier in ladder["tiers"]:
            for name in ("qualify", "retain"):
                _scale(tier[name], factor)
    return Programme.parse(document)


def _scale(condition: dict[str, Any] | None, factor: Decimal) -> None:
    if condition is None:
        return
    for inner in [*condition.get("any", ()), *condition.get("all", ()), condition.get("not")]:
        _scale(inner, factor)
    if condition.get("metric") in MONEY_METRICS:
        for bound in condition.keys() & {"gte", "lt"}:
            condition[bound] = int((condition[bound] * factor).to_integral_value(ROUND_HALF_UP))
