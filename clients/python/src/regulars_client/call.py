"""One call of the API, before it is sent: the same for both clients."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from keyword import iskeyword
from typing import IO, Any, Final, Generic, TypeAlias, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

T = TypeVar("T")

Id: TypeAlias = str | UUID
"""An id is taken as text or as a UUID, and answered as text."""
Scalar: TypeAlias = str | int | bool | date | datetime | UUID
Param: TypeAlias = Scalar | Sequence[Scalar] | None
"""A query parameter; None is left out, a list is sent as one parameter each."""
File: TypeAlias = bytes | IO[bytes]


@dataclass(frozen=True, kw_only=True)
class Call(Generic[T]):
    """`T` is what the answer's JSON is. `body` goes as JSON, or, with a `file`, as the form's part `options`."""

    method: str
    path: str
    query: Mapping[str, Param] = field(default_factory=dict)
    body: object = None
    file: tuple[str, File] | None = None
    raw: bool = False
    """The answer is a file: its bytes are given back as they come."""
    headers: Mapping[str, str | None] = field(default_factory=dict)
    idempotency_key: str | None = None
    """A POST's; made up where none is given, so that the call may be sent again."""
    reads: bool = False
    """A POST that writes nothing: it needs no key, and the server has none to keep."""

    def key(self) -> str | None:
        if self.method != "POST" or self.reads:
            return None
        return self.idempotency_key or str(uuid4())


def segment(value: object) -> str:
    """A value as one segment of a path. Raises ValueError for what would be another path: nothing, `.`, `..`."""
    text = str(value)
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} can't be part of an address")
    return quote(text, safe="")


def spelled(body: Mapping[str, object]) -> dict[str, object]:
    """Arguments as the API's fields: `from_` is `from`."""
    return {name[:-1] if name[-1:] == "_" and iskeyword(name[:-1]) else name: value for name, value in body.items()}


def plain(value: object) -> Any:
    """`json.dumps`'s `default`: ids, days, times and exact numbers as the API writes them.

    Raises ValueError for a time without an offset (which hour is meant?) and TypeError for anything else.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no offset: make it aware, say with zoneinfo")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is nothing that the API takes")


_WORDS: Final = {True: "true", False: "false"}


def written(query: Mapping[str, Param]) -> list[tuple[str, str]]:
    """A query as pairs of text."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        many = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        pairs += [(name, _word(each)) for each in many if each is not None]
    return pairs


def _word(value: Scalar) -> str:
    if isinstance(value, bool):
        return _WORDS[value]
    return str(value) if isinstance(value, str | int) else str(plain(value))
