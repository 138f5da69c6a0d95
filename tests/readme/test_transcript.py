"""The README's commands, run as they stand against a real server, with their answers compared."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from transcript import README, as_pattern, differing, serving, shell, steps


@pytest.fixture(scope="module")
def server(database: None, environ: dict[str, str]) -> Iterator[str]:
    with serving({**os.environ, **environ}) as address:
        yield address


@pytest.fixture(params=["curl", "ours"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the shell runs: with curl, and with a small stand-in for machines that have none."""
    return shell(request.param, tmp_path)


def test_the_readmes_commands_answer_as_shown(server: str, folder: Path) -> None:
    known = steps(README)
    assert len(known) == 5
    assert not differing(known, server, folder)


def test_a_different_answer_is_noticed() -> None:
    shown = '{"id": "01a203e1-241b-71b6-8eeb-edd3ffc331fa", … "tier": {"code": "gold", …}}'
    right = '{"id":"ID","name":"x","tier":{"code":"gold","since":"DAY"}}'
    assert re.fullmatch(as_pattern(shown), right)
    assert not re.fullmatch(as_pattern(shown), right.replace("gold", "silver"))
    assert not re.fullmatch(as_pattern(shown), right.replace("ID", "7"))


def test_every_link_leads_somewhere() -> None:
    root = README.parent
    for page in (README, *sorted((root / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.relative_to(root)} links to {target}"
