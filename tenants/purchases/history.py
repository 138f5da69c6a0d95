"""Purchases as they were recorded."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.purchases.credit import CREDIT, PRICING
from tenants.purchases.recorded import Recorded, recorded, value_out

_COLUMNS: Final = (
    "p.id, p.member_id, p.branch_id, p.external_id, p.occurred_at, p.recorded_at, p.local_day, p.amount, p.list_amount,"
    f" p.lines, p.tenders, {PRICING} AS pricing, p.category, p.sold_by, p.source, coalesce(r.refunded, 0) AS refunded,"
    " e.recorded_at AS undone_at"
)
_REFUNDED: Final = (
    f"{CREDIT} LEFT JOIN purchase_refunded r ON r.tenant_id = p.tenant_id AND r.purchase_id = p.id"
    " LEFT JOIN purchase_undone e ON e.tenant_id = p.tenant_id AND e.purchase_id = p.id"
)


async def purchases_of(member_ids: Sequence[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """What was bought under these ids (a member's and those merged into it), the last recorded first, one more than
    `limit` where there are more.
    """
    return await connection().fetch(
        f"SELECT {_COLUMNS} FROM unnest($2::uuid[]) AS u (id) CROSS JOIN LATERAL ("
        " SELECT * FROM purchase f WHERE f.tenant_id = $1 AND f.member_id = u.id AND ($3::uuid IS NULL OR f.id < $3)"
        f" ORDER BY f.id DESC LIMIT $4) AS p {_REFUNDED} ORDER BY p.id DESC LIMIT $4",
        current().tenant_id,
        member_ids,
        before,
        limit + 1,
    )


async def purchase(purchase_id: UUID) -> Recorded:
    """One purchase with the tiers that it decided. Raises DomainError `not-found`."""
    row = await connection().fetchrow(
        f"SELECT {_COLUMNS}, p.seq, p.programme_version FROM purchase p {_REFUNDED}"
        " WHERE p.tenant_id = $1 AND p.id = $2",
        current().tenant_id,
        purchase_id,
    )
    if row is None:
        raise DomainError("not-found")
    return await recorded(row, first=False, refunded=row["refunded"], undone_at=row["undone_at"])


def purchase_out(row: asyncpg.Record) -> dict[str, Any]:
    """One of a list; money as `value_out` says."""
    facts = dict(row)
    pricing, list_amount = facts.pop("pricing"), facts.pop("list_amount")
    return {**facts, **value_out(row["amount"], list_amount, row["lines"], row["tenders"], pricing)}
