import os
import re
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from saas.local.process import free_port, spawn
from saas.local.texts import TEXTS

SCRIPT = Path(__file__).with_name("supervised.py")
ROOT = Path(__file__).parents[2]


class Up:
    """A supervisor in a process of its own, and what it has printed so far."""

    def __init__(self, folder: Path, *more: str, port: int | None = None, **environment: str) -> None:
        self.folder = folder
        self.port = port or free_port()
        self.output = folder.with_name(f"{self.port}.out")
        clean = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        with self.output.open("wb") as output:
            self.process = spawn(
                [sys.executable, SCRIPT, folder, str(self.port), *more],
                death_signal=signal.SIGTERM,
                environment=clean | {"PYTHONPATH": path, "LC_ALL": "C"} | environment,
                folder=ROOT,
                output=output,
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, pattern: str, times: int = 1) -> re.Match[str]:
        def found() -> bool:
            assert self.process.poll() is None, self.said()
            return len(re.findall(pattern, self.said())) >= times

        eventually(found, pattern)
        return list(re.finditer(pattern, self.said()))[times - 1]

    def pids(self) -> dict[str, int]:
        """The processes by name; an embedded service by its command line, among our children."""
        found = {name: int(self.wait_for(rf"\| {name} (\d+)")[1]) for name in ("worker", "stubborn")}
        api = self.wait_for(r"\| api (\d+) (\d+)")
        found |= {"api": int(api[1]), "grandchild": int(api[2])}
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in children:
            line = Path(f"/proc/{pid}/cmdline").read_text()
            for name in ("postgres", "valkey-server"):
                if f"/{name}" in line.split("\0")[0].split(" ")[0]:
                    found[name] = int(pid)
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)


def eventually(check: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """A zombie doesn't count: whoever inherits it may be slow to reap it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("up") / "var"
    yield path
    home = path / "postgres"
    if home.exists() and home.is_symlink():  # outside pytest's folder, which is closed to PostgreSQL's user
        shutil.rmtree(home.resolve())


@pytest.fixture
def up(folder: Path) -> Iterator[Up]:
    one = Up(folder)
    yield one
    one.end()


def test_it_starts_all_and_an_interrupt_stops_all(up: Up) -> None:
    up.wait_for(rf"announced http://127\.0\.0\.1:{up.port}")
    up.wait_for(r"seed failed: RuntimeError")
    assert re.search(r"migrate +\| migrated", up.said())
    pids = up.pids()
    assert set(pids) == {"api", "grandchild", "worker", "stubborn", "postgres", "valkey-server"}
    assert all(map(alive, pids.values()))
    names = up.wait_for(r"worker \d+ (.*)")[1].split(",")
    assert set(names) == {
        *("DATABASE_URL", "GATE_DATABASE_URL", "RELAY_DATABASE_URL", "OPERATOR_DATABASE_URL"),
        *("MIGRATOR_DATABASE_URL", "REDIS_URL", "SECRET_KEYS", "FILE_STORE", "ENVIRONMENT", "PUBLIC_URL"),
    }
    assert (up.folder / "environment").stat().st_mode & 0o777 == 0o600

    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(20) == 0
    assert not any(map(alive, pids.values()))
    assert "stubborn didn't stop in time" in up.said()
    assert "database system is shut down" in (up.folder / "logs" / "postgres.log").read_text()
    assert not (up.folder / "environment").exists()
    lines = [line for line in up.said().splitlines() if "x" * 10 in line]
    assert all(re.fullmatch(r"worker    \| x{1,2000}", line) for line in lines)
    assert re.fullmatch(r"worker    \| x{2000}", lines[0])


def test_killing_it_leaves_nothing_and_the_next_start_works(up: Up, folder: Path) -> None:
    up.wait_for("announced")
    pids = up.pids()
    up.process.kill()
    up.process.wait()
    eventually(lambda: not any(map(alive, pids.values())), f"still there: {pids}", seconds=3)
    again = Up(folder)
    again.wait_for("announced")
    again.end()
    assert again.process.returncode == 0


def test_what_dies_is_started_again(up: Up) -> None:
    up.wait_for("announced")
    pids = up.pids()
    port = re.search(r"127\.0\.0\.1:(\d+)/regulars", (up.folder / "environment").read_text())
    for name in ("api", "postgres", "valkey-server"):
        os.kill(pids[name], signal.SIGKILL)
    up.wait_for(r"\| api \d+", times=2)
    assert not alive(pids["grandchild"])
    eventually(lambda: len(up.pids()) == len(pids), "the services are back")
    assert port is not None

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(port[1]))) == 0

    eventually(answers, "PostgreSQL on its old port")
    assert up.pids()["postgres"] != pids["postgres"]
    assert up.pids()["worker"] == pids["worker"]
    assert up.said().count("announced") == 1


def test_a_taken_port_is_refused_before_anything_starts(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        one = Up(folder, port=port)
        assert one.process.wait(10) == 1
    assert f"Port {port} on 127.0.0.1 is taken" in one.said()
    assert not folder.exists()


def test_a_second_one_on_the_same_data_is_refused(up: Up, folder: Path) -> None:
    up.wait_for("announced")
    other = Up(folder)
    assert other.process.wait(10) == 1
    assert f"already in use by process {up.process.pid}" in other.said()
    assert (folder / "environment").exists(), "the first one's"
    assert up.process.poll() is None


def test_a_failed_migration_ends_it(folder: Path) -> None:
    one = Up(folder, "raise SystemExit(3)")
    assert one.process.wait(20) == 1
    assert "migration failed (exit code 3)" in one.said()
    assert "announced" not in one.said()


def test_nothing_is_embedded_beside_servers_of_our_own(folder: Path) -> None:
    one = Up(folder, DATABASE_URL="postgresql://elsewhere/x", REDIS_URL="redis://elsewhere")
    one.wait_for("announced")
    assert not {"postgres", "valkey-server"} & set(one.pids())
    one.end()
    assert one.process.returncode == 0
    assert not (folder / "postgres").exists()


def test_both_languages_say_the_same_things() -> None:
    parameters = {
        language: {code: sorted(re.findall(r"\{(\w+)", said)) for code, said in texts.items()}
        for language, texts in TEXTS.items()
    }
    assert parameters["en"] == parameters["zh"]
