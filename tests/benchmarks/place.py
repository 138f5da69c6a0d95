"""Where the benchmarks run: an embedded PostgreSQL with the durability of production, a Valkey, our schema."""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg

from saas.local.postgres import EmbeddedPostgres
from saas.local.process import end, open_log, spawn
from saas.local.provision import DATABASE, provision
from saas.local.valkey import EmbeddedValkey

_ROLES: Final = ("gate", "relay", "operator")


@dataclass(frozen=True)
class Place:
    """Running servers. `environ` is what our processes need; this process has it too."""

    postgres: EmbeddedPostgres
    folder: Path
    environ: dict[str, str]

    @contextmanager
    def program(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """One of our own commands (`serve`, `worker`, …) as long as this lasts; its output goes to a log."""
        environment = {**os.environ, **self.environ}
        with open_log(self.folder / "logs" / f"{arguments[0]}.log") as output:
            command = [sys.executable, "-m", "saas.cli", *arguments]
            process = spawn(
                command, death_signal=signal.SIGTERM, environment=environment, folder=Path.cwd(), output=output
            )
        try:
            yield process
        finally:
            end(process, (signal.SIGTERM, 15.0))


@contextmanager
def servers() -> Iterator[Place]:
    """Starts both from the main thread, migrates, and removes everything at the end, also at SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = Path(tempfile.mkdtemp(prefix="regulars-bench-"))
    folder.chmod(0o711)  # PostgreSQL runs as somebody else where we are root
    postgres, valkey = EmbeddedPostgres(folder), EmbeddedValkey(folder)
    try:
        postgres.start()
        valkey.start()
        environ = _environment(postgres, valkey, folder)
        os.environ.update(environ)
        asyncio.run(provision(postgres))
        asyncio.run(_migrate())
        yield Place(postgres, folder, environ)
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(folder)


def _environment(postgres: EmbeddedPostgres, valkey: EmbeddedValkey, folder: Path) -> dict[str, str]:
    return {
        **{f"{role.upper()}_DATABASE_URL": postgres.dsn(role, DATABASE) for role in _ROLES},
        "ENVIRONMENT": "local",
        "DATABASE_URL": postgres.dsn("app", DATABASE),
        "MIGRATOR_DATABASE_URL": postgres.dsn(database=DATABASE),
        "REDIS_URL": valkey.url,
        "SECRET_KEYS": secrets.token_urlsafe(32),
        "FILE_STORE": str(folder / "files"),
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "WARNING",
        "RATE_LIMITS": "no",
    }


async def _migrate() -> None:
    from saas.migrate import migrate

    await migrate()


@asynccontextmanager
async def as_owner() -> AsyncIterator[Any]:
    """A connection past row level security that doesn't check foreign keys: for making data, nothing else."""
    connection = await asyncpg.connect(
        os.environ["MIGRATOR_DATABASE_URL"],
        server_settings={
            "session_replication_role": "replica",
            "jit": "off",
            "maintenance_work_mem": "1GB",
            "work_mem": "256MB",
        },
        command_timeout=3600,
    )
    try:
        yield connection
    finally:
        await connection.close()


class Work:
    """CPU seconds that the database's sessions of the role app spent; other people's load doesn't count here."""

    def __init__(self) -> None:
        self._before: dict[int, float] = {}

    async def begin(self, owner: Any) -> None:
        self._before = await _cpu_of_sessions(owner)

    async def spent(self, owner: Any) -> float:
        """Since `begin`, of the sessions that are still there."""
        now = await _cpu_of_sessions(owner)
        return sum(seconds - self._before.get(pid, 0.0) for pid, seconds in now.items())


async def _cpu_of_sessions(owner: Any) -> dict[int, float]:
    rows = await owner.fetch("SELECT pid FROM pg_stat_activity WHERE usename = 'app'")
    return {row["pid"]: _cpu_of(row["pid"]) for row in rows}


def _cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # gone since
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def pools() -> AsyncIterator[None]:
    """The product's own pools and jobs in this process."""
    from saas.db import close_pools, open_pool
    from saas.worker import load_jobs

    load_jobs()
    await open_pool()
    try:
        yield
    finally:
        await close_pools()
