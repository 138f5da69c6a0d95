"""A job as it goes on, told to who follows it: an event for each step, until it is over, the stream has lasted long
enough, or the server ends; whoever still wants to know comes back and names the last event that it saw.

A stream reads through short scopes and holds nothing between them: no connection, no transaction. It takes a place of
its chain's in this process.
"""

import hashlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg
import structlog
from litestar.response.sse import ServerSentEventMessage
from litestar.serialization import encode_json

from saas.errors import DomainError, Language
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.stopping import pause
from tenants.jobs.job import read_job

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

LONGEST: Final = 20.0
"""Seconds that a stream lasts: so long a revoked key goes on reading, and a proxy has to be patient."""
PAUSE: Final = 0.5
"""Seconds between two looks at the job."""
HEARTBEAT: Final = 3.0
"""Seconds of silence after which a comment says that the line is alive."""
COMES_BACK: Final = 1000
"""Milliseconds after which a browser asks again."""
MOST: Final = 10
"""Streams of a chain at a time, of one server process."""

_OVER: Final = frozenset({"done", "failed"})
_LOST: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
_places: defaultdict[UUID, dict[object, float]] = defaultdict(dict)
"""By chain, the streams that are open with the time by which each has ended, also one whose reader never came."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Who follows which job: `seen` is the id of the last event that it knows."""

    tenant_id: UUID
    principal: Principal
    request_id: str | None
    job_id: UUID
    language: Language
    seen: str | None

    async def look(self) -> "Step":
        """Raises DomainError `not-found`."""
        async with tenant_scope(self.tenant_id, principal=self.principal, request_id=self.request_id):
            return Step(await read_job(self.job_id, self.language))


class Step:
    """A job at a moment, as an event."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.data = encode_json(job)
        self.id = hashlib.sha256(self.data).hexdigest()[:16]
        self.is_over: bool = job["state"] in _OVER
        self.name: str = job["state"]

    def event(self) -> ServerSentEventMessage:
        return ServerSentEventMessage(self.data, event=self.name, id=self.id)


def take_place(tenant_id: UUID) -> object:
    """A place for a stream. Raises DomainError `too-many-streams`."""
    now, places = time.monotonic(), _places[tenant_id]
    for gone in [place for place, until in places.items() if until < now]:
        del places[gone]
    if len(places) >= MOST:
        raise DomainError("too-many-streams", params={"most": MOST})
    place = object()
    places[place] = now + LONGEST + PAUSE
    return place


def leave(tenant_id: UUID, place: object) -> None:
    places = _places[tenant_id]
    places.pop(place, None)
    if not places:
        del _places[tenant_id]


async def steps(who: Follower, first: Step, place: object) -> AsyncIterator[ServerSentEventMessage]:
    """The job from `first` on. What keeps it from being read ends the stream: its reader comes back."""
    try:
        yield ServerSentEventMessage(None, retry=COMES_BACK)
        ends, step, seen, spoke = time.monotonic() + LONGEST, first, who.seen, time.monotonic()
        while True:
            if step.id != seen:
                yield step.event()
                seen, spoke = step.id, time.monotonic()
            elif time.monotonic() - spoke >= HEARTBEAT:
                yield ServerSentEventMessage(None, comment="still there")
                spoke = time.monotonic()
            if step.is_over or time.monotonic() + PAUSE > ends:
                return
            if await pause(PAUSE):
                return
            step = await who.look()
    except (DomainError, *_LOST) as error:
        log.warning("a stream ended early", error=type(error).__name__)
    finally:
        leave(who.tenant_id, place)
