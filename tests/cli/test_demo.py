"""The made-up chain, and `regulars up` as a newcomer meets it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from saas.demo.chain import wanted
from saas.demo.people import MEMBERS, people
from saas.demo.purchases import ZONE, tickets
from saas.demo.state import DemoState, load, save
from saas.local.process import LocalServiceError, free_port, spawn
from tenants.members.phones import normalise_phone

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 22)
FIRST_START, SECOND_START = 90, 30
"""Seconds. The second start is promised in 10, on a machine that does nothing else; here other tests run beside."""


def history() -> tuple[list[Any], list[Any]]:
    random = Random(7)  # noqa: S311
    members = people(random, TODAY)
    return members, tickets(random, members, TODAY - timedelta(days=400), datetime(2026, 11, 21, 21, 30, tzinfo=ZONE))


def test_the_same_seed_makes_the_same_chain() -> None:
    assert history() == history()


def test_members_are_people_with_phones_of_their_own() -> None:
    members, _ = history()
    assert len({normalise_phone(m.phone) for m in members}) == len({m.external_id for m in members}) == MEMBERS
    assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,3}", m.name) for m in members)
    assert all(m.joined_on <= TODAY for m in members)


def test_tickets_are_what_a_till_would_send() -> None:
    members, sold = history()
    joined = {m.phone: m.joined_on for m in members}
    assert [t.occurred_at for t in sold] == sorted(t.occurred_at for t in sold)
    assert len({t.external_id for t in sold}) == len(sold) > 1000
    assert all(t.amount > 0 and 9 <= t.occurred_at.hour < 21 for t in sold)
    assert all(t.buyer is None or joined[t.buyer] <= t.occurred_at.date() for t in sold)
    by_buyer = Counter(t.buyer for t in sold)
    assert by_buyer[None] > 100
    assert len(by_buyer) > MEMBERS // 2


def test_what_a_start_has_kept_the_next_one_finds(tmp_path: Path) -> None:
    assert load(tmp_path) is None
    state = DemoState.fresh("青禾", "demo@example.com", TODAY)
    save(tmp_path, state)
    assert load(tmp_path) == state
    assert (tmp_path / "demo.json").stat().st_mode & 0o777 == 0o600
    (tmp_path / "demo.json").write_text("{}")
    with pytest.raises(LocalServiceError, match=r"demo\.json is damaged"):
        load(tmp_path)


def test_no_demo_chain_in_somebody_elses_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert wanted()
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/x")
    assert not wanted()


class Up:
    """`regulars up` in a process of its own, until a line of its output is there."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.with_name(f"{self.port}.out")
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        kept = {name: value for name, value in kept.items() if name not in {"SECRET_KEYS", "ENVIRONMENT"}}
        command = [sys.executable, "-m", "saas.cli", "up", "--port", str(self.port), "--data-dir", folder, *more]
        with self.log.open("wb") as output:
            self.process = spawn(
                command,
                death_signal=signal.SIGTERM,
                environment=kept | {"PYTHONPATH": str(ROOT), "LC_ALL": "C"},
                folder=ROOT,
                output=output,
            )

    def said(self, pattern: str, seconds: float = FIRST_START) -> re.Match[str]:
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.log.read_text())) is None:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return found

    def stop(self) -> None:
        """As Ctrl-C does. Nothing of it may be left."""
        ours = session_members(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0
        assert not [pid for pid in ours if Path(f"/proc/{pid}").exists()]


def session_members(parent: int) -> list[int]:
    """All processes below `parent`."""
    table = subprocess.run(["ps", "-eo", "pid,ppid"], capture_output=True, text=True, check=True)  # noqa: S607
    below = {parent}
    for line in sorted(table.stdout.splitlines()[1:], key=lambda line: int(line.split()[0])):
        pid, ppid = map(int, line.split())
        if ppid in below:
            below.add(pid)
    return sorted(below - {parent})


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("demo") / "var"
    yield path
    home = path / "postgres"
    if home.is_symlink():  # outside pytest's folder, which is closed to PostgreSQL's user
        shutil.rmtree(home.resolve())


def ask(url: str, key: str) -> Any:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.load(answer)


def test_up_makes_a_chain_once_and_prints_how_to_get_in(folder: Path) -> None:
    up = Up(folder)
    try:
        key = up.said(r"API key +(\S+)")[1]
        password = up.said(r"password +(\S+)")[1]
        tiers = {
            code: len(ask(f"{up.url}/v1/members?tier={code}&limit=200", key)["data"])
            for code in ("regular", "silver", "gold", "diamond")
        }
        assert sum(tiers.values()) == MEMBERS
        assert all(tiers.values()), tiers
        log_in_page = urllib.request.urlopen(f"{up.url}/login", timeout=10)  # noqa: S310
        assert log_in_page.status == 200
        log_in_page.close()
    finally:
        up.stop()

    again = Up(folder)
    try:
        started = time.monotonic()
        assert again.said(r"API key +(\S+)", SECOND_START)[1] == key
        assert again.said(r"password +(\S+)")[1] == password
        assert time.monotonic() - started < SECOND_START
        assert len(ask(f"{again.url}/v1/members?limit=200", key)["data"]) == 200
        assert len(ask(f"{again.url}/v1/branches", key)["data"]) == 3
    finally:
        again.stop()


def test_up_without_a_demo_says_how_to_sign_up(folder: Path) -> None:
    up = Up(folder, "--no-demo")
    try:
        up.said(r"POST http://127\.0\.0\.1:\d+/v1/signup")
    finally:
        up.stop()
    assert not (folder / "demo.json").exists()
