"""An installation of its own, made of real processes that a test may kill: servers, API, worker, relay.

Its PostgreSQL keeps its promises (fsync is on). Everything dies with the test's process.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from support.chains import Servers, environment

from saas.local.process import end, free_port, spawn
from saas.local.provision import provision

ROOT = Path(__file__).parents[2]


class CrashSite:
    """`api`, `worker` and `relay` are running processes or None; `kill` is SIGKILL, at once."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers, self.folder = servers, folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment: dict[str, str] = {}
        self.clients: list[httpx.AsyncClient] = []

    async def prepare(self) -> None:
        """Roles, database and schema."""
        self.environment = {
            **environment(self.servers, self.folder / "files"),
            "PATH": os.defpath,
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }
        await provision(self.servers.postgres)
        self.start("migrate")
        assert await asyncio.to_thread(self.processes.pop("migrate").wait, 60) == 0, self.log("migrate")

    def start(self, what: str) -> None:
        """Starts `regulars <what>`: api, worker, relay, migrate."""
        serve = ["serve", "--port", str(self.port)]
        command = [sys.executable, "-m", "saas.cli", *(serve if what == "api" else [what])]
        with (self.folder / f"{what}.log").open("ab") as log:
            self.processes[what] = spawn(
                command, death_signal=signal.SIGKILL, environment=self.environment, folder=ROOT, output=log
            )

    def log(self, what: str) -> str:
        return (self.folder / f"{what}.log").read_text(errors="replace")[-4000:]

    def kill(self, what: str) -> None:
        """`kill -9` of a process and of those that it started itself."""
        process = self.processes.pop(what)
        children = _children(process.pid)
        process.kill()
        process.wait()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    async def stop(self) -> None:
        for http in self.clients:
            await http.aclose()
        for what in list(self.processes):
            process = self.processes.pop(what)
            end(process, (signal.SIGTERM, 8.0))

    async def serving(self) -> None:
        """The API, started where it isn't running, answers that it can serve."""
        if "api" not in self.processes:
            self.start("api")
        async with httpx.AsyncClient() as http:
            async with asyncio.timeout(30):
                while True:
                    try:
                        if (await http.get(f"{self.url}/readyz", timeout=2)).status_code == 200:
                            return
                    except httpx.HTTPError:
                        pass
                    await asyncio.sleep(0.05)

    async def sql(self, statement: str, *values: Any) -> list[asyncpg.Record]:
        """As superuser, on a connection of its own: those kept would die with the server."""
        conn = await asyncpg.connect(self.servers.postgres.dsn(database="regulars"))
        try:
            return list(await conn.fetch(statement, *values))
        finally:
            await conn.close()

    async def hurry(self, tenant_id: UUID) -> None:
        """Not to wait 30 s a blow: the leases of what the dead had taken run out at once."""
        await self.sql("UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1", tenant_id)

    async def sign_up(self) -> tuple[UUID, httpx.AsyncClient, str]:
        """A new chain: its id, a client with its key, its branch."""
        body = {
            "company": "青禾连锁",
            "template": "general",
            "email": f"{os.urandom(8).hex()}@example.com",
            "password": "correct horse battery",
            "locale": "zh-CN",
            "timezone": "Asia/Shanghai",
            "currency": "CNY",
        }
        async with httpx.AsyncClient(base_url=self.url) as http:
            made = (await http.post("/v1/signup", json=body)).json()
        http = httpx.AsyncClient(
            base_url=self.url, headers={"Authorization": f"Bearer {made['api_key']['key']}"}, timeout=10
        )
        self.clients.append(http)
        branches = (await http.get("/v1/branches")).json()["data"]
        return UUID(made["tenant"]["id"]), http, branches[0]["id"]


def _children(pid: int) -> list[int]:
    """The processes that one has started, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found


async def until(condition: Callable[[], Awaitable[bool]], seconds: float, told: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"it didn't happen in time {told()}"
        await asyncio.sleep(0.02)
