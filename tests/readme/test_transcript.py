"""The README's commands, run as they stand against a real server, with their answers compared."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

CURL = Path(__file__).with_name("curl.py")
README = Path(__file__).parents[2] / "README.md"
ADDRESS = "http://127.0.0.1:8000"
_STEP = re.compile(r"^```sh\n(?P<commands>.*?)^```\n```json\n(?P<answer>.*?)^```$", re.MULTILINE | re.DOTALL)
_CHANGING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"rk_live_[0-9A-Za-z]+_[0-9A-Za-z]+_[0-9a-f]{8}", "KEY"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)", "TIME"),
    (r"\d{4}-\d\d-\d\d", "DAY"),
    (r"owner(?:-[0-9a-f]+)?@", "OWNER@"),
)


def steps() -> list[tuple[str, str]]:
    return [(found["commands"], found["answer"]) for found in _STEP.finditer(README.read_text())]


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def server(database: None, environ: dict[str, str]) -> Iterator[str]:
    """`regulars serve` on the tests' database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "saas.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**os.environ, **environ}, cwd=README.parent)  # noqa: S603
    try:
        deadline = time.monotonic() + 30
        while not listens(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(20) == 0


@pytest.fixture(params=["curl", "ours"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Where the shell runs: with curl, and with a small stand-in for machines that have none."""
    if request.param == "curl" and shutil.which("curl") is None:
        pytest.skip("no curl here")
    if request.param == "ours":
        programs = tmp_path / "bin"
        programs.mkdir()
        stand_in = programs / "curl"
        stand_in.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{CURL}' \"$@\"\n")
        stand_in.chmod(0o755)
    return tmp_path


def run_all(commands: list[str], server: str, folder: Path) -> list[str]:
    """One shell runs every step, as a reader's would; answers are told apart by a mark between them."""
    mark = "=== next ==="
    script = f"\necho; echo '{mark}'\n".join(commands).replace(ADDRESS, server)
    script = script.replace("owner@", f"owner-{secrets.token_hex(4)}@")
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout.split(mark)


def comparable(text: str) -> str:
    for pattern, name in _CHANGING:
        text = re.sub(pattern, name, text)
    return text


def as_pattern(shown: str) -> str:
    """What the README shows, without the spaces it is laid out with; `…` stands for anything."""
    packed = re.sub(r"\s*\n\s*", "", shown.strip())
    packed = re.sub(r"\s*…,?\s*", "…", re.sub(r'(?<=[\]}",:\w]) (?=[\[{"\w-])', "", packed))
    return ".*?".join(map(re.escape, comparable(packed).split("…")))


def test_the_readmes_commands_answer_as_shown(server: str, folder: Path) -> None:
    known = steps()
    assert len(known) == 5
    answers = run_all([commands for commands, _ in known], server, folder)
    for answer, (commands, shown) in zip(answers, known, strict=True):
        packed = json.dumps(json.loads(answer), ensure_ascii=False, separators=(",", ":"))
        assert re.fullmatch(as_pattern(shown), comparable(packed), re.DOTALL), f"{commands}\n{packed}"


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
