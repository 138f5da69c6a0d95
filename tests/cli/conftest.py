import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def regulars(database: None, environ: dict[str, str], tmp_path: Path) -> Run:
    """Runs a command as an operator would, on the tests' servers: `regulars("tenant", "list")`; a keyword sets a
    variable, None takes it away.
    """

    def run(*arguments: str, stdin: str = "", **changes: str | None) -> "subprocess.CompletedProcess[str]":
        wanted = {**os.environ, **environ, **changes}
        variables = {name: value for name, value in wanted.items() if value is not None}
        variables["PYTHONPATH"] = str(ROOT)
        return subprocess.run(  # noqa: S603
            [sys.executable, "-m", "saas.cli", *arguments],
            env=variables,
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
