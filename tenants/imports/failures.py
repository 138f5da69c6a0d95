"""The rows of a file that an import refused, as they stood there and why: to be mended and sent again."""

import asyncio
import csv
from collections.abc import AsyncIterator, Sequence
from typing import BinaryIO, Final
from uuid import UUID

from saas.errors import DomainError, Language
from saas.file_store import file_store
from saas.i18n import Tongue, n_
from saas.scope import connection, current, tenant_scope
from tenants.imports.layout import Layout
from tenants.imports.lines import Lines, RecordTooLongError
from tenants.imports.messages import message
from tenants.imports.reading import Place
from tenants.imports.runs import Cursor
from tenants.imports.uploads import Kept

REASON: Final = n_("What is wrong")
_A_PAGE: Final = 500
_CURSOR: Final = "SELECT cursor FROM import_run WHERE tenant_id = $1 AND id = $2"
_LINES: Final = (
    'SELECT e.line, array_agg(e."column" ORDER BY e."column") AS columns,'
    ' array_agg(e.code ORDER BY e."column") AS codes,'
    ' array_agg(e.params ORDER BY e."column") AS params FROM import_error AS e'
    " WHERE e.tenant_id = $1 AND e.import_id = $2 AND e.line > $3 GROUP BY e.line ORDER BY e.line LIMIT $4"
)


class _Records:
    """Walks a table's records in the file's order, each as the import took it (`tenants.imports.reading`)."""

    def __init__(self, file: BinaryIO, layout: Layout, first: Place) -> None:
        self._file, self._layout = file, layout
        self._lines = Lines(file, layout.encoding, first.offset, first.line)
        self._reader = csv.reader(self._lines, strict=True)

    def at(self, wanted: Sequence[int]) -> dict[int, str]:
        """The text of the records that begin at these lines, which go up and lie behind those asked for before."""
        found, lines = dict[int, str](), set(wanted)
        while len(found) < len(wanted) and (record := self._next()) is not None:
            if record[0] in lines:
                found[record[0]] = record[1]
        return found

    def _next(self) -> tuple[int, str] | None:
        lines = self._lines
        lines.begin()
        line, offset = lines.line, lines.offset
        try:
            cells = next(self._reader)
        except StopIteration:
            return None
        except (csv.Error, RecordTooLongError):
            lines.rewind()
        else:
            width = self._layout.width
            if len(cells) != width and any(cells[width:] or [len(cells) < width]) and lines.held > 1:
                lines.rewind()
        here = self._file.tell()  # behind what was given back, too
        self._file.seek(offset)
        text = self._file.read(lines.offset - offset).decode(self._layout.encoding, "replace")
        self._file.seek(here)
        return line, text.rstrip("\r\n")


async def failed_rows(tenant_id: UUID, import_id: UUID, upload: Kept, speaks: Tongue) -> AsyncIterator[bytes]:
    """The refused rows as CSV, each behind its reasons, in short scopes of its own. The other cells are as they were
    sent. Raises DomainError `not-found` where the file has gone, or isn't a table.
    """
    cursor = await _cursor(tenant_id, import_id)
    try:
        file = await asyncio.to_thread(file_store().open, tenant_id, upload.path)
    except FileNotFoundError:
        raise DomainError("not-found") from None
    return _written(file, cursor, tenant_id, import_id, speaks)


async def _cursor(tenant_id: UUID, import_id: UUID) -> Cursor:
    async with tenant_scope(tenant_id):
        kept = await connection().fetchval(_CURSOR, current().tenant_id, import_id)
    cursor = None if kept is None else Cursor.from_json(kept)
    if cursor is None or cursor.layout.form != "csv":
        raise DomainError("not-found")
    return cursor


async def _written(
    file: BinaryIO, cursor: Cursor, tenant_id: UUID, import_id: UUID, speaks: Tongue
) -> AsyncIterator[bytes]:
    with file:
        header = await asyncio.to_thread(_header, file, cursor)
        yield f"\ufeff{speaks.say(REASON)},{header}\r\n".encode()
        records, after = _Records(file, cursor.layout, cursor.first), -1
        while True:
            async with tenant_scope(tenant_id):
                rows = await connection().fetch(_LINES, tenant_id, import_id, after, _A_PAGE)
            if not rows:
                return
            after = rows[-1]["line"]
            texts = await asyncio.to_thread(records.at, [row["line"] for row in rows])
            lines = [
                f"{_reasons(row['columns'], row['codes'], row['params'], speaks.language)},{texts[row['line']]}\r\n"
                for row in rows
                if row["line"] in texts
            ]
            yield "".join(lines).encode("utf-8", "replace")


def _header(file: BinaryIO, cursor: Cursor) -> str:
    file.seek(0)
    text = file.read(cursor.first.offset).decode(cursor.layout.encoding, "replace")
    return text.removeprefix("\ufeff").strip("\r\n")


def _reasons(columns: Sequence[str], codes: Sequence[str], params: Sequence[dict[str, object]], to: Language) -> str:
    told = "; ".join(
        f"{column}: {message(code, values, to)}" if column else message(code, values, to)
        for column, code, values in zip(columns, codes, params, strict=True)
    )
    return '"' + (f"'{told}" if told.startswith(("=", "+", "-", "@")) else told).replace('"', '""') + '"'
