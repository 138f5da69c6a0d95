"""`regulars up` as a newcomer meets it: the demo chains, made once, usable while they fill."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from industry_templates import loader
from saas.demo.chain import hooks, open_chains
from saas.demo.days import Day, days
from saas.demo.industries import INDUSTRIES
from saas.demo.industry import ZONE
from saas.local.process import free_port, spawn
from saas.local.supervisor import Running

ROOT = Path(__file__).parents[2]
WHOLE = bool(os.environ.get("DEMO_WHOLE"))
DAYS = 730 if WHOLE else 240
"""Of history; `DEMO_WHOLE=1` for the two years that a newcomer gets."""
FIRST_START, FILLED = 120, 400
"""Seconds. The history is promised in 90, on a machine that does nothing else; here other tests run beside."""
LARGE = 1200
TESTS_OWN = {"SECRET_KEYS", "ENVIRONMENT", "RATE_LIMITS", "WEBHOOK_PRIVATE_TARGETS"}
"""Settings of the other tests' servers."""
SPECIAL = ("MISTAKE-", "COUPON-")
"""What happens once at each chain, on the last day."""


class Up:
    """`regulars up` in a process of its own, until a line of its output is there."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.with_name(f"{self.port}.out")
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        kept = {name: value for name, value in kept.items() if name not in TESTS_OWN}
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "saas.cli",
            "up",
            "--port",
            str(self.port),
            "--data-dir",
            folder,
            *more,
        ]
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
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        return json.load(answer)


def every(url: str, key: str) -> Iterator[dict[str, Any]]:
    """All rows of a list."""
    cursor = ""
    while cursor is not None:
        page = ask(f"{url}?limit=200{cursor and f'&cursor={cursor}'}", key)
        yield from page["data"]
        cursor = page["next_cursor"]


def all_keys(up: Up) -> list[str]:
    """As printed."""
    return re.findall(r"\w+ +API key +(\S+)", up.log.read_text())


def keys(up: Up) -> dict[str, str]:
    """Each chain's key, by its template."""
    up.said(r"courier +API key +\S+")
    return dict(re.findall(r"(\w+) +API key +(\S+)", up.log.read_text()))


def chains_at_the_door(up: Up) -> str:
    """What who logs in as it was printed sees: the choice of chains."""
    email, password = up.said(r"e-mail (\S+), password (\S+)").groups()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(f"{up.url}/login", timeout=20) as page:
        token = re.search(r'name="_form" value="([^"]+)"', page.read().decode())
    assert token is not None
    form = urllib.parse.urlencode({"_form": token[1], "email": email, "password": password}).encode()
    request = urllib.request.Request(f"{up.url}/login", form, {"Origin": up.url})  # noqa: S310
    with browser.open(request, timeout=20) as page:
        found: str = page.read().decode()
    return found


def populated(url: str, key: str) -> set[tuple[str, str]]:
    """The tiers, by ladder and code, that some member holds."""
    return {
        (ladder, tier["code"]) for member in every(f"{url}/v1/members", key) for ladder, tier in member["tiers"].items()
    }


class Books:
    """A chain's tables, past row security: asking for some thousand pages of lists takes longer than filling them."""

    def __init__(self, connection: Any, tenant_id: UUID) -> None:
        self._connection, self._tenant_id = connection, tenant_id

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """`$1` is the chain."""
        return [tuple(row) for row in await self._connection.fetch(statement, self._tenant_id)]

    async def size(self) -> tuple[int, ...]:
        """How many members, purchases and decisions."""
        tables = ("member", "purchase", "decision")
        counts = ", ".join(f"(SELECT count(*) FROM {table} WHERE tenant_id = $1)" for table in tables)
        return (await self.rows(f"SELECT {counts}"))[0]

    async def count(self, kinds: str) -> Counter[str]:
        """Of a statement that says kinds."""
        return Counter(kind for (kind,) in await self.rows(kinds))


async def check_chain(up: Up, code: str, key: str, until: datetime, books: Books) -> None:
    """Nothing is missing, nothing is there twice, every tier that can be reached has members, and it is today."""
    industry = replace(INDUSTRIES[code], days=DAYS)
    made = days(industry, until, industry.members)
    members = list(every(f"{up.url}/v1/members", key))
    assert len(members) == industry.members
    bought = await books.rows("SELECT external_id, id FROM purchase WHERE tenant_id = $1 AND member_id IS NOT NULL")
    specials = {
        number.partition("-")[0]: ask(f"{up.url}/v1/purchases/{one}", key)
        for number, one in bought
        if number.startswith(SPECIAL)
    }
    assert len(bought) - 2 == sum(ticket.buyer is not None for day in made.values() for ticket in day.tickets)
    assert specials["MISTAKE"]["undone_at"] is not None
    assert [one["type"] for one in specials["COUPON"]["discounts"]][-1] == "coupon"
    assert len(ask(f"{up.url}/v1/branches", key)["data"]) == len(industry.branches)
    ladders = loader.get(code).programme.ladders
    tiers = {(ladder.code, tier.code) for ladder in ladders for tier in ladder.tiers}
    assert populated(up.url, key) == tiers
    await check_value(up, code, key, books, made)
    today = ask(f"{up.url}/v1/members/{members[0]['id']}/tier", key)["as_of"]
    assert abs((datetime.fromisoformat(today) - datetime.now().astimezone()).total_seconds()) < 60


