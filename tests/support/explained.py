"""An explanation's numbers without its words."""

from typing import Any

Json = dict[str, Any]


def next_of(found: Json) -> Json | None:
    """`next`: which tier, and what is missing on the cheapest way."""
    if found["next"] is None:
        return None
    return {"code": found["next"]["code"], "missing": [numbers(step) for step in found["next"]["missing"]]}


def numbers(told: Json) -> Json:
    """A step, a leaf or `keeps` without its `text`, however deep."""
    return {name: _deeper(value) for name, value in told.items() if name != "text"}


def _deeper(value: Any) -> Any:
    if isinstance(value, list):
        return [numbers(one) if isinstance(one, dict) else one for one in value]
    return numbers(value) if isinstance(value, dict) else value
