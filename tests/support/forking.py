"""Processes that are forks of one that has its imports, instead of an interpreter each.

    with Forks("billing/dying.py") as forks:
        ended = await forks.run("some", "arguments")

The module's `main(*arguments)`, a coroutine function or not, is run to its end in a process of its own. Nothing but the
module's imports is older than that process: no loop, no connection, no setting is shared.
"""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

TESTS = Path(__file__).parents[1]
_FLAGS = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY)


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
        wanted = {
            "arguments": arguments,
            "environ": dict(environ),
            "files": [str(file) for file in files],
            "folder": str(folder or Path.cwd()),
        }
        given, told = self.process.stdin, self.process.stdout
        assert given is not None
        assert told is not None
        given.write(json.dumps(wanted) + "\n")
        given.flush()
        return int(told.readline())


def serve(path: Path) -> None:
    """One fork a line of the input."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os._exit(_child(module, json.loads(line)))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _child(module: ModuleType, wanted: dict[str, Any]) -> int:
    """What it raises ends the process as it ends any other: told, and with 1."""
    os.environ.clear()
    os.environ.update(wanted["environ"])
    os.chdir(wanted["folder"])
    for number, (file, flags) in enumerate(zip(wanted["files"], _FLAGS, strict=False)):
        os.dup2(os.open(file, flags), number)
    if wanted["files"]:
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 - what the parent has read of its own stays there
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
