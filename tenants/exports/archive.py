"""A ZIP that is made as it goes out: nothing is kept but the piece at work, whatever the size.

`zipfile` writes into a sink that can't go back (sizes follow each entry, as the format allows), in a thread, for
compressing is most of the work.
"""

import asyncio
import hashlib
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, Final

_LEVEL: Final = 6
_PIECE: Final = 256 * 1024

Write = Callable[[bytes], Awaitable[None]]
Send = Callable[[bytes], Awaitable[None]]


@dataclass(slots=True)
class Entry:
    """A file of the archive as the manifest names it: bytes and SHA-256 of what was put in."""

    path: str
    size: int = 0
    hash: Any = field(default_factory=hashlib.sha256)

    def told(self) -> dict[str, Any]:
        return {"path": self.path, "bytes": self.size, "sha256": self.hash.hexdigest()}


class _Sink:
    """What `zipfile` writes to: it can't seek, and is emptied after each piece."""

    def __init__(self) -> None:
        self._ready = bytearray()

    def write(self, data: bytes) -> int:
        self._ready += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self, least: int) -> bytes:
        """What is there, once it is `least` bytes."""
        if len(self._ready) < least:
            return b""
        taken, self._ready = bytes(self._ready), bytearray()
        return taken


class Archive:
    """`async with archive.entry("a.csv") as write: await write(b"…")`, one after the other; then `close`."""

    def __init__(self, send: Send, made_at: datetime) -> None:
        """`send` gets the archive's bytes in order; `made_at` is the time that its files bear (local)."""
        self._send, self._made_at = send, made_at
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)  # type: ignore[call-overload]
        self.entries: list[Entry] = []

    @asynccontextmanager
    async def entry(self, path: str) -> AsyncIterator[Write]:
        """A file of the archive."""
        made = Entry(path)
        info = zipfile.ZipInfo(path, self._made_at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        opened = self._zip.open(info, "w", force_zip64=True)

        async def write(data: bytes) -> None:
            made.size += len(data)
            await self._send_on(await asyncio.to_thread(self._compress, opened, made, data))

        try:
            yield write
        finally:
            opened.close()
        self.entries.append(made)

    async def put(self, path: str, data: bytes) -> None:
        """A small file, whole."""
        async with self.entry(path) as write:
            await write(data)

    async def close(self) -> None:
        """The table of contents. Without it the archive is none."""
        self._zip.close()
        await self._send_on(self._sink.take(1))

    def _compress(self, opened: IO[bytes], made: Entry, data: bytes) -> bytes:
        made.hash.update(data)
        opened.write(data)
        return self._sink.take(_PIECE)

    async def _send_on(self, data: bytes) -> None:
        if data:
            await self._send(data)
