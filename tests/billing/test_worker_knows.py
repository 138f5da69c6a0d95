"""A worker goes on with every kind of operation that any other process may have left open."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import saas.billing

_KINDS = "from saas.billing.steps import kinds; print(*kinds())"


def told_by(program: str) -> set[str]:
    """A fresh process: what this one has imported says nothing."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    return set(done.stdout.split())


def test_every_kind_is_known_to_the_worker(environ: dict[str, str]) -> None:
    modules = [one.name for one in pkgutil.walk_packages(saas.billing.__path__, "saas.billing.")]
    everything = "import importlib\nfor name in {!r}: importlib.import_module(name)\n" + _KINDS
    all_kinds = told_by(everything.format(modules))
    assert {"checkout", "upgrade", "downgrade"} <= all_kinds
    assert told_by(f"from saas.worker import load_jobs; load_jobs(); {_KINDS}") == all_kinds
