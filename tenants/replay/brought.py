"""Whom a member brought, and what they bought: a rebuild counts a referral where the first purchase was."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current

_BOUGHT: Final = """
SELECT v.member_id AS brought_id, p.member_id, p.occurred_at, p.recorded_at, p.local_day, p.amount,
       (SELECT min(u.recorded_at) FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id) AS undone_at,
       ARRAY(SELECT r.recorded_at FROM refund r WHERE r.tenant_id = $1 AND r.purchase_id = p.id ORDER BY r.id)
         AS refunded_at,
       ARRAY(SELECT r.amount FROM refund r WHERE r.tenant_id = $1 AND r.purchase_id = p.id ORDER BY r.id) AS refunded
  FROM (SELECT DISTINCT m.member_id, m.to_day FROM referral_move m
         WHERE m.tenant_id = $1 AND m.referrer_id = ANY ($2::uuid[]) AND m.to_day IS NOT NULL) v
  JOIN member b ON b.tenant_id = $1 AND (b.id = v.member_id OR b.merged_into = v.member_id)
  JOIN purchase p ON p.tenant_id = $1 AND p.member_id = b.id AND p.local_day = v.to_day"""
_MERGED: Final = """
SELECT g.other_id, g.member_id, g.recorded_at FROM merge g WHERE g.tenant_id = $1 AND g.other_id = ANY ($2::uuid[])"""


@dataclass(frozen=True, slots=True)
class Brought:
    """Purchases of brought members on the days on which they ever were counted, and their merges."""

    bought: Sequence[asyncpg.Record] = ()
    into: dict[UUID, tuple[datetime, UUID]] = field(default_factory=dict)

    def first_bought(self, brought_id: UUID, on: date, at: datetime) -> datetime | None:
        """When on a local day the member first bought something that stood, as things were at an instant."""
        return min(
            (
                row["occurred_at"]
                for row in self.bought
                if row["brought_id"] == brought_id
                and row["local_day"] == on
                and row["recorded_at"] <= at
                and self._holder(row["member_id"], at) == brought_id
                and _stands(row, at)
            ),
            default=None,
        )

    def _holder(self, member_id: UUID, at: datetime) -> UUID:
        while (merged := self.into.get(member_id)) is not None and merged[0] <= at:
            member_id = merged[1]
        return member_id


def _stands(row: asyncpg.Record, at: datetime) -> bool:
    if row["undone_at"] is not None and row["undone_at"] <= at:
        return False
    back = sum(amount for when, amount in zip(row["refunded_at"], row["refunded"], strict=True) if when <= at)
    amount: int = row["amount"]
    return amount == 0 or back != amount


async def brought_by(member_ids: Sequence[UUID]) -> Brought:
    """Of these records."""
    bought = await connection().fetch(_BOUGHT, current().tenant_id, list(member_ids))
    buyers = sorted({row["member_id"] for row in bought})
    merged = await connection().fetch(_MERGED, current().tenant_id, buyers) if buyers else []
    return Brought(bought, {row["other_id"]: (row["recorded_at"], row["member_id"]) for row in merged})
