import os
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from support.forking import Forks

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="session")
def command_line() -> Iterator[Forks]:
    with Forks("cli/command_line.py") as made:
        yield made


@pytest.fixture
def regulars(database: None, environ: dict[str, str], tmp_path: Path, command_line: Forks) -> Run:
    """Runs a command as an operator would, on the tests' servers: `regulars("tenant", "list")`; a keyword sets a
    variable, None takes it away.
    """

    def run(*arguments: str, stdin: str = "", **changes: str | None) -> CompletedProcess[str]:
        wanted = {**os.environ, **environ, **changes}
        variables = {name: value for name, value in wanted.items() if value is not None}
        files = [tmp_path / name for name in (".stdin", ".stdout", ".stderr")]
        for file, text in zip(files, (stdin, "", ""), strict=True):
            file.write_text(text)
        ended = command_line.ended(*arguments, environ=variables, files=files, folder=tmp_path)
        return CompletedProcess(arguments, ended, files[1].read_text(), files[2].read_text())

    return run
