"""Brings the schema to head: Piccolo's migrations of both apps, under one advisory lock."""

import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import asyncpg

from saas.settings import get_settings

ROLES = ("migrator", "app", "gate", "relay", "operator", "eraser")
_LOCK = 7_304_117  # one migration at a time on a server; any number, but always this one


class MigrationError(RuntimeError):
    """The schema couldn't be brought to head; the text says what to do."""


async def migrate() -> None:
    """Runs what hasn't run. Two at once wait for each other. Raises MigrationError, and what PostgreSQL says."""
    os.environ["PICCOLO_CONF"] = "migrations.piccolo_conf"
    keeper = await asyncpg.connect(get_settings().migrator_url)
    try:
        await keeper.execute("SELECT pg_advisory_lock($1)", _LOCK)
        missing = set(ROLES) - {
            r["rolname"]
            for r in await keeper.fetch("SELECT rolname FROM pg_roles WHERE rolname = ANY($1::text[])", ROLES)
        }
        if missing:
            raise MigrationError(f"roles are missing: {', '.join(sorted(missing))}; run infra/roles.sql first")
        from piccolo.apps.migrations.commands.forwards import run_forwards

        with redirect_stdout(StringIO()) as said:  # a banner for each application
            result = await run_forwards("all")
        if not result.success:
            raise MigrationError(f"migration failed: {result.message}\n{said.getvalue()}")
    finally:
        await keeper.close()


def expected_migrations() -> set[str]:
    """The names of the migrations that this program was written for."""
    root = Path(__file__).parents[1] / "migrations"
    return {
        path.stem for app in ("saas", "tenants") for path in (root / app / "piccolo_migrations").glob(f"{app}_*.py")
    }
