"""The client that waits for each answer.

Made from async_client.py by `make client`: don't change it by hand.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar

import httpx

from regulars_client import sending
from regulars_client.call import Call, Id, Param, segment
from regulars_client.errors import NotReachedError, StillRunningError
from regulars_client.retries import Retries
from regulars_client.streams import OVER, JobEvents
from regulars_client.sync_api import Api

T = TypeVar("T")
Language = Literal["zh-CN", "en"]

log: Final = logging.getLogger("regulars_client")
_OVER: Final = frozenset({"done", "failed", "cancelled", "expired"})
_LOOK: Final = (0.2, 5.0)
"""Seconds between two looks at what is waited for: from, up to."""


class Regulars(Api):
    """The client that waits for each answer.

    `key` (or REGULARS_KEY) is the chain's; without one only what is public answers. `base_url` (or REGULARS_URL) is the
    installation. `timeout` is each sending's. An `http_client` of yours keeps its own transport, proxies and limits,
    and is yours to close.

    Safe to share between threads. Every POST has an idempotency key, so that it may be sent again.
    """

    def __init__(
        self,
        key: str | None = None,
        *,
        base_url: str | None = None,
        language: Language | None = None,
        timeout: float | httpx.Timeout = 30.0,
        retries: Retries | None = None,
        http_client: httpx.Client | None = None,
    ) -> None:
        self._base = sending.address(base_url)
        self._headers = sending.common_headers(sending.key_of(key), language)
        self._timeout = timeout
        self._retries = retries or Retries()
        self._own = http_client is None
        self._http = http_client or httpx.Client()
        if self._own:
            sending.close_with(self, self._http)
        super().__init__(self.send)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        if self._own:
            self._http.close()

    def send(self, call: Call[T]) -> T:
        """Sends a call, again where that may help and does no harm. Raises RegularsError, and ValueError or TypeError
        for what can't be sent.
        """
        key, tried = call.key(), 0
        while True:
            tried += 1
            try:
                answer = self._once(sending.request(call, key))
            except httpx.RequestError as error:
                pause = self._retries.after_failure(call, error, tried)
                if pause is None:
                    raise sending.lost(call, error, key) from error
            else:
                pause = self._retries.after_answer(call, answer, tried)
                if pause is None:
                    return sending.value(call, answer, key)
            log.info("%s %s again in %.1f s", call.method, call.path, pause)
            time.sleep(pause)

    def _once(self, asked: dict[str, Any]) -> httpx.Response:
        return self._http.request(**self._asked(asked))

    def _asked(self, asked: dict[str, Any]) -> dict[str, Any]:
        headers = self._headers | asked.pop("headers")
        url = self._base + asked.pop("url")
        return {**asked, "url": url, "headers": headers, "timeout": self._timeout, "follow_redirects": False}

    def request(self, method: str, path: str, *, query: Mapping[str, Param] | None = None, body: object = None) -> Any:
        """Any call by its address, say one that is newer than this client; its JSON."""
        return self.send(Call[Any](method=method.upper(), path=path, query=query or {}, body=body))

    def wait_for_job(self, job_id: str, *, timeout: float = 600.0) -> dict[str, Any]:
        """The job once it is over: look at its `state` (`done` or `failed`). Raises StillRunningError."""
        return self._wait_for(f"/v1/jobs/{job_id}", timeout)

    def follow_job(self, job_id: Id, *, timeout: float = 600.0) -> Iterator[dict[str, Any]]:
        """The job at each of its steps, the last time once it is over. Where the line breaks it goes on by itself.
        Raises StillRunningError, RegularsError.
        """
        path, events, last = f"/v1/jobs/{segment(job_id)}/events", JobEvents(), dict[str, Any]()
        until, tried = time.monotonic() + timeout, 0
        while time.monotonic() < until:
            call = Call[Any](method="GET", path=path, headers=events.headers)
            tried += 1
            try:
                with self._http.stream(**self._asked(sending.request(call, None))) as answer:
                    if answer.status_code == httpx.codes.NO_CONTENT:
                        return
                    if answer.is_success:
                        tried = 0
                        for line in answer.iter_lines():
                            told = events.add(line)
                            if told is not None:
                                last = told
                                yield told
                                if told["state"] in OVER:
                                    return
                        continue
                    answer.read()
                    pause = self._retries.after_answer(call, answer, tried)
                    if pause is None:
                        raise sending.refusal(answer)
            except httpx.RequestError as error:
                pause = self._retries.after_failure(call, error, tried)
                if pause is None:
                    raise sending.lost(call, error, None) from error
            time.sleep(pause)
        raise StillRunningError(f"{path}: not over after {timeout:.0f} s", last)

    def wait_for_import(self, import_id: str, *, timeout: float = 3600.0) -> dict[str, Any]:
        """The import once it is over, with its counts. Raises StillRunningError."""
        return self._wait_for(f"/v1/imports/{import_id}", timeout)

    def download(self, link: str, to: str | PathLike[str]) -> int:
        """The file behind a signed link, as an export's `link`; its size in bytes. Nothing is there until all of it is.
        Raises RegularsError.
        """
        part, size = f"{fspath(to)}.part", 0
        try:
            with self._http.stream("GET", link, timeout=self._timeout, follow_redirects=False) as answer:
                if not answer.is_success:
                    answer.read()
                    raise sending.refusal(answer)
                with Path(part).open("wb") as file:
                    for chunk in answer.iter_bytes():
                        size += file.write(chunk)
        except httpx.RequestError as error:
            Path(part).unlink(missing_ok=True)
            raise NotReachedError(f"the download broke off: {error}", idempotency_key=None) from error
        Path(part).replace(fspath(to))
        return size

    def _wait_for(self, path: str, timeout: float) -> dict[str, Any]:
        until, (pause, most) = time.monotonic() + timeout, _LOOK
        while True:
            last: dict[str, Any] = self.request("GET", path)
            if last["state"] in _OVER:
                return last
            if time.monotonic() + pause > until:
                raise StillRunningError(f"{path} is {last['state']} after {timeout:.0f} s", last)
            time.sleep(pause)
            pause = min(most, pause * 1.5)
