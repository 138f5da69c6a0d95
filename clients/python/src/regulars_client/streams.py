"""Server-sent events, read line by line: the same for both clients."""

import json
from collections.abc import Mapping
from typing import Any, Final

OVER: Final = frozenset({"done", "failed"})
"""States of a job that nothing comes after."""


class JobEvents:
    """What a job's stream tells; `seen` is the id to go on from in the next one."""

    def __init__(self) -> None:
        self.seen: str | None = None
        self._id: str | None = None
        self._data: list[str] = []

    @property
    def headers(self) -> Mapping[str, str | None]:
        """What asks for the stream from here on."""
        return {"Accept": "text/event-stream, application/problem+json", "Last-Event-ID": self.seen}

    def add(self, line: str) -> dict[str, Any] | None:
        """The job, where this line ends an event."""
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "id":
            self._id = value
        elif field == "data":
            self._data.append(value)
        elif not line and self._data:
            told: dict[str, Any] = json.loads("\n".join(self._data))
            self._data, self.seen = [], self._id
            return told
        return None
