"""A process that outlives a killed supervisor by half a second and takes the rest along.

The kernel's parent-death signal reaches our programs, but not the processes that they have started, and a
program may be slow to obey it. The guard knows each program's process group; when the pipe from the
supervisor ends, groups that were not taken off the list are killed.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

_GRACE_SECONDS = 0.5  # for a program that obeys the parent-death signal; every one of them may also crash


class Guard:
    """The supervisor's end. Must be closed; closing it after all groups were released ends it quietly."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and file
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
        )

    def watch(self, group: int) -> None:
        """Kill this process group if the supervisor dies."""
        self._tell(f"+{group}\n")

    def release(self, group: int) -> None:
        """The group has ended."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the guard and wait for it."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # somebody killed it: the shop runs on without
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


def main(lines: Iterable[str]) -> None:
    """Follow the list until it ends, then kill what is still on it."""
    groups: set[int] = set()
    for line in lines:
        number = int(line[1:])
        if line.startswith("+"):
            groups.add(number)
        else:
            groups.discard(number)
    if groups:
        time.sleep(_GRACE_SECONDS)
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    main(sys.stdin)
