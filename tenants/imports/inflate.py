"""gzip as it streams in. Memory holds one piece, whatever the file expands to."""

import zlib
from collections.abc import Iterator
from typing import Final

MAGIC: Final = b"\x1f\x8b"
PIECE: Final = 1 << 20
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class GzipError(ValueError):
    """Not gzip, damaged, or cut short."""


class Inflater:
    """Feed it compressed bytes in order, then `finish`. Several members in a row are one file, as gzip says."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` expands to, in pieces of at most 1 MiB. Raises GzipError."""
        while data:
            if self._member.eof:
                data = data.lstrip(b"\0")  # tape and block padding, which gzip ignores too
                if not data:
                    return
                self._member = zlib.decompressobj(_GZIP_WINDOW)
            self._begun = True
            try:
                piece = self._member.decompress(data, PIECE)
            except zlib.error as error:
                raise GzipError(str(error)) from None
            data = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            if piece:
                yield piece
            elif not data:
                return

    def finish(self) -> None:
        """Raises GzipError where the file ends in the middle."""
        if self._begun and not self._member.eof:
            raise GzipError("the file ends in the middle")
