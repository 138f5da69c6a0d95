"""Parameters of a compiled statement: nothing of a programme becomes SQL text, everything is `$n`."""

from collections.abc import Callable, Sequence
from typing import Any

from tenants.programme.moment import Moment

Value = Callable[[Moment], Any]


class Binder:
    """Numbers the parameters of one statement; equal ones share a number."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._values: list[Value] = []
        self._known: dict[tuple[str, Any], str] = {}

    def constant(self, value: Any, kind: str) -> str:
        """A value of the programme, as SQL type `kind`."""
        known = (kind, tuple(value) if isinstance(value, list) else value)
        if known not in self._known:
            self._known[known] = self._add(lambda _: value, kind)
        return self._known[known]

    def moment(self, name: str, value: Value, kind: str) -> str:
        """A value that follows from the evaluation's moment; `name` tells equal ones."""
        known = (f"moment {kind}", name)
        if known not in self._known:
            self._known[known] = self._add(value, kind)
        return self._known[known]

    def _add(self, value: Value, kind: str) -> str:
        self._values.append(value)
        self._next += 1
        return f"${self._next - 1}::{kind}"

    def values(self, moment: Moment) -> Sequence[Any]:
        """The parameters' values, in the order of their numbers."""
        return [value(moment) for value in self._values]
