"""The only writer of passes and their entries. What is left of a pass is the sum of its entries' uses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current

Kind = Literal["use", "undo_use", "refund"]

_SELL: Final = """
WITH p AS (
    INSERT INTO pass AS p (tenant_id, member_id, branch_id, product, uses, "left", price, valid_until, external_id,
                           fingerprint, tenders, sold_by, recorded_at, actor)
    VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (tenant_id, external_id) DO NOTHING RETURNING p.id),
e AS (
    INSERT INTO pass_entry AS e (tenant_id, id, pass_id, member_id, seq, kind, source_id, uses, left_after, amount,
                                 external_id, branch_id, recorded_at, actor)
    SELECT $1, n.id, p.id, $2, $14, 'sell', n.id, $5, $5, $6, $8, $3, $12, $13
      FROM p CROSS JOIN (SELECT uuidv7() AS id) AS n),
told AS (
    INSERT INTO event_new AS o (tenant_id, type, member_id, at, data)
    SELECT $1, 'pass.sold', $2, $12, jsonb_build_object(
           'id', p.id, 'branch_id', $3, 'product', $4, 'uses', $5, 'price', $6, 'valid_until', $7, 'external_id', $8)
      FROM p)
SELECT p.id FROM p
"""
# The pass's row is the guard: two tills can't use the same visit, nor pay the same money back.
_MOVE: Final = """
WITH p AS (
    UPDATE pass AS p SET "left" = p."left" + $3, paid_back = p.paid_back - $4
     WHERE p.tenant_id = $1 AND p.id = $2 AND p."left" + $3 BETWEEN 0 AND p.uses
    RETURNING p.id, p.member_id, p."left"),
e AS (
    INSERT INTO pass_entry AS e (tenant_id, id, pass_id, member_id, seq, kind, source_id, uses, left_after, amount,
                                 external_id, fingerprint, branch_id, tender, reason, recorded_at, actor)
    SELECT $1, n.id, p.id, p.member_id, $5, $6, coalesce($7, n.id), $3, p."left", $4, $8, $9, $10, $11, $12, $13, $14
      FROM p CROSS JOIN (SELECT uuidv7() AS id) AS n
    ON CONFLICT (tenant_id, kind, external_id) DO NOTHING RETURNING e.*),
told AS (
    INSERT INTO event_new AS o (tenant_id, type, member_id, at, data)
    SELECT $1, CASE e.kind WHEN 'use' THEN 'pass.used' WHEN 'refund' THEN 'pass.refunded' ELSE 'pass.use_undone' END,
           e.member_id, e.recorded_at, jsonb_build_object(
           'id', e.id, 'pass_id', e.pass_id, 'branch_id', e.branch_id, 'uses', e.uses, 'left', e.left_after,
           'amount', e.amount, 'external_id', e.external_id)
      FROM e)
SELECT e.* FROM p LEFT JOIN e ON true
"""
MOVE_TO: Final = "UPDATE pass AS p SET member_id = $2 WHERE p.tenant_id = $1 AND p.member_id = $3"
"""What a merge does: `$2` the survivor, `$3` the other. Entries stay with the record they were made for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement. `uses` is what it adds to those left (a use's is negative), `amount` the money that came in (a
    refund's is negative), `source_id` None: its own id.
    """

    pass_id: UUID
    seq: int
    kind: Kind
    uses: int
    branch_id: UUID
    recorded_at: datetime
    amount: int = 0
    source_id: UUID | None = None
    external_id: str | None = None
    fingerprint: bytes | None = None
    tender: str | None = None
    reason: str | None = None


async def sell(values: dict[str, Any]) -> UUID | None:
    """Writes a pass and its first entry; `values` are its columns and `seq`. None where its number is taken."""
    made: UUID | None = await connection().fetchval(
        _SELL,
        current().tenant_id,
        values["member_id"],
        values["branch_id"],
        values["product"],
        values["uses"],
        values["price"],
        values["valid_until"],
        values["external_id"],
        values["fingerprint"],
        values["tenders"],
        values["sold_by"],
        values["recorded_at"],
        current().principal.actor,
        values["seq"],
    )
    return made


async def move(entry: Entry) -> asyncpg.Record | None:
    """Writes a movement and returns its row. None where the pass hasn't so many uses left.

    Raises DomainError `external-id-conflict` where another member's pass took the number while we worked.
    """
    row = await connection().fetchrow(
        _MOVE,
        current().tenant_id,
        entry.pass_id,
        entry.uses,
        entry.amount,
        entry.seq,
        entry.kind,
        entry.source_id,
        entry.external_id,
        entry.fingerprint,
        entry.branch_id,
        entry.tender,
        entry.reason,
        entry.recorded_at,
        current().principal.actor,
    )
    if row is not None and row["id"] is None:
        raise DomainError("external-id-conflict", params={"external_id": entry.external_id})
    return row
