"""Adds to measures, set by set. The caller holds the locks of the members and writes the facts in the same scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from saas.scope import connection, current


@dataclass(frozen=True, slots=True)
class Measured:
    """What one fact adds to a measure on its local day; negative where it takes back.

    `total` is money in minor units or the sum of numbers, `facts` how many, `valued` how many of them with a number,
    `most` the largest, which never sinks by adding.
    """

    member_id: UUID
    measure: str
    day: date
    total: Decimal | int = 0
    facts: int = 0
    valued: int = 0
    most: int = 0


UPSERTS: Final = """
measured_day AS (
    INSERT INTO measure_day AS a (tenant_id, member_id, measure, day, total, facts, valued, most)
    SELECT $1, n.member_id, n.measure, n.day, sum(n.total), sum(n.facts)::bigint, sum(n.valued)::bigint, max(n.most)
      FROM measured n GROUP BY n.member_id, n.measure, n.day ORDER BY n.member_id, n.measure, n.day
    ON CONFLICT (tenant_id, member_id, measure, day) DO UPDATE SET total = a.total + excluded.total,
       facts = a.facts + excluded.facts, valued = a.valued + excluded.valued, most = greatest(a.most, excluded.most)),
measured_month AS (
    INSERT INTO measure_month AS a (tenant_id, member_id, measure, month, total, facts, valued, most)
    SELECT $1, n.member_id, n.measure, date_trunc('month', n.day::timestamp)::date,
           sum(n.total), sum(n.facts)::bigint, sum(n.valued)::bigint, max(n.most)
      FROM measured n GROUP BY n.member_id, n.measure, 4 ORDER BY n.member_id, n.measure, 4
    ON CONFLICT (tenant_id, member_id, measure, month) DO UPDATE SET total = a.total + excluded.total,
       facts = a.facts + excluded.facts, valued = a.valued + excluded.valued, most = greatest(a.most, excluded.most))"""
"""Two CTEs that add what a CTE `measured` (member_id, measure, day, total, facts, valued, most) has; $1: the tenant."""

_ADD: Final = f"""
WITH measured AS (
    SELECT * FROM unnest($2::uuid[], $3::text[], $4::date[], $5::numeric[], $6::bigint[], $7::bigint[], $8::bigint[])
        AS n (member_id, measure, day, total, facts, valued, most)),{UPSERTS}
SELECT"""


async def add(rows: Sequence[Measured]) -> None:
    """Adds each row to its day and its month. The same measure and day may come several times."""
    if not rows:
        return
    await connection().execute(
        _ADD,
        current().tenant_id,
        [row.member_id for row in rows],
        [row.measure for row in rows],
        [row.day for row in rows],
        [row.total for row in rows],
        [row.facts for row in rows],
        [row.valued for row in rows],
        [row.most for row in rows],
    )
