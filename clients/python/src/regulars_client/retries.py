"""When a call is sent again, and after how long."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from regulars_client.call import Call

_LATER: Final = frozenset({429, 503})
"""Refused before anything was done: any call may come again."""
_BROKEN: Final = frozenset({500, 502, 504})
_UNSENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_REPEATABLE: Final = frozenset({"GET", "PUT", "PATCH", "POST"})
_IN_PROGRESS: Final = "/problems/idempotency-in-progress"


@dataclass(frozen=True, slots=True)
class Retries:
    """`times` again at most. The n-th wait is random within twice the one before, from `first` up to `most` seconds;
    what the server asks for by Retry-After goes before, up to `patience` seconds: more is left to the caller.
    """

    times: int = 3
    first: float = 0.5
    most: float = 8.0
    patience: float = 60.0

    def after_failure(self, call: Call[Any], error: httpx.RequestError, tried: int) -> float | None:
        """Seconds to wait after no answer came to the `tried`-th sending (from 1); None: give up."""
        if tried > self.times or not (isinstance(error, _UNSENT) or repeatable(call)):
            return None
        return self._pause(tried)

    def after_answer(self, call: Call[Any], answer: httpx.Response, tried: int) -> float | None:
        """Seconds to wait after this answer; None: it stands."""
        if tried > self.times or not _passes(call, answer):
            return None
        asked = asked_for(answer)
        if asked is None:
            return self._pause(tried)
        return asked if asked <= self.patience else None

    def _pause(self, tried: int) -> float:
        return random.uniform(0.5, 1) * min(self.most, self.first * 2.0 ** (tried - 1))  # noqa: S311 - spreads load


def repeatable(call: Call[Any]) -> bool:
    """Whether a second sending does no more than the first. A POST has its key; a DELETE that was done answers 404,
    and what asked for a version answers 412: of these the caller must hear that it isn't known what happened.
    """
    return call.method in _REPEATABLE and not call.headers.get("If-Match") and rewinds(call)


def rewinds(call: Call[Any]) -> bool:
    """Whether the body can be sent from its beginning again."""
    return call.file is None or isinstance(call.file[1], bytes) or call.file[1].seekable()


def asked_for(answer: httpx.Response) -> float | None:
    """Retry-After in seconds: a number, or a date; None without one or with nonsense."""
    said = str(answer.headers.get("retry-after", "")).strip()
    if said.isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    known = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (known - datetime.now(UTC)).total_seconds())


def _passes(call: Call[Any], answer: httpx.Response) -> bool:
    if answer.status_code in _LATER:
        return rewinds(call)
    if answer.status_code in _BROKEN:
        return repeatable(call)
    return answer.status_code == httpx.codes.CONFLICT and _IN_PROGRESS.encode() in answer.content and rewinds(call)
