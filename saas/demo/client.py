"""A plain client of our own HTTP API, with the standard library only."""

import http.client
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
BATCH: Final = 500
_TIMEOUT_SECONDS: Final = 60


class AnswerError(RuntimeError):
    """The API refused something; `code` is the problem's."""

    def __init__(self, method: str, path: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{method} {path}: {status} {problem.get('title')} {problem.get('errors') or ''}")
        self.status = status
        self.code = str(problem.get("type", "")).rpartition("/")[2]


@dataclass
class Client:
    """Calls `url` with `key`. Raises AnswerError for an answer of 400 or more, OSError where nobody answers."""

    url: str
    key: str | None = None

    def get(self, path: str) -> Any:
        return self._call("GET", path, None, {})

    def post(self, path: str, body: dict[str, Any], *, idempotency_key: str | None = None) -> Any:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return self._call("POST", path, body, headers)

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._call("PATCH", path, body, {})

    def _call(self, method: str, path: str, body: dict[str, Any] | None, headers: dict[str, str]) -> Any:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT_SECONDS)
        sent = headers | {"Content-Type": "application/json", "Accept-Language": "en"}
        if self.key is not None:
            sent["Authorization"] = f"Bearer {self.key}"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            data = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise AnswerError(method, path, answer.status, data)
        return data


def batches(items: Sequence[T], size: int = BATCH) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
