"""Points as they are shown: a member's totals, and its statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypedDict, cast
from uuid import UUID

import asyncpg

from saas.scope import connection, current
from tenants.points.book import Kind

# Each part reads few rows by an index: what is pending, what has expired since the last night, the next last day.
_TOTALS: Final = """coalesce(a.open - a.debt, 0) AS balance, coalesce(a.debt, 0) AS debt,
       coalesce((SELECT sum(l."left") FROM points_lot l
                  WHERE l.tenant_id = $1 AND l.member_id = n.id AND l."left" > 0 AND l.expires_on < {today}), 0)::bigint
           AS expired,
       coalesce((SELECT sum(l."left") FROM points_lot l
                  WHERE l.tenant_id = $1 AND l.member_id = n.id AND l."left" > 0 AND l.spendable_from > l.day
                    AND l.spendable_from > {today} AND (l.expires_on IS NULL OR l.expires_on >= {today})), 0)::bigint
           AS pending,
       e.expires_on, e.points AS expiring"""
_JOINS: Final = """
  LEFT JOIN points_account a ON a.tenant_id = $1 AND a.member_id = n.id
  LEFT JOIN LATERAL (
       SELECT l.expires_on, sum(l."left")::bigint AS points FROM points_lot l
        WHERE l.tenant_id = $1 AND l.member_id = n.id AND l."left" > 0
          AND l.expires_on = (SELECT f.expires_on FROM points_lot f
                               WHERE f.tenant_id = $1 AND f.member_id = n.id AND f."left" > 0
                                 AND f.expires_on >= {today} ORDER BY f.expires_on LIMIT 1)
        GROUP BY l.expires_on) e ON a.open > 0"""


def totals_sql(today: str) -> tuple[str, str]:
    """Columns that `totals_of` reads, and their joins, for a FROM that has `n.id`; `today`: the local day as SQL."""
    return _TOTALS.format(today=today), _JOINS.format(today=today)


TOTALS: Final = "SELECT n.id, {} FROM unnest($2::uuid[]) AS n (id){}".format(*totals_sql("$3"))
ENTRIES: Final = """
SELECT e.id, e.kind, e.source_id, e.points, e.balance, e.day, e.branch_id, e.reason, e.recorded_at, e.actor,
       l.spendable_from, l.expires_on
  FROM (SELECT p.* FROM unnest($2::uuid[]) AS u (id) CROSS JOIN LATERAL (
               SELECT * FROM points_entry f
                WHERE f.tenant_id = $1 AND f.member_id = u.id AND ($3::uuid IS NULL OR f.id < $3)
                ORDER BY f.id DESC LIMIT $4) AS p
         ORDER BY p.id DESC LIMIT $4) AS e
  LEFT JOIN points_lot l ON l.tenant_id = $1 AND l.id = e.id
 ORDER BY e.id DESC"""

POSTED: Final = "SELECT e.points FROM points_entry e WHERE e.tenant_id = $1 AND e.kind = $2 AND e.source_id = $3"


class Expiring(TypedDict):
    """So many points may be spent on the local day `on` for the last time."""

    points: int
    on: date


class TotalsOut(TypedDict):
    """As members are shown with. `balance` counts pending points and may be below 0 by what is owed; `spendable`: what
    may be spent today.
    """

    balance: int
    spendable: int
    pending: int
    expiring_next: Expiring | None


class EntryOut(TypedDict):
    """One line of a statement. `balance`: after it. `spendable_from`, `expires_on`: of points that it brought."""

    id: UUID
    kind: str
    source_id: UUID
    points: int
    balance: int
    day: date
    branch_id: UUID | None
    reason: str | None
    recorded_at: datetime
    actor: str
    spendable_from: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Totals:
    """`debt`: what is owed; nothing is spendable meanwhile."""

    out: TotalsOut
    debt: int


async def totals(member_ids: Sequence[UUID], today: date) -> dict[UUID, Totals]:
    """The points of these very members on the local day `today`; one query."""
    rows = await connection().fetch(TOTALS, current().tenant_id, list(member_ids), today)
    return {row["id"]: totals_of(row) for row in rows}


def totals_of(row: asyncpg.Record) -> Totals:
    """From a row with the columns of `totals_sql`."""
    spendable = 0 if row["debt"] else row["balance"] - row["expired"] - row["pending"]
    expiring: Expiring | None = None
    if row["expires_on"] is not None:
        expiring = {"points": row["expiring"], "on": row["expires_on"]}
    out: TotalsOut = {
        "balance": row["balance"],
        "spendable": spendable,
        "pending": row["pending"],
        "expiring_next": expiring,
    }
    return Totals(out, row["debt"])


async def posted(kind: Kind, source_id: UUID) -> int:
    """The points of the entry of this kind that this purchase, activity, … is the reason of; 0 without one."""
    points: int | None = await connection().fetchval(POSTED, current().tenant_id, kind, source_id)
    return points or 0


async def entries(member_ids: Sequence[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """What happened to the points under these ids (a member's and those merged into it), the newest first, one more
    than `limit` where there are more.
    """
    return await connection().fetch(ENTRIES, current().tenant_id, list(member_ids), before, limit + 1)


def entry_out(row: asyncpg.Record) -> EntryOut:
    found: dict[str, Any] = dict(row)
    return cast("EntryOut", found)
