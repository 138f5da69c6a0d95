"""One terminal for many processes: whole lines, each with the name of who said it."""

import os
import sys
from collections.abc import Callable
from typing import BinaryIO

_COLOURS = (36, 33, 35, 32, 34, 31)
_LONGEST_LINE = 64 * 1024


class Console:
    """Writes each line by one call, so that lines never mix."""

    def __init__(self, output: BinaryIO | None = None, *, colour: bool | None = None) -> None:
        self._output = output or sys.stdout.buffer
        self._colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ if colour is None else colour
        self._names: list[str] = []
        self.on_closed: Callable[[], object] | None = None
        """Called once when the reader has gone (`regulars up | head`): nobody is left to tell."""

    def line(self, name: str, said: bytes) -> None:
        """One line, without its end."""
        if name not in self._names:
            self._names.append(name)
        prefix = f"{name:<9} | "
        if self._colour:
            colour = _COLOURS[self._names.index(name) % len(_COLOURS)]
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        try:
            self._output.write(prefix.encode() + said.rstrip(b"\r") + b"\n")
            self._output.flush()
        except OSError:
            closed, self.on_closed = self.on_closed, None
            if closed is not None:
                closed()

    def say(self, said: str) -> None:
        """The supervisor's own words, line by line."""
        for part in said.splitlines():
            self.line("regulars", part.encode())


class LineReader:
    """Turns the chunks of one process's output into lines of the console."""

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = name
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        """Take what has come; a line past 64 KiB is broken up, so that memory stays bounded."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._console.line(self._name, line)
        if len(self._rest) > _LONGEST_LINE:
            self.finish()

    def finish(self) -> None:
        """The output has ended: its last line may lack an end."""
        if self._rest:
            self._console.line(self._name, self._rest)
            self._rest = b""
