"""How many tasks a branch has, for the head of its list."""

from datetime import date
from typing import Final
from uuid import UUID

from saas.scope import connection, current
from tenants.tasks.listing import Where, restrict

MOST: Final = 1_000
"""So many are counted; more is more."""


async def waiting(branch_id: UUID | str | None, today: date) -> tuple[int, int]:
    """How many are to be done, and how many of them are late; each up to `MOST` + 1. Raises as
    `tenants.tasks.listing.restrict`.
    """
    where = Where([current().tenant_id])
    where.add("t.state = 'open'")
    where.add("(t.postponed_until > {}) IS NOT TRUE", today)
    await restrict(where, branch_id)
    sql = f"SELECT t.due_on FROM task t WHERE {where.sql()} ORDER BY t.due_on, -t.value, t.id LIMIT {MOST + 1}"
    rows = await connection().fetch(sql, *where.values)
    return len(rows), sum(row["due_on"] < today for row in rows)


async def ended_by_me(today: date) -> int:
    """How many whoever asks has done or skipped today."""
    sql = (
        "SELECT count(*) FROM task t WHERE t.tenant_id = $1 AND t.acted_by = $2 AND t.state IN ('done', 'skipped')"
        " AND t.ended_on = $3"
    )
    found: int = await connection().fetchval(sql, current().tenant_id, current().principal.actor, today)
    return found
