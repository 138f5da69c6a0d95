"""What a difference is, and its values as JSON has them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from tenants.replay.standing import Standing


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: which one of the `kind` (a table's row or a fact). `expected` by the facts, and `stored`, as JSON has
    them; None: there is none. `why`: in each language.
    """

    kind: str
    member_id: UUID
    what: str
    expected: Any
    stored: Any
    why: Mapping[str, str]


def of_standing(standing: Standing) -> dict[str, Any]:
    """Each of its columns."""
    return {name: as_json(value) for name, value in asdict(standing).items()}


def as_json(value: Any) -> Any:  # noqa: PLR0911 - one case a type
    """A value of a replay, or of a row."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else str(value)
        case Fraction():
            return int(value) if value.denominator == 1 else str(value)
        case Standing():
            return of_standing(value)
        case tuple():
            return [as_json(one) for one in value]
        case _:
            return value
