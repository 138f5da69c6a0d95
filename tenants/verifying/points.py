"""A member's points are the sum of its entries, and what its open lots have left, less its debt."""

from typing import Final

from tenants.verifying.check import Check

_BY_MEMBER: Final = """
SELECT coalesce(a.member_id, s.member_id) AS id, coalesce(s.points, 0) AS expected, {stored} AS stored
  FROM (SELECT * FROM points_account WHERE tenant_id = $1) a
  FULL JOIN ({sums}) s ON s.member_id = a.member_id
 WHERE coalesce(s.points, 0) IS DISTINCT FROM coalesce({stored}, 0)
 ORDER BY 1"""
# New points pay debt first: of what an entry brings, so much never came into a lot. A balance below zero is the debt.
_PAID: Final = "least(greatest(o.points, 0), greatest(0, o.points - o.balance))"
_TAKEN: Final = "(SELECT coalesce(sum(t.points), 0) FROM points_take t WHERE t.tenant_id = o.tenant_id AND t.{which})"
CHECKS: Final = (
    Check(
        "points-balance",
        "member",
        _BY_MEMBER.format(
            stored="a.open - a.debt",
            sums="SELECT member_id, sum(points) AS points FROM points_entry WHERE tenant_id = $1 GROUP BY member_id",
        ),
    ),
    Check(
        "points-lots",
        "member",
        _BY_MEMBER.format(
            stored="a.open",
            sums='SELECT member_id, sum("left") AS points FROM points_lot WHERE tenant_id = $1 GROUP BY member_id',
        ),
    ),
    Check(
        "points-running-balance",
        "entry",
        """
SELECT x.id, x.expected, x.balance AS stored
  FROM (SELECT e.id, e.balance, sum(e.points) OVER (PARTITION BY e.member_id ORDER BY e.id) AS expected
          FROM points_entry e WHERE e.tenant_id = $1) x
 WHERE x.expected <> x.balance
 ORDER BY x.id""",
    ),
    Check(
        "points-lot-left",
        "lot",
        f"""
SELECT x.id, x.expected, x.stored
  FROM (SELECT l.id, l."left" AS stored,
               o.points - {_PAID} + {_TAKEN.format(which="entry_id = o.id")}
               - {_TAKEN.format(which="lot_id = l.id AND t.entry_id <> o.id")}
               + coalesce((SELECT sum(x.points) FROM points_entry x WHERE x.tenant_id = l.tenant_id
                              AND x.kind = 'expire' AND x.source_id = l.id), 0) AS expected
          FROM points_lot l JOIN points_entry o ON o.tenant_id = l.tenant_id AND o.id = l.id
         WHERE l.tenant_id = $1) x
 WHERE x.expected <> x.stored
 ORDER BY x.id""",
    ),
)
