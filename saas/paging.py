"""Keyset paging. A cursor is the last row's place in the order, opaque to callers.

A list is one query of `limit` + 1 rows; one that is always short is read whole, and cut.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import dropwhile
from typing import Any, Final, TypedDict, TypeVar
from uuid import UUID

from saas.errors import DomainError

Row = TypeVar("Row")
Out = TypeVar("Out")

_READERS: Final[dict[type, Callable[[str], Any]]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    int: int,
    str: str,
}


class Page(TypedDict):
    """A list's answer."""

    data: list[Any]
    next_cursor: str | None


def encode_cursor(*place: UUID | datetime | int | str) -> str:
    """URL-safe text of a place in an order: the values of its columns."""
    values = [v.isoformat() if isinstance(v, datetime) else str(v) for v in place]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *kinds: type) -> tuple[Any, ...] | None:
    """The place that `encode_cursor` wrote, as values of `kinds` (UUID, aware datetime, int, str); None
    without a cursor. Raises DomainError `invalid-cursor` for anything else, another list's cursor included.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return tuple(_read(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        raise DomainError("invalid-cursor") from None


def _read(value: object, kind: type) -> Any:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    value.encode()  # a lone surrogate is no text for the database
    read = _READERS[kind](value)
    if isinstance(read, datetime) and read.tzinfo is None:
        raise ValueError
    if isinstance(read, int) and not -(2**63) <= read < 2**63:
        raise ValueError
    return read


def page(
    rows: Sequence[Row],
    limit: int,
    show: Callable[[Row], Out],
    place: Callable[[Row], tuple[UUID | datetime | int | str, ...]],
) -> Page:
    """The answer for up to `limit` + 1 rows: the last one only tells that there is more."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "data": [show(row) for row in shown],
        "next_cursor": encode_cursor(*place(shown[-1])) if more else None,
    }


def cut(rows: Sequence[Row], limit: int, cursor: str | None, name: Callable[[Row], UUID | str]) -> Page:
    """The answer from a whole list of JSON data, each row with a name of its own. Raises DomainError `invalid-cursor`
    for one behind which nothing is known: its row is gone meanwhile.
    """
    (after,) = decode_cursor(cursor, str) or (None,)
    rest = list(rows) if after is None else list(dropwhile(lambda row: str(name(row)) != after, rows))
    if after is not None and not rest:
        raise DomainError("invalid-cursor")
    return page(rest if after is None else rest[1:], limit, lambda row: row, lambda row: (str(name(row)),))
