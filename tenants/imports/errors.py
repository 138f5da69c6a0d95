"""What is wrong with rows, collected while a batch is read and applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from saas.errors import InvalidValueError

LONGEST_VALUE: Final = 200
_SURROGATES: Final = dict.fromkeys((0, *range(55296, 57344)), 65533)


@dataclass(frozen=True, slots=True)
class RowError:
    """`line` is where the row begins (the header is 1); `column` as the file names it, "" for the whole row.
    `value` is what stood there, at most 200 characters that the database can hold.
    """

    line: int
    column: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)
    value: str | None = None


class RowErrors:
    """The errors of one batch; of each row and column the first counts. `failed` holds the lines of bad rows."""

    def __init__(self) -> None:
        self.failed: set[int] = set()
        self._found: dict[tuple[int, str], RowError] = {}

    def add(self, line: int, column: str, code: str, value: str | None = None, **params: object) -> None:
        self.failed.add(line)
        shown = None if value is None else value[:LONGEST_VALUE].translate(_SURROGATES)
        self._found.setdefault((line, column), RowError(line, column, code, params, shown))

    def add_invalid(self, line: int, column: str, error: InvalidValueError, value: str) -> None:
        self.add(line, column, error.code, value, **error.params)

    def copy(self) -> "RowErrors":
        """For an attempt that may have to be made again."""
        twin = RowErrors()
        twin.failed, twin._found = set(self.failed), dict(self._found)
        return twin

    def sorted(self) -> list[RowError]:
        return [self._found[key] for key in sorted(self._found)]