async def check_value(up: Up, code: str, key: str, books: Books, made: dict[date, Day]) -> None:
    """The chain lives with what its template is about."""
    entries = await books.count("SELECT kind FROM points_entry WHERE tenant_id = $1")
    assert entries["earn"] > 100
    assert entries["redeem"] > 5
    assert entries["reverse"] > 0
    campaigns = {one["code"] for one in ask(f"{up.url}/v1/campaigns?state=running", key)["data"]}
    assert campaigns >= {"member-day", "welcome-gift"}
    coupons = await books.rows("SELECT code, state FROM coupon_grant WHERE tenant_id = $1 AND member_id IS NOT NULL")
    assert {coupon for coupon, state in coupons if state == "used"} == {"come-back"}
    assert (await books.count("SELECT state FROM card WHERE tenant_id = $1"))["replaced"] == 1
    if code == "tea":
        today = datetime.now(ZONE).date()
        settled = ask(f"{up.url}/v1/reports/settlement?from={today - timedelta(days=300)}&to={today}", key)
        assert any(pair["principal"] > 0 for pair in settled["pairs"])
        assert (entries["reward"] > 0) == any(day.claims for day in made.values())
    if code == "gym":
        assert await books.rows('SELECT id FROM pass WHERE tenant_id = $1 AND "left" < uses')
        assert await books.rows("SELECT id FROM allowance_use WHERE tenant_id = $1 AND uses = 1")
    if code == "courier":
        assert any(coupon.startswith("welcome-") for coupon, _ in coupons)


def environment(folder: Path) -> dict[str, str]:
    """As the operator's guide says to take it."""
    lines = (folder / "environment").read_text().splitlines()
    return dict(shlex.split(line)[0].split("=", 1) for line in lines)


@asynccontextmanager
async def superuser(folder: Path) -> AsyncIterator[Any]:
    """Of a running installation."""
    connection = await asyncpg.connect(environment(folder)["MIGRATOR_DATABASE_URL"])
    try:
        yield connection
    finally:
        await connection.close()


def proved(folder: Path) -> str:
    """What `regulars verify` says of a running installation, run as the operator's guide says."""
    command = f"set -a; . {folder}/environment; exec {sys.executable} -m saas.cli verify"
    run = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


async def hooked_again(up: Up, folder: Path) -> list[str]:
    """What a further start of `up --demo-members LARGE` does once its processes run, and what it says."""
    said: list[str] = []
    running = Running(up.url, folder, environment(folder), said.append)
    for hook in hooks(None, LARGE):
        await asyncio.to_thread(hook, running)
    return said


async def test_up_fills_four_chains_goes_on_where_it_was_stopped_and_adds_one_of_any_size(folder: Path) -> None:
    up = Up(folder, *([] if WHOLE else ["--demo-days", str(DAYS)]))
    try:
        first = keys(up)
        assert first.keys() == INDUSTRIES.keys()
        assert all(industry.company in chains_at_the_door(up) for industry in INDUSTRIES.values())
        deadline = time.monotonic() + FIRST_START
        while json.loads((folder / "demo.json").read_text())["chains"]["pharmacy"]["done"] < 60:
            assert time.monotonic() < deadline, up.log.read_text()
            await asyncio.sleep(0.1)
        assert ask(f"{up.url}/v1/members", first["pharmacy"])["data"]
    finally:
        up.stop()

    again = Up(folder, "--demo-members", str(LARGE))
    try:
        again.said("history is complete", FILLED)
        *same, large = all_keys(again)
        assert same == list(first.values())
        state = json.loads((folder / "demo.json").read_text())
        until = datetime.fromisoformat(state["until"])
        ours = [UUID(chain["tenant_id"]) for chain in state["chains"].values()]
        async with superuser(folder) as connection:
            for code, key in first.items():
                books = Books(connection, UUID(state["chains"][code]["tenant_id"]))
                await check_chain(again, code, key, until, books)
            sizes = [await Books(connection, one).size() for one in ours]
        check_large_chain(again, large)
        assert proved(folder).count(": proved (members: ") == len(ours) == len(first) + 1
        said = "\n".join(await hooked_again(again, folder))
        assert re.findall(r"API key +(\S+)", said) == all_keys(again)
        assert "history" not in said
        async with superuser(folder) as connection:
            assert [await Books(connection, one).size() for one in ours] == sizes
    finally:
        again.stop()


def check_large_chain(up: Up, key: str) -> None:
    """It has come by import, with members on every tier."""
    members = list(every(f"{up.url}/v1/members", key))
    assert len(members) == LARGE
    assert min(Counter(member["tiers"]["class"]["code"] for member in members).values()) > 5
    assert len({tier for tier in populated(up.url, key) if tier[0] == "card"}) == 4


def test_without_a_demo_it_is_said_how_to_sign_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    running = Running("http://127.0.0.1:8000", tmp_path, {}, said.append)
    for wanted in (False, None):
        monkeypatch.setenv("DATABASE_URL", "postgresql://somebody-elses/database")
        for hook in hooks(wanted):
            hook(running)
    assert len(said) == 2
    assert all("POST http://127.0.0.1:8000/v1/signup" in line for line in said)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.delenv("DATABASE_URL")
    assert open_chains in [getattr(hook, "func", None) for hook in hooks(None)]
