"""The processes under the supervisor: our own programs, and the embedded services."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from saas.local.console import Console, LineReader
from saas.local.guard import Guard
from saas.local.postgres import EmbeddedPostgres
from saas.local.process import log_since, spawn
from saas.local.texts import text
from saas.local.valkey import EmbeddedValkey

_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Program:
    """A command to keep running. `grace` is how many seconds it may take to stop before it is killed."""

    name: str
    command: Sequence[str]
    grace: float = 15.0


def regulars(*arguments: str) -> list[str]:
    """The command line of one of our own commands, by this very interpreter."""
    return [sys.executable, "-m", "saas.cli", *arguments]


def standard_programs(host: str, port: int) -> list[Program]:
    """What makes up an installation, in the order in which it is stopped: first whoever takes new work."""
    return [
        Program("api", regulars("serve", "--host", host, "--port", str(port)), grace=10.0),
        Program("worker", regulars("worker")),
        Program("relay", regulars("relay")),
        Program("scheduler", regulars("scheduler")),
    ]


def stripe_sandbox(data_dir: Path, port: int, url: str) -> Program:
    """Stripe, on this machine: the API at `url` hears of its events."""
    data, webhook = str(data_dir / "stripe-sandbox.db"), f"{url}/stripe/webhook"
    return Program("stripe", regulars("stripe-sandbox", "--port", str(port), "--data", data, "--webhook", webhook))


class Supervised(Protocol):
    """What the supervisor needs of a process, whichever kind it is."""

    name: str

    def launch(self) -> None:
        """Start it, from the main thread, without waiting for it."""

    async def gone(self) -> str:
        """Return when the process has ended; how, in words."""

    async def stop(self, hurry: asyncio.Event) -> None:
        """Stop it; at once when `hurry` is set."""


class Child:
    """One of our programs: its output goes to the console, its whole process group goes with it."""

    def __init__(self, program: Program, environment: Mapping[str, str], console: Console, guard: Guard) -> None:
        self.name = program.name
        self._guard = guard
        self._program = program
        self._environment = environment
        self._console = console
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self) -> None:
        """Start it and listen to it."""
        reading, writing = os.pipe()
        try:
            self._process = spawn(
                self._program.command,
                death_signal=signal.SIGTERM,
                environment=self._environment,
                folder=Path.cwd(),
                output=writing,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._guard.watch(self._process.pid)
        os.set_blocking(reading, False)
        loop = asyncio.get_running_loop()
        loop.add_reader(reading, self._read, loop, reading, LineReader(self._console, self.name))

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if a signal ended it."""
        return self._process.returncode if self._process is not None else None

    def _read(self, loop: asyncio.AbstractEventLoop, reading: int, lines: LineReader) -> None:
        try:
            chunk = os.read(reading, 65536)
        except BlockingIOError:
            return
        if chunk:
            lines.feed(chunk)
            return
        lines.finish()
        loop.remove_reader(reading)
        os.close(reading)

    def _dead(self) -> bool:
        """Whether it has ended; then nothing is left of its group either."""
        if self._process is None or self._process.returncode is not None:
            return True
        if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        self._end_group(self._process)
        return True

    def _end_group(self, process: subprocess.Popen[bytes]) -> None:
        """Kill what is left of it: a worker of a dead API would hold the HTTP port, or a job.

        The leader is reaped last; until then its number can't belong to somebody else's group.
        """
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self._guard.release(process.pid)
        process.wait()

    async def gone(self) -> str:
        while not self._dead():  # noqa: ASYNC110 - asyncio's own child watchers would reap it too early
            await asyncio.sleep(_POLL_SECONDS)
        return ended_how(self._process)

    async def stop(self, hurry: asyncio.Event) -> None:
        """SIGTERM to the program (it stops its own workers in order), its grace, then SIGKILL to all."""
        if self._process is None or self._dead():
            return
        self._process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self._program.grace
        while not self._dead():
            if hurry.is_set() or time.monotonic() > deadline:
                self._console.say(text("killed", name=self.name))
                self._end_group(self._process)
                return
            await asyncio.sleep(_POLL_SECONDS / 5)


class Service:
    """An embedded PostgreSQL or Valkey; it comes back on the same port with the same password."""

    def __init__(self, name: str, server: EmbeddedPostgres | EmbeddedValkey, console: Console) -> None:
        self.name = name
        self._server = server
        self._console = console

    def launch(self) -> None:
        """Start it again; what needs it finds it when it answers."""
        self._server.launch()

    async def gone(self) -> str:
        process = self._server.process
        while self._server.running:  # noqa: ASYNC110 - as above
            await asyncio.sleep(_POLL_SECONDS)
        size = self._server.log_path.stat().st_size
        for line in log_since(self._server.log_path, max(0, size - 1000)).splitlines()[-3:]:
            self._console.line(self.name, line.encode())
        return ended_how(process)

    async def stop(self, hurry: asyncio.Event) -> None:
        """Never hurried: a clean shutdown of the database is what saves the next start a recovery."""
        del hurry
        await asyncio.to_thread(self._server.stop)


def ended_how(process: subprocess.Popen[bytes] | None) -> str:
    """`exit code 1`, `SIGKILL`."""
    code = process.returncode if process is not None else None
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
