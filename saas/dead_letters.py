"""Dead letters: outbox rows whose last attempt failed. For operators, across tenants, on the command line."""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.db import role_pool

log = logging.getLogger(__name__)

_CHOSEN: Final = (
    "dead_at IS NOT NULL AND ($1::uuid IS NULL OR tenant_id = $1)"
    " AND ($2::text IS NULL OR name = $2) AND ($3::uuid IS NULL OR id = $3)"
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter. `error` is the last attempt's, without secrets."""

    tenant_id: UUID
    id: UUID
    name: str
    payload: dict[str, Any]
    request_id: str | None
    attempts: int
    error: str
    created_at: datetime
    dead_at: datetime


async def list_dead(
    *, tenant_id: UUID | None = None, name: str | None = None, job_id: UUID | None = None, limit: int = 50
) -> list[DeadLetter]:
    """The newest dead letters, of one tenant or name where given."""
    pool = await role_pool("operator")
    rows = await pool.fetch(
        "SELECT tenant_id, id, name, payload, request_id, attempts, coalesce(last_error, '') AS error,"
        f" created_at, dead_at FROM outbox WHERE {_CHOSEN} ORDER BY dead_at DESC, id LIMIT $4",
        tenant_id,
        name,
        job_id,
        limit,
    )
    return [DeadLetter(**row) for row in rows]


async def retry(*, tenant_id: UUID | None = None, name: str | None = None, job_id: UUID | None = None) -> int:
    """Gives the chosen dead letters all their attempts again, at once; without a choice, all. Returns how
    many.
    """
    pool = await role_pool("operator")
    rows = await pool.fetch(
        "UPDATE outbox SET dead_at = NULL, attempts = 0, sends = 0, starts = 0, next_at = clock_timestamp()"
        f" WHERE {_CHOSEN} RETURNING id",
        tenant_id,
        name,
        job_id,
    )
    log.info("dead letters sent again: %d", len(rows))
    return len(rows)


async def drop(*, tenant_id: UUID | None = None, name: str | None = None, job_id: UUID | None = None) -> int:
    """Deletes the chosen dead letters. Returns how many. Raises ValueError without a choice."""
    if tenant_id is None and name is None and job_id is None:
        raise ValueError("name the dead letters to drop")
    pool = await role_pool("operator")
    rows = await pool.fetch(f"DELETE FROM outbox WHERE {_CHOSEN} RETURNING id", tenant_id, name, job_id)
    log.info("dead letters dropped: %d", len(rows))
    return len(rows)
