"""RFM: members by how lately they bought, how often, and for how much, each scored among all who bought."""

from collections import Counter
from typing import Any, Final

from saas.scope import connection, current
from tenants.reports.overview import branches_of
from tenants.reports.span import EVER, Span, Today
from tenants.segments.planning import planned_for_many
from tenants.segments.rfm import GRID

# `recency` is minus the days since the last purchase: the larger the better, as the others. Active members only.
_EVER: Final = """
SELECT t.member_id, t.last_day - $3::date AS recency, t.purchases AS frequency, t.spend AS monetary
  FROM member_total t WHERE t.tenant_id = $1 AND t.last_day <= $3 AND t.purchases > 0 AND $2::date IS NOT NULL
 UNION ALL
SELECT a.member_id, max(a.day) FILTER (WHERE a.purchases > 0) - $3::date, sum(a.purchases)::bigint,
       sum(a.spend)::bigint
  FROM member_total t JOIN member_day a ON a.tenant_id = $1 AND a.member_id = t.member_id AND a.day <= $3
 WHERE t.tenant_id = $1 AND t.last_day > $3 GROUP BY a.member_id HAVING sum(a.purchases) > 0"""
_WINDOW: Final = """
SELECT a.member_id, max(a.day) FILTER (WHERE a.purchases > 0) - $3::date AS recency,
       sum(a.purchases)::bigint AS frequency, sum(a.spend)::bigint AS monetary
  FROM member_day a WHERE a.tenant_id = $1 AND a.day BETWEEN $2 AND $3
 GROUP BY a.member_id HAVING sum(a.purchases) > 0"""
# 1 + min(4, floor(5 × percent_rank)) in whole numbers: equals share the lowest place.
_SCORE: Final = "1 + least(4, 5 * (rank() OVER (ORDER BY b.{0}) - 1) / greatest(count(*) OVER () - 1, 1))"
_CELLS: Final = f"""
WITH b AS MATERIALIZED (
  SELECT v.*, m.branch_id FROM ({{values}}) v JOIN member m ON m.tenant_id = $1 AND m.id = v.member_id
     AND m.status = 'active'),
s AS (SELECT b.branch_id, b.frequency, b.monetary, {_SCORE.format("recency")} AS r,
             {_SCORE.format("frequency")} AS f, {_SCORE.format("monetary")} AS m FROM b)
SELECT s.r::int, s.f::int, s.m::int, count(*) AS members, sum(s.frequency)::bigint AS purchases,
       sum(s.monetary)::bigint AS spend
  FROM s WHERE $4::uuid[] IS NULL OR s.branch_id = ANY ($4) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""


async def rfm(span: Span, _: Today) -> dict[str, Any]:
    """Every cell of the three scores that has members, and the groups. Scores are among all of the chain's buyers; of
    branches those are shown who have their home there.
    """
    values = _EVER if span.first == EVER else _WINDOW
    async with planned_for_many():
        rows = await connection().fetch(
            _CELLS.format(values=values), current().tenant_id, span.first, span.last, branches_of(span), timeout=120
        )
    groups: dict[str, Counter[str]] = {group: Counter() for row in GRID.values() for group in row}
    for row in rows:
        found = groups[group_of(row["r"], row["f"], row["m"])]
        found.update({name: row[name] for name in ("members", "purchases", "spend")})
    return {
        "buyers": sum(row["members"] for row in rows),
        "cells": [dict(row) for row in rows],
        "groups": [
            {"group": group, **{name: found[name] for name in ("members", "purchases", "spend")}}
            for group, found in groups.items()
        ],
    }


def group_of(r: int, f: int, m: int) -> str:
    """The group of three scores."""
    return GRID[r][(f + m + 1) // 2 - 1]
