"""Purchases as they were recorded."""

from typing import Any
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.purchases.record import Recorded, recorded

COLUMNS = (
    "id, member_id, branch_id, external_id, occurred_at, recorded_at, local_day, amount, lines, tenders, category,"
    " sold_by, source"
)


async def purchases_of(member_id: UUID, limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """A member's purchases, the last recorded first, one more than `limit` where there are more."""
    return await connection().fetch(
        f"SELECT {COLUMNS} FROM purchase WHERE tenant_id = $1 AND member_id = $2 AND ($3::uuid IS NULL OR id < $3)"
        " ORDER BY id DESC LIMIT $4",
        current().tenant_id,
        member_id,
        before,
        limit + 1,
    )


async def purchase(purchase_id: UUID) -> Recorded:
    """One purchase with the tiers that it decided. Raises DomainError `not-found`."""
    row = await connection().fetchrow(
        f"SELECT {COLUMNS}, seq FROM purchase WHERE tenant_id = $1 AND id = $2", current().tenant_id, purchase_id
    )
    if row is None:
        raise DomainError("not-found")
    return await recorded(row, first=False)


def purchase_out(row: asyncpg.Record) -> dict[str, Any]:
    return dict(row)
