"""The shape of what we ask of Stripe: operations, and the steps that each kind of them has."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import stripe

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. `request`: what was asked and what was found out before; `answer`: what each step gave, by its name."""

    tenant_id: UUID
    id: UUID
    kind: str
    request: Json
    state: str
    step: int
    answer: Json
    error: Json | None
    attempts: int
    actor: str
    created_at: datetime

    @property
    def body(self) -> Json:
        """What the caller asked for."""
        asked: Json = self.request["body"]
        return asked

    def of(self, step: str) -> Json:
        """What a step gave. Raises KeyError where it isn't through."""
        found: Json = self.answer[step]
        return found


@dataclass(frozen=True, slots=True)
class Call:
    """One step at work, outside of any scope. `options` carry its idempotency key, for each mutating call of the SDK
    (a step makes one). `repeated`: Stripe failed at an earlier key, so whether it is done has to be looked up first.
    """

    operation: Operation
    client: stripe.StripeClient
    options: stripe.RequestOptions
    repeated: bool


Run = Callable[[Call], Awaitable[Json]]
Keep = Callable[[Operation, Json], Awaitable[None]]
After = Callable[[Operation], Awaitable[None]]


async def _nothing(_operation: Operation, _answer: Json) -> None:
    """Nothing but the answer itself is kept."""


@dataclass(frozen=True, slots=True)
class Step:
    """`run` asks Stripe and returns JSON data; `keep` writes what follows from that, in the scope that records it.
    Both may run again.
    """

    name: str
    run: Run
    keep: Keep = _nothing


@dataclass(frozen=True, slots=True)
class Kind:
    steps: tuple[Step, ...]
    after: After | None


_kinds: dict[str, Kind] = {}


def operation(kind: str, *steps: Step, after: After | None = None) -> str:
    """Registers a kind of operation with its steps, in their order; returns its name. `after` runs once it is done,
    outside of any scope, for who waits: what has to happen in any case is in the last step's `keep`.
    """
    if kind in _kinds:
        raise ValueError(f"operation {kind!r} is registered twice")
    _kinds[kind] = Kind(steps, after)
    return kind


def kind_of(operation: Operation) -> Kind:
    """Raises KeyError for one that no module of this process has registered."""
    return _kinds[operation.kind]


def operation_of(row: Any) -> Operation:
    """A row of `billing_operation`."""
    return Operation(**{name: row[name] for name in Operation.__dataclass_fields__})


def functions_of(kind: str) -> list[Callable[..., Awaitable[Any]]]:
    """What an operation of this kind runs; nothing of a text that is no kind."""
    found = _kinds.get(kind, Kind((), None))
    return [*(each for step in found.steps for each in (step.run, step.keep)), *filter(None, (found.after,))]


def kinds() -> Sequence[str]:
    """The kinds that are registered."""
    return sorted(_kinds)
