"""Which types of events somebody wants: `purchase.recorded`, or `purchase.*` for all of a noun."""

from collections.abc import Iterable

from saas.errors import InvalidValueError
from tenants.events.types import TYPES

_ALL_OF = ".*"


def require_choice(named: str) -> str:
    """A type, or all of a noun. Raises InvalidValueError `unknown-event-type` for anything else."""
    if not types_of([named]):
        raise InvalidValueError("unknown-event-type")
    return named


def types_of(named: Iterable[str]) -> list[str]:
    """The types that are meant, in the order of the catalogue; what isn't there means none."""
    wanted = set(named)
    nouns = {one.removesuffix("*") for one in wanted if one.endswith(_ALL_OF)}
    return [code for code in TYPES if code in wanted or any(code.startswith(noun) for noun in nouns)]
