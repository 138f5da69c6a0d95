"""Whether isolation was proved by attack lately, and whether anything leaked."""

from typing import Any, Final

import asyncpg

from saas.doctor.finding import Finding, doubtful, ok, wrong
from saas.settings import get_settings

_LAST: Final = """
SELECT p.state, p.leaks, p.tries, p.error, p.finished_at, p.found ->> 0 AS first,
       p.started_at < clock_timestamp() - $1 * interval '1 day' AS late
  FROM platform.isolation_proof p WHERE p.state <> 'running' ORDER BY p.id DESC LIMIT 1"""
_ABOUT: Final = "attacks on isolation"
_LATE: Final = 2
"""So many times the days between two runs."""


async def examine(connection: Any) -> list[Finding]:
    """A leak is wrong: one chain got at another."""
    days = get_settings().isolation_proof_days
    try:
        row = await connection.fetchrow(_LAST, days * _LATE)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return []  # said already: the schema is missing, or behind
    if row is None:
        said = "no attack on isolation has been tried yet"
        return [ok(_ABOUT, said) if days else doubtful(_ABOUT, said, "run: regulars prove isolation")]
    return [_said(row, late=bool(days and row["late"]))]


def _said(row: Any, *, late: bool) -> Finding:
    if row["leaks"]:
        said = f"{row['leaks']} LEAKS BETWEEN CHAINS on {row['finished_at']:%Y-%m-%d}, the first: {row['first']}"
        return wrong(_ABOUT, said, "run: regulars prove isolation; docs/isolation.md says what to do")
    if row["state"] == "failed":
        return doubtful(_ABOUT, f"the last attack stopped: {row['error']}", "run: regulars prove isolation")
    if late:
        return doubtful(_ABOUT, f"last attacked on {row['finished_at']:%Y-%m-%d}", "see that a scheduler runs")
    return ok(_ABOUT, f"attacked on {row['finished_at']:%Y-%m-%d}: {row['tries']:,} tries, no leak")
