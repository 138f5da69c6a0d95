"""The multipart body of an import, read as it comes in: the file goes on in pieces, the options are kept."""

import asyncio
import hashlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, MultipartState, parse_options_header

from saas.errors import DomainError, FieldError, pointer
from tenants.imports.inflate import MAGIC, GzipError, Inflater

MAX_OPTIONS: Final = 64 * 1024
_PIECE: Final = 256 * 1024  # fewer, larger pieces: each costs a hop to the thread that writes
_PARTS: Final = ("file", "options")


class Upload:
    """One request's parts. `pieces` is to be read once, to its end; then `options`, `size`, `digest` and
    `filename` are known. `size` (bytes) and `digest` (SHA-256) are of the file as it was sent.
    """

    def __init__(self, content_type: str, body: AsyncIterable[bytes], limit: int) -> None:
        kind, parameters = parse_options_header(content_type)
        boundary = parameters.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise DomainError("unsupported-media-type")
        self.size = 0
        self.filename = ""
        self.media_type = ""
        self._body, self._limit = body, limit
        self._hash = hashlib.sha256()
        self._options = bytearray()
        self._seen: list[str] = []
        self._ready = bytearray()
        self._inflater: Inflater | None = None
        self._parts = _Parts(self)
        self._parser = _parser(boundary, self._parts)

    @property
    def digest(self) -> bytes:
        return self._hash.digest()

    @property
    def options(self) -> bytes:
        return bytes(self._options)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The file's bytes, gunzipped if it is gzip.

        Raises DomainError: `payload-too-large` as soon as the file (or what it expands to) passes the limit,
        `bad-request` for a malformed body, `import-file-invalid` for damaged gzip, `validation-failed` for
        parts that are missing, unknown or repeated.
        """
        out = 0
        async for piece in self._plain():
            out += len(piece)
            if out > self._limit:
                raise DomainError("payload-too-large")
            yield piece
        missing = [FieldError(f"/{name}", "required") for name in _PARTS if name not in self._seen]
        if missing:
            raise DomainError("validation-failed", errors=missing)

    async def _plain(self) -> AsyncIterator[bytes]:
        first = True
        async for piece in self._sent():
            if first and piece.startswith(MAGIC):
                self._inflater = Inflater()
            first = False
            if self._inflater is None:
                yield piece
                continue
            expanded = _guarded(self._inflater.feed(piece))
            while (part := await asyncio.to_thread(next, expanded, None)) is not None:
                yield part
        if self._inflater is not None:
            try:
                self._inflater.finish()
            except GzipError:
                raise DomainError("import-file-invalid", errors=[FieldError("/file", "invalid")]) from None

    async def _sent(self) -> AsyncIterator[bytes]:
        """The file part's bytes as sent, in pieces that are large except for the last."""
        async for chunk in self._body:
            try:
                self._parser.write(chunk)
            except FormParserError:
                raise DomainError("bad-request") from None
            if len(self._ready) >= _PIECE:
                yield self._take()
        if self._parser.state != MultipartState.END:
            raise DomainError("bad-request")  # cut short: nothing of it counts
        if self._ready:
            yield self._take()

    def _take(self) -> bytes:
        piece, self._ready = bytes(self._ready), bytearray()
        self.size += len(piece)
        if self.size > self._limit:
            raise DomainError("payload-too-large")
        self._hash.update(piece)
        return piece

    def begin_part(self, name: str, filename: str, media_type: str) -> None:
        if name not in _PARTS:
            raise DomainError("validation-failed", errors=[FieldError(pointer(name[:100]), "unknown-field")])
        if name in self._seen:
            raise DomainError("validation-failed", errors=[FieldError(f"/{name}", "repeated")])
        self._seen.append(name)
        if name == "file":
            self.filename, self.media_type = _printable(filename), _printable(media_type)

    def part_data(self, name: str, data: bytes) -> None:
        if name == "file":
            self._ready += data
        elif len(self._options) + len(data) > MAX_OPTIONS:
            raise DomainError("payload-too-large")
        else:
            self._options += data


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable())[:200]


def _guarded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except GzipError:
        raise DomainError("import-file-invalid", errors=[FieldError("/file", "invalid")]) from None


class _Parts:
    """The parser's callbacks: puts headers together and hands each part's data to the upload."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.name = ""
        self.headers: dict[bytes, bytes] = {}
        self.field, self.value = bytearray(), bytearray()

    def part_begin(self) -> None:
        self.headers = {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self.field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self.value += data[start:end]

    def header_end(self) -> None:
        self.headers[bytes(self.field).lower()] = bytes(self.value)
        self.field, self.value = bytearray(), bytearray()

    def headers_finished(self) -> None:
        _, found = parse_options_header(self.headers.get(b"content-disposition"))
        self.name = found.get(b"name", b"").decode("utf-8", "replace")
        filename = found.get(b"filename", b"").decode("utf-8", "replace")
        media_type = self.headers.get(b"content-type", b"").decode("latin-1").partition(";")[0]
        self.upload.begin_part(self.name, filename, media_type.strip().lower())

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self.upload.part_data(self.name, data[start:end])


def _parser(boundary: bytes, parts: _Parts) -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": parts.part_begin,
            "on_part_data": parts.part_data,
            "on_header_field": parts.header_field,
            "on_header_value": parts.header_value,
            "on_header_end": parts.header_end,
            "on_headers_finished": parts.headers_finished,
        },
    )
