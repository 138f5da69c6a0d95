"""Passes and entries as they are shown."""

from datetime import date
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.errors import DomainError
from saas.scope import connection, current

# What came back in uses so far is what the refunds' entries say.
_PASSES: Final = """
SELECT p.*, (SELECT coalesce(-sum(e.uses), 0)::int FROM pass_entry AS e
              WHERE e.tenant_id = $1 AND e.pass_id = p.id AND e.kind = 'refund') AS returned,
       (SELECT (clock_timestamp() + t.clock_offset) AT TIME ZONE t.timezone FROM tenant AS t
         WHERE t.tenant_id = $1)::date AS today
  FROM pass AS p WHERE p.tenant_id = $1"""
_ONE: Final = f"{_PASSES} AND p.id = $2"
_BY_NUMBER: Final = f"{_PASSES} AND p.external_id = $2"
_OF: Final = (
    f"{_PASSES} AND p.member_id = ANY($2::uuid[]) AND ($3::uuid IS NULL OR p.id < $3) ORDER BY p.id DESC LIMIT $4"
)
_OPEN: Final = f"""{_PASSES} AND p."left" > 0 AND ($2::uuid IS NULL OR p.id < $2) ORDER BY p.id DESC LIMIT $3"""
_ENTRIES: Final = """
SELECT e.* FROM pass_entry AS e WHERE e.tenant_id = $1 AND e.pass_id = $2 AND ($3::uuid IS NULL OR e.id < $3)
 ORDER BY e.id DESC LIMIT $4
"""
_ENTRY: Final = "SELECT e.* FROM pass_entry AS e WHERE e.tenant_id = $1 AND e.pass_id = $2 AND e.id = $3"
_ENTRY_BY_NUMBER: Final = (
    "SELECT e.* FROM pass_entry AS e WHERE e.tenant_id = $1 AND e.kind = $2 AND e.external_id = $3"
)
_UNDO_OF: Final = "SELECT e.* FROM pass_entry AS e WHERE e.tenant_id = $1 AND e.kind = 'undo_use' AND e.source_id = $2"


def money_back(price: int, uses: int, returned: int, paid_back: int, more: int) -> int:
    """What `more` uses are worth now, in minor units: pro rata, rounded down over all that came back so far, so that
    the last use takes the rest and never more than the price comes back.
    """
    return price * (returned + more) // uses - paid_back


async def pass_row(pass_id: UUID) -> asyncpg.Record:
    """A pass with `returned` and the tenant's `today`. Raises DomainError `not-found`."""
    row = await connection().fetchrow(_ONE, current().tenant_id, pass_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def pass_by_number(external_id: str) -> asyncpg.Record | None:
    return await connection().fetchrow(_BY_NUMBER, current().tenant_id, external_id)


async def passes_of(members: list[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """Passes of these members, the newest first; one more row than `limit` where there are more."""
    return await connection().fetch(_OF, current().tenant_id, members, before, limit + 1)


async def passes_with_uses(limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """Everybody's passes that have uses left, whether their last day is over or not, likewise."""
    return await connection().fetch(_OPEN, current().tenant_id, before, limit + 1)


async def entries_of(pass_id: UUID, limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """A pass's entries, likewise. Raises DomainError `not-found`."""
    await pass_row(pass_id)
    return await connection().fetch(_ENTRIES, current().tenant_id, pass_id, before, limit + 1)


async def entry_row(pass_id: UUID, entry_id: UUID) -> asyncpg.Record | None:
    return await connection().fetchrow(_ENTRY, current().tenant_id, pass_id, entry_id)


async def entry_by_number(kind: str, external_id: str) -> asyncpg.Record | None:
    return await connection().fetchrow(_ENTRY_BY_NUMBER, current().tenant_id, kind, external_id)


async def undo_of(entry_id: UUID) -> asyncpg.Record | None:
    return await connection().fetchrow(_UNDO_OF, current().tenant_id, entry_id)


def pass_out(row: asyncpg.Record) -> dict[str, Any]:
    """As the API shows it. `refundable`: what its left uses would bring back now, whether it has ended or not."""
    last: date = row["valid_until"]
    left: int = row["left"]
    return {
        "id": row["id"],
        "member_id": row["member_id"],
        "branch_id": row["branch_id"],
        "external_id": row["external_id"],
        "product": row["product"],
        "uses": row["uses"],
        "left": left,
        "price": row["price"],
        "paid_back": row["paid_back"],
        "refundable": money_back(row["price"], row["uses"], row["returned"], row["paid_back"], left) if left else 0,
        "valid_until": last,
        "state": "used_up" if left == 0 else "ended" if last < row["today"] else "open",
        "tenders": row["tenders"],
        "sold_by": row["sold_by"],
        "recorded_at": row["recorded_at"],
    }


def entry_out(row: asyncpg.Record) -> dict[str, Any]:
    """One movement: `uses` as it changed those left, `amount` the money that came in (negative: out)."""
    return {
        "id": row["id"],
        "pass_id": row["pass_id"],
        "kind": row["kind"],
        "uses": row["uses"],
        "left": row["left_after"],
        "amount": row["amount"],
        "undoes": row["source_id"] if row["kind"] == "undo_use" else None,
        "branch_id": row["branch_id"],
        "external_id": row["external_id"],
        "tender": row["tender"],
        "reason": row["reason"],
        "recorded_at": row["recorded_at"],
        "actor": row["actor"],
    }
