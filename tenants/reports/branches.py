"""Branches side by side: sales, buyers, and members who have their home there."""

from typing import Any, Final

from saas.scope import connection, current
from tenants.measures import codes
from tenants.reports.overview import SALES, branches_of, rate
from tenants.reports.span import Span, Today
from tenants.segments.planning import planned_for_many

_BRANCHES: Final = """
SELECT b.id, b.code, b.name, b.kind, b.closed_at IS NOT NULL AS closed FROM branch b
 WHERE b.tenant_id = $1 AND ($2::uuid[] IS NULL OR b.id = ANY ($2)) ORDER BY b.code"""
_SALES: Final = f"""
SELECT s.branch_id, {SALES} FROM report_sales s
 WHERE s.tenant_id = $1 AND s.day BETWEEN $2 AND $3 AND s.branch_id = ANY ($4) GROUP BY s.branch_id"""
_BUYERS: Final = """
SELECT b.measure, count(*) AS members, count(*) FILTER (WHERE b.facts > 1) AS again
  FROM (SELECT a.member_id, a.measure, sum(a.facts) AS facts FROM measure_{grain} a
         WHERE a.tenant_id = $1 AND a.{grain} BETWEEN $2 AND $3 AND a.measure = ANY ($4::text[])
         GROUP BY a.member_id, a.measure HAVING sum(a.facts) > 0) b
 GROUP BY b.measure"""
_HOME: Final = """
SELECT m.branch_id, count(*) FILTER (WHERE m.status = 'active') AS members,
       count(*) FILTER (WHERE m.joined_on BETWEEN $2 AND $3) AS joined
  FROM member m WHERE m.tenant_id = $1 AND m.status <> 'merged' AND m.branch_id = ANY ($4) GROUP BY m.branch_id"""
_NAMES: Final = ("purchases", "amount", "refunded", "member_purchases", "member_amount")


async def branches(span: Span, now: Today) -> dict[str, Any]:
    """Each branch, by its code; closed ones only where something was sold. Money in minor units, net of refunds."""
    tenant_id = current().tenant_id
    rows = await connection().fetch(_BRANCHES, tenant_id, branches_of(span))
    ids = [row["id"] for row in rows]
    arguments = (tenant_id, span.first, span.last)
    grain = "month" if span.whole_months(now.day) else "day"
    sold = {row["branch_id"]: row for row in await connection().fetch(_SALES, *arguments, ids)}
    home = {row["branch_id"]: row for row in await connection().fetch(_HOME, *arguments, ids, timeout=60)}
    measures = {codes.branch(branch_id): branch_id for branch_id in ids}
    async with planned_for_many():
        bought = {
            measures[row["measure"]]: row
            for row in await connection().fetch(_BUYERS.format(grain=grain), *arguments, list(measures), timeout=180)
        }
    return {
        "branches": [
            _told(row, sold.get(row["id"]), bought.get(row["id"]), home.get(row["id"]))
            for row in rows
            if not row["closed"] or row["id"] in sold
        ]
    }


def _told(branch: Any, sold: Any, bought: Any, home: Any) -> dict[str, Any]:
    sums = {name: 0 if sold is None else sold[name] for name in _NAMES}
    buyers, again = (0, 0) if bought is None else (bought["members"], bought["again"])
    return {
        "branch": {"id": str(branch["id"]), "code": branch["code"], "name": branch["name"], "kind": branch["kind"]},
        **sums,
        "member_share": rate(sums["member_amount"], sums["amount"]),
        "buyers": buyers,
        "again": again,
        "repurchase_rate": rate(again, buyers),
        "members": 0 if home is None else home["members"],
        "joined": 0 if home is None else home["joined"],
    }
