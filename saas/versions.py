"""The dated versions of the contract, and what of it comes to an end.

A caller names the version that it was written for in `Regulars-Version`; who names none gets the newest. What will be
taken away is told on each of its answers beforehand, by the fields that RFC 9745 and RFC 8594 have for that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from datetime import date as day
from email.utils import format_datetime
from functools import cached_property
from typing import Final

from saas.errors import DomainError


@dataclass(frozen=True)
class Ending:
    """Deprecated `since` a day, there until the day `sunset` begins, both of UTC; `page` (an address) says what to use
    in its place. It stands at a version of the table below, or as `ending` in the `opt` of a handler.
    """

    since: day
    sunset: day
    page: str

    @cached_property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """Of each answer that it concerns."""
        return (
            (b"deprecation", f"@{int(_midnight(self.since).timestamp())}".encode()),
            (b"sunset", format_datetime(_midnight(self.sunset), usegmt=True).encode()),
            (b"link", f'<{self.page}>; rel="deprecation sunset"; type="text/html"'.encode()),
        )

    @property
    def told(self) -> str:
        """A line for the reference."""
        return f"Deprecated since {self.since:%Y-%m-%d}, gone on {self.sunset:%Y-%m-%d}: see {self.page}."


def _midnight(date: day) -> datetime:
    return datetime.combine(date, time(), UTC)


VERSIONS: Final[Mapping[str, Ending | None]] = {"2026-11-01": None}
"""By the day: None, or how it ends."""

API_VERSION: Final = max(VERSIONS)
"""The newest."""


def version_asked(header: str | None) -> str:
    """The version that a request is answered in. Raises DomainError `unknown-version` for a day that has none."""
    asked = API_VERSION if header is None else header.strip()
    if asked not in VERSIONS:
        raise DomainError("unknown-version", params={"versions": ", ".join(VERSIONS)})
    return asked
