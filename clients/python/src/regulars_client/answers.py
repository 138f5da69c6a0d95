"""What comes back: plain dictionaries, and beside them what their answer's head said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx


@dataclass(frozen=True, slots=True)
class Meta:
    """An answer's head. `request_id` is what to name when asking us about it."""

    status: int
    headers: httpx.Headers

    @property
    def request_id(self) -> str | None:
        return _text(self.headers, "x-request-id")

    @property
    def etag(self) -> str | None:
        """The version that this answer shows: give it as `if_match` to change just that one."""
        return _text(self.headers, "etag")

    @property
    def replayed(self) -> bool:
        """The work was done by an earlier sending of the same call; this is that one's answer."""
        return _text(self.headers, "idempotent-replayed") == "true"


def _text(headers: httpx.Headers, name: str) -> str | None:
    value: str | None = headers.get(name)
    return value


class Answer(dict[str, Any]):
    """A dictionary that also knows its `Meta`; types call it by the answer's own name."""

    __slots__ = ("meta",)

    def __init__(self, values: Mapping[str, Any], head: Meta) -> None:
        super().__init__(values)
        self.meta = head


def meta(answer: Mapping[str, Any]) -> Meta:
    """The head of the answer that a call of this client gave: `meta(member).etag`.

    Raises TypeError for any other dictionary, also for one inside an answer or a copy.
    """
    if not isinstance(answer, Answer):
        raise TypeError("only what a call answered has a head")
    return answer.meta
