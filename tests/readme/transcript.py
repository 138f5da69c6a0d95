"""Commands and answers that a page shows, run against a real server and compared."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

CURL = Path(__file__).with_name("curl.py")
README = Path(__file__).parents[2] / "README.md"
ADDRESS = "http://127.0.0.1:8000"
PATIENCE_SECONDS = 300
"""A step that waits for what never comes fails with what was said so far, instead of holding up everything."""
_STEP = re.compile(r"^```sh\n(?P<commands>.*?)^```\n```json\n(?P<answer>.*?)^```$", re.MULTILINE | re.DOTALL)
_CHANGING = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "ID"),
    (r"rk_live_[0-9A-Za-z]+_[0-9A-Za-z]+_[0-9a-f]{8}", "KEY"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)", "TIME"),
    (r"\d{4}-\d\d-\d\d", "DAY"),
    (r"owner(?:-[0-9a-f]+)?@", "OWNER@"),
)


def steps(page: Path) -> list[tuple[str, str]]:
    """Each block of commands, with the answer that the page shows behind it."""
    return [(found["commands"], found["answer"]) for found in _STEP.finditer(page.read_text())]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(environment: Mapping[str, str]) -> Iterator[str]:
    """`regulars serve` on a port of its own; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "saas.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, cwd=README.parent)  # noqa: S603
    try:
        deadline = time.monotonic() + 30
        while not _listens(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(20) == 0


def shell(which: str, folder: Path) -> Path:
    """A folder to run commands in, with the machine's `curl` or with `ours`; skips where there is none."""
    if which == "curl" and shutil.which("curl") is None:
        pytest.skip("no curl here")
    if which == "ours":
        programs = folder / "bin"
        programs.mkdir()
        stand_in = programs / "curl"
        stand_in.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{CURL}' \"$@\"\n")
        stand_in.chmod(0o755)
    return folder


def differing(known: list[tuple[str, str]], server: str, folder: Path) -> list[str]:
    """The steps whose answers aren't as shown, with what was answered."""
    answers = run_all([commands for commands, _ in known], server, folder)
    return [
        f"{commands}\n{answer}"
        for answer, (commands, shown) in zip(map(_packed, answers), known, strict=True)
        if not re.fullmatch(as_pattern(shown), comparable(answer), re.DOTALL)
    ]


def _packed(answer: str) -> str:
    return json.dumps(json.loads(answer), ensure_ascii=False, separators=(",", ":"))


def run_all(commands: list[str], server: str, folder: Path) -> list[str]:
    """One shell runs every step, as a reader's would; answers are told apart by a mark between them."""
    mark = "=== next ==="
    script = f"\necho; echo '{mark}'\n".join(commands).replace(ADDRESS, server)
    script = script.replace("owner@", f"owner-{secrets.token_hex(4)}@")
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, cwd=folder, env=environment, check=False, timeout=PATIENCE_SECONDS
    )
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
