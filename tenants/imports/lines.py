"""Lines of a stored file with their places, so that a batch can begin where the last one ended.

Records end at line ends, and a line end is one byte that is part of no other character in UTF-8 or GB18030:
so bytes can be counted line by line, whatever the encoding.
"""

from typing import BinaryIO, Final

MAX_RECORD: Final = 1 << 20
"""Bytes of a row; more is nobody's data but a quote that was never closed."""


class RecordTooLongError(ValueError):
    """The record that was begun has more than `MAX_RECORD` bytes. `lines` says how many lines it takes up so far."""

    def __init__(self, lines: int) -> None:
        super().__init__(lines)
        self.lines = lines


class Lines:
    """Iterates over a file's decoded lines from `offset`, the byte where line number `line` begins.

    `begin` starts a record; `rewind` gives all its lines back except the first. `offset` and `line` are always
    those of the next line. A line in a wrong encoding comes with its bad bytes as lone surrogates.
    """

    def __init__(self, file: BinaryIO, encoding: str, offset: int, line: int) -> None:
        file.seek(offset)
        self.file, self.encoding = file, encoding
        self.offset, self.line = offset, line
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._again: list[bytes] = []  # given back, the next one last

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        raw = self._again.pop() if self._again else self.file.readline(MAX_RECORD + 1)
        if not raw:
            raise StopIteration
        if len(raw) > MAX_RECORD:
            if self._held:
                self.file.seek(self.offset)  # it may be a record of its own
            else:
                self._skip_line(len(raw), ended=raw.endswith(b"\n"))
            raise RecordTooLongError(len(self._held) + 1)
        self.offset += len(raw)
        self.line += 1
        self._held.append(raw)
        self._held_bytes += len(raw)
        if self._held_bytes > MAX_RECORD:
            raise RecordTooLongError(len(self._held))
        try:
            return raw.decode(self.encoding)
        except UnicodeDecodeError:
            return raw.decode(self.encoding, "surrogateescape")

    def begin(self) -> None:
        """The next line is the first of a record."""
        self._held.clear()
        self._held_bytes = 0

    @property
    def held(self) -> int:
        """How many lines the record has so far."""
        return len(self._held)

    def rewind(self) -> None:
        """Everything after the record's first line is read again."""
        for raw in reversed(self._held[1:]):
            self._again.append(raw)
            self.offset -= len(raw)
            self.line -= 1
        del self._held[1:]

    def _skip_line(self, read: int, *, ended: bool) -> None:
        """Leaves an endless line behind without keeping it."""
        self.offset += read
        self.line += 1
        while not ended:
            raw = self.file.readline(MAX_RECORD)
            self.offset += len(raw)
            ended = not raw or raw.endswith(b"\n")
