"""Refunds as they were recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current

# `refunded` is what was given back of the purchase up to this refund: an answer stays the same for ever. The ids of
# one purchase's refunds are in the order of their recording.
_COLUMNS: Final = """
r.id, r.purchase_id, r.member_id, r.branch_id, r.external_id, r.recorded_at, r.amount, r.lines, r.tenders, r.reason,
(SELECT -e.points FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = 'reverse' AND e.source_id = r.id) AS reversed,
(SELECT e.points FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = 'return' AND e.source_id = r.id) AS returned,
p.amount AS whole, (SELECT sum(e.amount)::bigint FROM refund e
                     WHERE e.tenant_id = $1 AND e.purchase_id = r.purchase_id AND e.id <= r.id) AS refunded"""
_PURCHASE: Final = "JOIN purchase p ON p.tenant_id = r.tenant_id AND p.id = r.purchase_id"


@dataclass(frozen=True, slots=True)
class Refunded:
    """One refund. `lines` is (index, amount) of each line that it gives back of; None where the purchase has none.

    `tenders`: what went back of each way that it was paid; None where the till named none. `points_reversed`: earned
    with it, and taken back; `points_returned`: that had paid for it, and came back.
    `refunded` and `left` are the purchase's, this refund included. Money in minor units.
    """

    id: UUID
    purchase_id: UUID
    member_id: UUID | None
    branch_id: UUID
    external_id: str
    recorded_at: datetime
    amount: int
    lines: Sequence[tuple[int, int]] | None
    tenders: Sequence[Mapping[str, Any]] | None
    points_reversed: int
    points_returned: int
    reason: str | None
    refunded: int
    left: int

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Self:
        return cls(
            row["id"],
            row["purchase_id"],
            row["member_id"],
            row["branch_id"],
            row["external_id"],
            row["recorded_at"],
            row["amount"],
            None if row["lines"] is None else [(line, amount) for line, amount in row["lines"]],
            row["tenders"],
            row["reversed"] or 0,
            row["returned"] or 0,
            row["reason"],
            row["refunded"],
            row["whole"] - row["refunded"],
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """A refund that has a number already, and what was sent for it."""

    refund: Refunded
    fingerprint: bytes


async def by_external_id(branch_id: UUID, external_id: str) -> Earlier | None:
    """The refund with the till's own number, unique per branch."""
    row = await connection().fetchrow(
        f"SELECT x.fingerprint, {_COLUMNS} FROM refund_external x"
        f" JOIN refund r ON r.tenant_id = x.tenant_id AND r.id = x.refund_id {_PURCHASE}"
        " WHERE x.tenant_id = $1 AND x.branch_id = $2 AND x.external_id = $3",
        current().tenant_id,
        branch_id,
        external_id,
    )
    return None if row is None else Earlier(Refunded.from_row(row), row["fingerprint"])


async def refund_made(refund_id: UUID) -> Refunded:
    """A refund that was just written."""
    row = await connection().fetchrow(
        f"SELECT {_COLUMNS} FROM refund r {_PURCHASE} WHERE r.tenant_id = $1 AND r.id = $2",
        current().tenant_id,
        refund_id,
    )
    if row is None:
        raise DomainError("internal")
    return Refunded.from_row(row)


async def refunds_of(purchase_id: UUID, limit: int, before: UUID | None) -> list[Refunded]:
    """A purchase's refunds, the last recorded first, one more than `limit` where there are more.

    Raises DomainError `not-found` where there is no such purchase.
    """
    tenant_id = current().tenant_id
    rows = await connection().fetch(
        f"SELECT {_COLUMNS} FROM refund r {_PURCHASE} WHERE r.tenant_id = $1 AND r.purchase_id = $2"
        " AND ($3::uuid IS NULL OR r.id < $3) ORDER BY r.id DESC LIMIT $4",
        tenant_id,
        purchase_id,
        before,
        limit + 1,
    )
    if not rows:
        known = "SELECT 1 FROM purchase WHERE tenant_id = $1 AND id = $2"
        if await connection().fetchval(known, tenant_id, purchase_id) is None:
            raise DomainError("not-found")
    return [Refunded.from_row(row) for row in rows]
