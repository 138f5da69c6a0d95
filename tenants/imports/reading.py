"""Rows of a file, a batch at a time. What can't be read as a row is an error with its line; reading goes on."""

import csv
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from saas.errors import Word
from tenants.imports.errors import RowErrors
from tenants.imports.layout import ATTRIBUTE, ColumnError, Layout, LayoutError, csv_layout, ndjson_layout
from tenants.imports.lines import MAX_RECORD, Lines, RecordTooLongError
from tenants.imports.options import ImportOptions
from tenants.imports.sniff import Format

BATCH_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch begins: byte `offset`, the first of line number `line`."""

    offset: int
    line: int


@dataclass(slots=True)
class Row:
    """A row's cells by field, trimmed; empty ones are left out."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Batch:
    """`count` includes the rows that couldn't be read. `end` is None at the end of the file."""

    rows: list[Row]
    count: int
    end: Place | None


def read_layout(
    file: BinaryIO, found: Format, options: ImportOptions, declared: Sequence[str] = ()
) -> tuple[Layout, Place]:
    """How to read the file, and where its rows begin; `declared` are the attributes that it may have, by their codes.
    Raises LayoutError.
    """
    lines = Lines(file, found.encoding, found.offset, 1)
    if found.form == "ndjson":
        return ndjson_layout(found, options, declared), Place(lines.offset, lines.line)
    try:
        header = next((cells for cells in csv.reader(lines, strict=True) if cells), [])
    except (csv.Error, RecordTooLongError):
        raise LayoutError(ColumnError("", "malformed-row", {})) from None
    if any("\ud800" <= c <= "\udfff" for name in header for c in name):
        raise LayoutError(ColumnError("", "wrong-encoding", {"encoding": found.encoding}))
    return csv_layout(found, header, options, declared), Place(lines.offset, lines.line)


def read_batch(file: BinaryIO, layout: Layout, start: Place, size: int, errors: RowErrors) -> Batch:
    """Up to `size` rows, or about 8 MiB. Blank lines are no rows."""
    lines = Lines(file, layout.encoding, start.offset, start.line)
    source = _csv_rows(lines, layout, errors) if layout.form == "csv" else _json_rows(lines, layout, errors)
    rows: list[Row] = []
    count = 0
    for row in source:
        count += 1
        if row is not None:
            rows.append(row)
        if count >= size or lines.offset - start.offset >= BATCH_BYTES:
            return Batch(rows, count, Place(lines.offset, lines.line))
    return Batch(rows, count, None)


def _csv_rows(lines: Lines, layout: Layout, errors: RowErrors) -> Iterator[Row | None]:
    """None for a row that can't be read.

    A quote that isn't closed would take the rest of the file for one cell. So a record that goes wrong after
    its first line is taken for that: the line is an error, and reading starts again on the line after it.
    """
    reader = csv.reader(lines, strict=True)
    places = list(layout.places.items())
    while True:
        lines.begin()
        line = lines.line
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, RecordTooLongError) as error:
            _unreadable(lines, line, error, errors)
            yield None
            continue
        if not cells:
            continue
        if len(cells) != layout.width and any(cells[layout.width :] or [len(cells) < layout.width]):
            if lines.held > 1:
                lines.rewind()
                errors.add(line, "", "quote-not-closed", cells[0])
            else:
                errors.add(line, "", "wrong-column-count", None, expected=layout.width, found=len(cells))
            yield None
            continue
        found = {}
        for field, place in places:
            cell = cells[place].strip()
            if cell:
                found[field] = cell
        yield Row(line, found)


def _unreadable(lines: Lines, line: int, error: Exception, errors: RowErrors) -> None:
    taken = error.lines if isinstance(error, RecordTooLongError) else lines.held
    if taken > 1 or "end of data" in str(error):
        lines.rewind()
        errors.add(line, "", "quote-not-closed")
    elif isinstance(error, RecordTooLongError):
        errors.add(line, "", "row-too-long", max=MAX_RECORD)
    else:
        errors.add(line, "", "malformed-row")


class _Number(str):
    """A JSON number as it was written: no float touches money."""

    __slots__ = ()


def _no_constant(_name: str) -> Any:
    raise ValueError("NaN and Infinity are not JSON")


_decode: Callable[[str], Any] = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_no_constant
).decode


def _json_rows(lines: Lines, layout: Layout, errors: RowErrors) -> Iterator[Row | None]:
    while True:
        lines.begin()
        line = lines.line
        try:
            text = next(lines)
        except StopIteration:
            return
        except RecordTooLongError:
            errors.add(line, "", "row-too-long", max=MAX_RECORD)
            yield None
            continue
        if text.isspace():
            continue
        try:
            data = _decode(text.strip())
        except (ValueError, RecursionError):
            data = None
        if not isinstance(data, dict):
            errors.add(line, "", "malformed-json", text)
            yield None
            continue
        yield Row(line, _json_cells(data, layout, line, errors))


def _as_cell(value: Any, field: str) -> Any:
    """What CSV can only say as text may come in JSON's own types: a list of tags, a yes or no."""
    if field == "tags" and isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        return ",".join(value)
    if field.startswith(ATTRIBUTE) and isinstance(value, bool):
        return "true" if value else "false"
    return value


def _json_cells(data: dict[str, Any], layout: Layout, line: int, errors: RowErrors) -> dict[str, str]:
    found = {}
    for field, column in layout.columns.items():
        value = _as_cell(data.get(column), field)
        if value is None:
            continue
        if not isinstance(value, str):
            errors.add(line, column, "wrong-type", json.dumps(value), expected=Word("string"))
        elif cell := value.strip():
            found[field] = cell
    return found
