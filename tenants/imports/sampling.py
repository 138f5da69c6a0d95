"""The beginning of a file as people see it: its columns and a few rows, before anybody has said what they mean."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Final, TypeVar

from tenants.imports.layout import ColumnError, LayoutError
from tenants.imports.lines import Lines, RecordTooLongError
from tenants.imports.sniff import Form, Format, NotTextError, sniff

T = TypeVar("T")
ROWS: Final = 5
_OBJECTS: Final = 100
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Sample:
    """`offset` is the first byte behind a byte order mark. `columns` are trimmed names in the file's order, each once,
    nameless ones left out; a row has a cell for each.
    """

    form: Form
    encoding: str
    offset: int
    columns: list[str]
    rows: list[list[str]]


def sample(file: BinaryIO, filename: str, media_type: str) -> Sample:
    """Raises LayoutError for a file that isn't text, is empty, or has a header that can't be read."""
    try:
        found = sniff(file, filename, media_type)
    except NotTextError as error:
        raise LayoutError(ColumnError("", error.code, dict(error.params))) from None
    return _of_objects(file, found) if found.form == "ndjson" else _of_table(file, found)


def _of_table(file: BinaryIO, found: Format) -> Sample:
    reader = csv.reader(Lines(file, found.encoding, found.offset, 1), strict=True)
    try:
        header = next((cells for cells in reader if cells), [])
    except (csv.Error, RecordTooLongError):
        raise LayoutError(ColumnError("", "malformed-row", {})) from None
    if any("\ud800" <= c <= "\udfff" for name in header for c in name):
        raise LayoutError(ColumnError("", "wrong-encoding", {"encoding": found.encoding}))
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        if name.strip():
            places.setdefault(name.strip(), place)
    if not places:
        raise LayoutError(ColumnError("", "file-empty", {}))
    rows = [
        [_shown(cells[place]) if place < len(cells) else "" for place in places.values()]
        for cells in islice((cells for cells in _readable(reader) if cells), ROWS)
    ]
    return Sample(found.form, found.encoding, found.offset, list(places), rows)


def _readable(records: Iterator[T]) -> Iterator[T]:
    """Up to the first that can't be read: those before it are sample enough, and the check names the line."""
    while True:
        try:
            record = next(records)
        except (StopIteration, csv.Error, RecordTooLongError):
            return
        yield record


def _of_objects(file: BinaryIO, found: Format) -> Sample:
    lines = islice(_readable(Lines(file, found.encoding, found.offset, 1)), _OBJECTS)
    objects: list[dict[str, Any]] = [one for text in lines if isinstance(one := _parsed(text), dict)]
    columns = list(dict.fromkeys(name for one in objects for name in one if name.strip()))
    if not columns:
        raise LayoutError(ColumnError("", "malformed-json", {}))
    return Sample(
        found.form,
        found.encoding,
        found.offset,
        columns,
        [[_shown(_text(one.get(name))) for name in columns] for one in objects[:ROWS]],
    )


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _shown(cell: str) -> str:
    cell = "".join(c if c.isprintable() else "\ufffd" for c in cell.strip())
    return cell if len(cell) <= _LONGEST else cell[: _LONGEST - 1] + "…"
