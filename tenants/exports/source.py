"""An export's file, to be read back: what its manifest says, and each table's rows, checked as they come."""

import asyncio
import hashlib
import json
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final, Self

from tenants.exports.writing import FORMAT, MANIFEST, ROWS

_PIECE: Final = 256 * 1024
_LARGEST_MANIFEST: Final = 16 * 1024 * 1024


class UnreadableExportError(ValueError):
    """The file isn't an export that this program can read; the message says why."""


class Source:
    """`with Source(path) as source`: the archive stays open meanwhile. Raises UnreadableExportError, OSError."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile:
            raise UnreadableExportError("it is no ZIP, or was cut short") from None
        self.manifest = self._read_manifest()
        self._digests = {file["path"]: file["sha256"] for file in self.manifest["files"]}
        missing = sorted(self._digests.keys() - set(self._zip.namelist()))
        if missing:
            raise UnreadableExportError(f"files are missing: {', '.join(missing)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def columns(self) -> dict[str, list[str]]:
        """Of each table that it has."""
        columns: dict[str, list[str]] = self.manifest["columns"]
        return columns

    def expected(self, table: str) -> int:
        """How many rows the manifest says."""
        rows: int = self.manifest["rows"][table]
        return rows

    async def rows(self, table: str) -> AsyncIterator[bytes]:
        """A table's lines, in pieces that end anywhere. Raises UnreadableExportError at the end, where what was read
        isn't what was written.
        """
        path, hashed = ROWS.format(table), hashlib.sha256()
        try:
            with await asyncio.to_thread(self._zip.open, path) as file:
                while piece := await asyncio.to_thread(file.read, _PIECE):
                    hashed.update(piece)
                    yield piece
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            raise UnreadableExportError(f"{path} is damaged: {error}") from None
        if hashed.hexdigest() != self._digests.get(path):
            raise UnreadableExportError(f"{path} is not what was written")

    async def all_of(self, table: str) -> list[dict[str, Any]]:
        """A small table's rows."""
        text = b"".join([piece async for piece in self.rows(table)])
        return [json.loads(line) for line in text.splitlines()]

    def _read_manifest(self) -> dict[str, Any]:
        try:
            info = self._zip.getinfo(MANIFEST)
            if info.file_size > _LARGEST_MANIFEST:
                raise UnreadableExportError("its manifest is too large")
            manifest: dict[str, Any] = json.loads(self._zip.read(info))
            known = manifest["format"] == FORMAT
        except (KeyError, TypeError, ValueError, zipfile.BadZipFile):
            raise UnreadableExportError("it has no manifest: it is no export of a chain") from None
        if not known:
            raise UnreadableExportError(f"it is of format {manifest['format']}, and this program reads {FORMAT}")
        return manifest
