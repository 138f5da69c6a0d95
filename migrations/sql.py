"""Runs a migration's SQL file inside the migration's own transaction.

Piccolo's ``raw`` and ``run_ddl`` refuse several statements and eat ``{}``, so the file goes to the
transaction's connection as it is (PostgreSQL's simple protocol).
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from piccolo.engine import engine_finder


def sql_file(migration: str, name: str) -> Callable[[], Awaitable[None]]:
    """A coroutine function that runs the SQL file `name` which lies beside `migration` (its ``__file__``)."""
    path = Path(migration).with_name(name)

    async def run() -> None:
        engine: Any = engine_finder()
        transaction = engine.current_transaction.get()
        if transaction is None:
            raise RuntimeError("a migration's SQL runs inside its transaction only")
        await transaction.connection.execute(path.read_text(encoding="utf-8"))

    return run
