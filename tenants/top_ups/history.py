"""Top-ups and refunds of principal as they were recorded, and the first answers to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.tiers.evaluate import Change
from tenants.tiers.history import changes_of_fact

_AFTER: Final = """
  LEFT JOIN LATERAL (SELECT e.principal_after AS principal, e.bonus_after AS bonus FROM wallet_entry e
                      WHERE e.tenant_id = f.tenant_id AND e.source_id = f.id
                        AND e.kind IN ({kinds}) ORDER BY e.id DESC LIMIT 1) w ON true"""
_TOP_UP: Final = f"""
SELECT f.*, x.fingerprint, w.principal, w.bonus AS bonus_after,
       (SELECT u.recorded_at FROM top_up_undone u WHERE u.tenant_id = $1 AND u.top_up_id = f.id) AS undone_at,
       coalesce((SELECT p.points FROM points_entry p WHERE p.tenant_id = $1 AND p.kind = 'top_up'
                                                       AND p.source_id = f.id), 0) AS points_earned
  FROM top_up f
  LEFT JOIN top_up_external x ON x.tenant_id = f.tenant_id AND x.top_up_id = f.id
{_AFTER.format(kinds="'top_up', 'top_up_bonus'")}
 WHERE f.tenant_id = $1 AND """
_REFUND: Final = f"""
SELECT f.*, w.principal, w.bonus AS bonus_after,
       -coalesce((SELECT sum(p.points) FROM points_entry p
                   WHERE p.tenant_id = $1 AND p.kind = 'top_up_reverse'
                     AND p.source_id IN (SELECT (l.j ->> 4)::uuid FROM jsonb_array_elements(f.lots) AS l (j))
                 ), 0)::bigint AS points_reversed
  FROM wallet_refund f
{_AFTER.format(kinds="'refund', 'refund_deduction', 'refund_bonus'")}
 WHERE f.tenant_id = $1 AND """


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """The answer to a top-up. `principal` and `bonus_after` are the wallet's behind it; `changes` has every ladder's
    tier before and after. `first` is false where the same had been recorded before: this is its first answer.
    """

    id: UUID
    member_id: UUID
    branch_id: UUID
    external_id: str
    amount: int
    bonus: int
    gift: Any
    tenders: Any
    sold_by: str | None
    occurred_at: datetime
    recorded_at: datetime
    principal: int
    bonus_after: int
    points_earned: int
    changes: list[Change]
    first: bool
    undone_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundedPart:
    """What one lot gave; `bonus_voided` and `deducted` as in `tenants.wallet.lots.PaidBack`."""

    lot_id: UUID
    amount: int
    bonus_voided: int
    deducted: int


@dataclass(frozen=True, slots=True)
class WalletRefunded:
    """The answer to a refund of principal: `amount` left the wallet, `paid_out` the till; `principal` and
    `bonus_after` are the wallet's behind it.
    """

    id: UUID
    member_id: UUID
    branch_id: UUID
    external_id: str
    amount: int
    bonus_voided: int
    deducted: int
    paid_out: int
    cooling_off: bool
    tender: str | None
    parts: tuple[RefundedPart, ...]
    reason: str | None
    sold_by: str | None
    recorded_at: datetime
    principal: int
    bonus_after: int
    points_reversed: int
    first: bool


async def top_up_by_number(external_id: str) -> asyncpg.Record | None:
    """The top-up that has the caller's number, with its `fingerprint`."""
    sql = f"{_TOP_UP} x.external_id = $2"
    return await connection().fetchrow(sql, current().tenant_id, external_id)


async def top_up(top_up_id: UUID) -> ToppedUp:
    """One top-up with the tiers that it decided. Raises DomainError `not-found`."""
    row = await connection().fetchrow(f"{_TOP_UP} f.id = $2", current().tenant_id, top_up_id)
    if row is None:
        raise DomainError("not-found")
    return await topped_up(row)


async def topped_up(row: asyncpg.Record) -> ToppedUp:
    """A stored top-up as its answer."""
    changes = await changes_of_fact(
        row["member_id"], row["seq"], row["id"], row["programme_version"], row["recorded_at"]
    )
    return ToppedUp(
        row["id"],
        row["member_id"],
        row["branch_id"],
        row["external_id"],
        row["amount"],
        row["bonus"],
        row["gift"],
        row["tenders"],
        row["sold_by"],
        row["occurred_at"],
        row["recorded_at"],
        row["principal"],
        row["bonus_after"],
        row["points_earned"],
        changes,
        first=False,
        undone_at=row["undone_at"],
    )


async def refund_by_number(external_id: str) -> asyncpg.Record | None:
    """The refund of principal that has the caller's number, with its `fingerprint`."""
    return await connection().fetchrow(f"{_REFUND} f.external_id = $2", current().tenant_id, external_id)


def refunded(row: asyncpg.Record) -> WalletRefunded:
    """A stored refund as its answer."""
    return WalletRefunded(
        row["id"],
        row["member_id"],
        row["branch_id"],
        row["external_id"],
        row["amount"],
        row["bonus_voided"],
        row["deducted"],
        row["paid_out"],
        row["cooling_off"],
        row["tender"],
        tuple(RefundedPart(UUID(lot), *amounts) for lot, *amounts, _ in row["lots"]),
        row["reason"],
        row["sold_by"],
        row["recorded_at"],
        row["principal"],
        row["bonus_after"],
        row["points_reversed"],
        first=False,
    )
