"""Parameters of a compiled statement: nothing of a programme becomes SQL text, everything is `$n`."""

from collections.abc import Callable, Sequence
from typing import Any

from tenants.programme.moment import Moment

Value = Callable[[Moment], Any]


class Binder:
    """Numbers the parameters of one statement; equal ones share a number."""

    def __init__(self, first: int) -> None:
        self._next = first
        self._values: list[Any] = []
        self._moments: list[tuple[int, Value]] = []  # place among the values, and what goes there
        self._known: dict[tuple[str, Any], str] = {}

    def constant(self, value: Any, kind: str) -> str:
        """A value of the programme, as SQL type `kind`."""
        known = (kind, tuple(value) if isinstance(value, list) else value)
        if known not in self._known:
            self._known[known] = self._add(value, kind)
        return self._known[known]

    def moment(self, name: str, value: Value, kind: str) -> str:
        """A value that follows from the evaluation's moment; `name` tells equal ones."""
        known = (f"moment {kind}", name)
        if known not in self._known:
            self._moments.append((len(self._values), value))
            self._known[known] = self._add(None, kind)
        return self._known[known]

    def _add(self, value: Any, kind: str) -> str:
        self._values.append(value)
        self._next += 1
        return f"${self._next - 1}::{kind}"

    @property
    def next_parameter(self) -> int:
        """The number of the parameter after those that were bound so far."""
        return self._next

    def values(self, moment: Moment) -> Sequence[Any]:
        """The parameters' values, in the order of their numbers."""
        values = self._values.copy()
        for place, value in self._moments:
            values[place] = value(moment)
        return values
