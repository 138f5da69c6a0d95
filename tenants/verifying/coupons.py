"""A coupon is in the state that its entries leave it in, was used for the purchase that they name, once at a time."""

from typing import Final

from tenants.verifying.check import Check

# Entries that follow each other at one instant are told apart by their ids: each later one is made later.
_LAST: Final = """
  FROM coupon_grant g
  LEFT JOIN LATERAL (
       SELECT e.kind, e.source_id FROM coupon_entry e WHERE e.tenant_id = g.tenant_id AND e.grant_id = g.id
        ORDER BY e.id DESC LIMIT 1) e ON true"""
_STATE: Final = (
    "CASE e.kind WHEN 'grant' THEN 'open' WHEN 'return' THEN 'open' WHEN 'undo_use' THEN 'open' WHEN 'use' THEN 'used'"
    " WHEN 'void' THEN 'void' WHEN 'expire' THEN 'expired' END"
)
CHECKS: Final = (
    Check(
        "coupon-state",
        "coupon",
        f"""
SELECT g.id, {_STATE} AS expected, g.state AS stored{_LAST}
 WHERE g.tenant_id = $1 AND {_STATE} IS DISTINCT FROM g.state
 ORDER BY g.id""",
    ),
    Check(
        "coupon-used-for",
        "coupon",
        f"""
SELECT g.id, e.source_id AS expected, g.used_for AS stored{_LAST}
 WHERE g.tenant_id = $1 AND g.used_for IS NOT NULL AND (e.kind <> 'use' OR e.source_id <> g.used_for)
 ORDER BY g.id""",
    ),
    Check(
        "coupon-granted-once",
        "coupon",
        """
SELECT g.id, 1 AS expected, count(e.id) AS stored
  FROM coupon_grant g
  LEFT JOIN coupon_entry e ON e.tenant_id = g.tenant_id AND e.grant_id = g.id AND e.kind = 'grant'
 WHERE g.tenant_id = $1
 GROUP BY g.id HAVING count(e.id) <> 1
 ORDER BY g.id""",
    ),
    # Only what is open is used, ended or void; only what was used comes back. So nothing is used twice.
    Check(
        "coupon-steps",
        "coupon",
        f"""
SELECT x.grant_id AS id, CASE WHEN x.kind IN ('return', 'undo_use') THEN 'used' ELSE 'open' END AS expected,
       x.before AS stored
  FROM (SELECT e.grant_id, e.id, e.kind, lag({_STATE}) OVER (PARTITION BY e.grant_id ORDER BY e.id) AS before
          FROM coupon_entry e WHERE e.tenant_id = $1) x
 WHERE x.kind <> 'grant'
   AND x.before IS DISTINCT FROM CASE WHEN x.kind IN ('return', 'undo_use') THEN 'used' ELSE 'open' END
 ORDER BY x.grant_id, x.id""",
    ),
)
