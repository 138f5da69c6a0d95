"""Processes that are forks of one that has its imports, instead of an interpreter each.

    with Forks("billing/dying.py") as forks:
        ended = await forks.run("some", "arguments")
        beside = forks.begin("others", environ=variables, log=file)

The module's `main(*arguments)`, a coroutine function or not, is run to its end in a process of its own. Nothing but the
module's imports is older than that process: no loop, no connection, no setting is shared.
"""

import asyncio
import ctypes
import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

TESTS = Path(__file__).parents[1]
_FLAGS = (os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_WRONLY | os.O_APPEND)
_DIES_WITH_ITS_PARENT = 1  # PR_SET_PDEATHSIG


class Forks:
    """`module`: a file below tests whose `main` is a coroutine function."""

    def __init__(self, module: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own
            [sys.executable, __file__, str(TESTS / module)],
            env={**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._one = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.communicate()  # closes its input, which ends it
        self.process.wait(10)

    async def run(self, *arguments: str, environ: Mapping[str, str] | None = None) -> int:
        """How it ended, as `Popen.returncode` says it: -9 for a kill."""
        return await asyncio.to_thread(self.ended, *arguments, environ={**os.environ, **(environ or {})})

    def ended(
        self, *arguments: str, environ: Mapping[str, str], files: Sequence[Path] = (), folder: Path | None = None
    ) -> int:
        """Likewise, with exactly this environment; `files`: what its input, output and errors are, instead of ours."""
        return int(self._asks("run", self._told(arguments, environ, files, folder)))

    def begin(
        self, *arguments: str, environ: Mapping[str, str], log: Path | None = None, folder: Path | None = None
    ) -> "Beside":
        """Starts it in a session of its own, with exactly this environment, and doesn't wait; it dies with this
        process. Its output is put behind what `log` has.
        """
        if log is not None:
            log.touch()
        files = [] if log is None else [Path(os.devnull), log, log]
        return Beside(self, int(self._asks("begin", self._told(arguments, environ, files, folder))))

    def status(self, pid: int) -> int | None:
        """Of one that was begun: None while it runs. To be asked until it isn't."""
        found = self._asks("status", {"pid": pid})
        return None if found is None else int(found)

    def _told(
        self, arguments: Sequence[str], environ: Mapping[str, str], files: Sequence[Path], folder: Path | None
    ) -> dict[str, Any]:
        return {
            "arguments": arguments,
            "environ": dict(environ),
            "files": [str(file) for file in files],
            "folder": str(folder or Path.cwd()),
        }

    def _asks(self, what: str, wanted: dict[str, Any]) -> Any:
        given, told = self.process.stdin, self.process.stdout
        assert given is not None
        assert told is not None
        with self._one:
            given.write(json.dumps({"what": what, **wanted}) + "\n")
            given.flush()
            return json.loads(told.readline())


@dataclass
class Beside:
    """One that runs beside the test, as a `subprocess.Popen`."""

    forks: Forks
    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.forks.status(self.pid)
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        deadline = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(0.005)
        return status

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def serve(path: Path) -> None:
    """One fork a line of the input."""
    sys.path.insert(0, str(path.parent))  # as if it were the program: what lies beside it can be imported
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for line in sys.stdin:
        wanted = json.loads(line)
        match wanted["what"]:
            case "run":
                _, status = os.waitpid(_fork(module, wanted), 0)
                told: int | None = os.waitstatus_to_exitcode(status)
            case "begin":
                told = _fork(module, wanted)
            case _:
                pid, status = os.waitpid(wanted["pid"], os.WNOHANG)
                told = os.waitstatus_to_exitcode(status) if pid else None
        sys.stdout.write(f"{json.dumps(told)}\n")
        sys.stdout.flush()


def _fork(module: ModuleType, wanted: dict[str, Any]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    if wanted["what"] == "begin":
        os.setsid()
        ctypes.CDLL(None).prctl(_DIES_WITH_ITS_PARENT, signal.SIGKILL)
        if os.getppid() != parent:  # it was faster
            os._exit(1)
    os._exit(_child(module, wanted))


def _child(module: ModuleType, wanted: dict[str, Any]) -> int:
    """What it raises ends the process as it ends any other: told, and with 1."""
    os.environ.clear()
    os.environ.update(wanted["environ"])
    os.chdir(wanted["folder"])
    for number, (file, flags) in enumerate(zip(wanted["files"], _FLAGS, strict=False)):
        os.dup2(os.open(file, flags), number)
    if wanted["files"]:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - what the parent has read of its own stays there
    else:
        os.dup2(2, 1)  # what it says is no answer of the parent's
    try:
        outcome = module.main(*wanted["arguments"])
        if asyncio.iscoroutine(outcome):
            asyncio.run(outcome)
    except SystemExit as ended:
        return _status(ended.code)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _status(code: object) -> int:
    if code is None or isinstance(code, int):
        return code or 0
    sys.stderr.write(f"{code}\n")
    return 1


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
