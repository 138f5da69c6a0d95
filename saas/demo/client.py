"""A plain client of our own HTTP API, with the standard library only."""

import http.client
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
BATCH: Final = 500
_TIMEOUT_SECONDS: Final = 60
_POLL_SECONDS: Final = 0.03
_JOB_SECONDS: Final = 3600


class AnswerError(RuntimeError):
    """The API refused something; `code` is the problem's."""

    def __init__(self, method: str, path: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{method} {path}: {status} {problem.get('title')} {problem.get('errors') or ''}")
        self.status = status
        self.code = str(problem.get("type", "")).rpartition("/")[2]


class Client:
    """Calls `url` with `key`, over one connection at a time. Raises AnswerError for an answer of 400 or more, OSError
    or HTTPException where nobody answers.
    """

    def __init__(self, url: str, key: str | None = None) -> None:
        place = urlsplit(url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_TIMEOUT_SECONDS)
        self._headers = {"Accept-Language": "en"} | ({} if key is None else {"Authorization": f"Bearer {key}"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str) -> Any:
        return self._call("GET", path, None, {})

    def post(self, path: str, body: dict[str, Any], *, idempotency_key: str | None = None) -> Any:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return self._send("POST", path, body, headers)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        return self._send("PUT", path, body, {})

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return self._send("PATCH", path, body, {})

    def send_batch(self, path: str, items: Sequence[dict[str, Any]], *repeats: str) -> list[dict[str, Any] | None]:
        """Posts the items, so many at a time, and returns their answers; None for one refused with a code of `repeats`:
        an earlier start has brought it in. Raises AnswerError for any other refusal.
        """
        made: list[dict[str, Any] | None] = []
        for batch in batches(items):
            for outcome in self.post(path, {"items": batch})["data"]:
                problem = outcome.get("error")
                if problem is not None and problem["type"].rpartition("/")[2] not in repeats:
                    raise AnswerError("POST", path, outcome["status"], problem)
                made.append(outcome if problem is None else None)
        return made

    def upload(self, options: dict[str, Any], lines: Iterable[str]) -> dict[str, Any]:
        """Imports a CSV file that is made while it is sent, and waits until it is through: its state and counts."""
        mark = secrets.token_hex(16)
        head = (
            f'--{mark}\r\nContent-Disposition: form-data; name="options"\r\n\r\n{json.dumps(options)}\r\n'
            f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="demo.csv"\r\n'
            "Content-Type: text/csv\r\n\r\n"
        )
        body = _chunks(head, lines, f"\r\n--{mark}--\r\n")
        made = self._call("POST", "/v1/imports", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})
        return self._wait(f"/v1/imports/{made['import_id']}")

    def recalculate(self, as_of: str) -> None:
        """Runs the schedules' decisions of that instant, and waits for them. What was decided later stays."""
        try:
            job = self.post("/v1/programme/recalculate", {"as_of": as_of})["job_id"]
        except AnswerError as error:
            if error.code != "later-decisions":
                raise
        else:
            self._wait(f"/v1/jobs/{job}")

    def _wait(self, path: str) -> dict[str, Any]:
        deadline = time.monotonic() + _JOB_SECONDS
        while (answer := self.get(path))["state"] != "done":
            if answer["state"] == "failed":
                raise RuntimeError(f"{path} failed: {answer.get('error')}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} isn't through after {_JOB_SECONDS} s")
            time.sleep(_POLL_SECONDS)
        found: dict[str, Any] = answer
        return found

    def _send(self, method: str, path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
        return self._call(method, path, json.dumps(body).encode(), headers | {"Content-Type": "application/json"})

    def _call(self, method: str, path: str, body: bytes | Iterator[bytes] | None, headers: dict[str, str]) -> Any:
        try:
            self._connection.request(method, path, body, self._headers | headers)
            answer = self._connection.getresponse()
            raw = answer.read()
        except BaseException:
            self._connection.close()  # the next call begins with a new one
            raise
        data = json.loads(raw)
        if answer.status >= http.client.BAD_REQUEST:
            raise AnswerError(method, path, answer.status, data)
        return data


def batches(items: Iterable[T], size: int = BATCH) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _chunks(head: str, lines: Iterable[str], tail: str) -> Iterator[bytes]:
    yield head.encode()
    for some in batches(lines, 1000):
        yield "".join(some).encode()
    yield tail.encode()
