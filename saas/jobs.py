"""Jobs by name: what runs an outbox row, registered where its feature lies. `saas.running` runs them.

A job's row is deleted in the transaction of its work, so a job that runs twice works once. An errand is a job that has
to ask somebody outside this machine. It runs without a scope and opens its own, none while it waits for an answer; its
row is deleted once it has come back. So it may run twice, also side by side.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

Handler = Callable[[dict[str, Any]], Awaitable[None]]
Errand = Callable[[UUID, dict[str, Any]], Awaitable[None]]
OnDead = Callable[[dict[str, Any], str], Awaitable[None]]
H = TypeVar("H", bound=Handler)
E = TypeVar("E", bound=Errand)

MAX_ATTEMPTS: Final = 8  # about four minutes of trying, with the backoff below
FIRST_BACKOFF: Final = timedelta(seconds=2)
LONGEST_BACKOFF: Final = timedelta(hours=1)
TIME_LIMIT: Final = timedelta(minutes=5)
ERRAND_LIMIT: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Job:
    """A registered job. `on_dead(payload, error)` runs in the scope that makes its row a dead letter.
    `although_closed`: also of a chain that is suspended or cancelled. `snapshot`: its scope is `repeatable`.
    `errand`: in the handler's stead.
    """

    name: str
    handler: Handler | None
    max_attempts: int
    time_limit: timedelta
    on_dead: OnDead | None
    although_closed: bool = False
    snapshot: bool = False
    errand: Errand | None = None


_registry: dict[str, Job] = {}


def job(
    name: str,
    *,
    max_attempts: int = MAX_ATTEMPTS,
    time_limit: timedelta = TIME_LIMIT,
    on_dead: OnDead | None = None,
    although_closed: bool = False,
    snapshot: bool = False,
) -> Callable[[H], H]:
    """Registers `async def handler(payload)` as the job `name`. It runs inside its tenant's scope and may run
    twice (the first time rolled back). With `snapshot` the scope is repeatable: all that the handler reads is of
    one instant. Raises ValueError where the name is taken.
    """

    def register(handler: H) -> H:
        _add(Job(name, handler, max_attempts, time_limit, on_dead, although_closed, snapshot))
        return handler

    return register


def errand(
    name: str,
    *,
    max_attempts: int = MAX_ATTEMPTS,
    time_limit: timedelta = ERRAND_LIMIT,
    on_dead: OnDead | None = None,
    although_closed: bool = False,
) -> Callable[[E], E]:
    """Registers an errand, a coroutine function of tenant id and payload, as the job `name`. It runs outside of any
    scope and opens its own. It may run twice, also at the same time, and end anywhere. Raises ValueError where the
    name is taken.
    """

    def register(handler: E) -> E:
        _add(Job(name, None, max_attempts, time_limit, on_dead, although_closed, errand=handler))
        return handler

    return register


def _add(new: Job) -> None:
    if new.name in _registry:
        raise ValueError(f"the job {new.name!r} is registered twice")
    _registry[new.name] = new


def registered(name: str) -> Job | None:
    """The job of this name, if a module that was imported has it."""
    return _registry.get(name)


def unheld() -> list[str]:
    """The jobs that run although their chain is closed, of the modules that were imported."""
    return sorted(one.name for one in _registry.values() if one.although_closed)


def backoff(attempt: int) -> timedelta:
    """The wait after failure number `attempt` (from 1): doubles up to an hour, less up to half of it by
    chance, so that what failed together doesn't come back together.
    """
    full: timedelta = min(FIRST_BACKOFF * 2 ** min(attempt - 1, 30), LONGEST_BACKOFF)
    return full * random.uniform(0.5, 1)  # noqa: S311  # spreads load, guards nothing


def names() -> list[str]:
    """Every job of the modules that were imported."""
    return sorted(_registry)
