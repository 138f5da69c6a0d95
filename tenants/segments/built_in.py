"""Segments that every chain has, by names that no code can be (they have a colon): what charts lead to.

`rfm:<group>`, `stage:<stage>`, `wallet:held` (stored value is left).
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from tenants.segments.conditions import AnySegmentCondition, parse_segment_condition

_PROPERTIES: Final = {"rfm": "rfm_group", "stage": "stage"}
_HELD: Final = {"property": "wallet_balance", "gte": 1}


def built_in(name: str) -> AnySegmentCondition | None:
    """The condition of a built-in segment; None for any other name."""
    kind, colon, value = name.partition(":")
    condition: Mapping[str, Any] | None = None
    if name == "wallet:held":
        condition = _HELD
    elif colon and kind in _PROPERTIES:
        condition = {"property": _PROPERTIES[kind], "in": [value]}
    if condition is None:
        return None
    try:
        return parse_segment_condition(condition)
    except ValidationError:  # no such group or stage
        return None
