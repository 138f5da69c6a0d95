"""Pareto (二八): how few members make how much of the revenue."""

from typing import Any, Final

from saas.scope import connection
from tenants.reports.buyers import buyers
from tenants.reports.overview import rate
from tenants.reports.span import Span, Today
from tenants.segments.planning import planned_for_many

USUAL: Final = 80
_WHOLE: Final = 100

# The largest first, equals by id. `reached`: whole percents of the revenue with this member and all before it;
# `place`: into which percent of the members it falls.
_ORDERED: Final = """
WITH o AS MATERIALIZED (
  SELECT row_number() OVER w AS n, sum(b.spend) OVER w AS so_far, count(*) OVER () AS members,
         sum(b.spend) OVER () AS revenue
    FROM ({buyers}) b WHERE b.spend > 0
  WINDOW w AS (ORDER BY b.spend DESC, b.member_id ROWS UNBOUNDED PRECEDING)),
p AS (SELECT o.*, floor(100 * o.so_far / o.revenue)::int AS reached, (100 * o.n + o.members - 1) / o.members AS place
        FROM o)
SELECT 'needed' AS what, p.reached AS at, min(p.n)::bigint AS value, max(p.members) AS members,
       max(p.revenue)::bigint AS revenue FROM p GROUP BY 2
 UNION ALL
SELECT 'curve', p.place::int, max(p.so_far)::bigint, max(p.members), max(p.revenue)::bigint FROM p GROUP BY 2"""


async def pareto(span: Span, now: Today) -> dict[str, Any]:
    """`needed`: for 1 … 100 % of what members spent in the span, the smallest number of them that makes it. `curve`:
    what the first 1 … 100 % of the members make, in minor units; with few members not each percent is there.
    """
    sql, arguments = buyers(span, now.day)
    async with planned_for_many():
        rows = await connection().fetch(_ORDERED.format(buyers=sql), *arguments, timeout=120)
    if not rows:
        return {"members": 0, "revenue": 0, "needed": [], "curve": []}
    first = {row["at"]: row["value"] for row in rows if row["what"] == "needed"}
    needed, least = [], rows[0]["members"]
    for percent in range(_WHOLE, 0, -1):
        least = min(least, first.get(percent, least))
        needed.append(least)
    return {
        "members": rows[0]["members"],
        "revenue": rows[0]["revenue"],
        "needed": needed[::-1],
        "curve": sorted([row["at"], row["value"]] for row in rows if row["what"] == "curve"),
    }


def told(found: dict[str, Any], percent: int) -> dict[str, Any]:
    """The answer for one percentage."""
    top = found["needed"][percent - 1] if found["needed"] else 0
    return {"percent": percent, "top": top, "top_share": rate(top, found["members"]), **found}
