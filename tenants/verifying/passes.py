"""A pass was sold once as it says, has left what its entries add up to, each of them said so, and gave back the money
that they say; a visit is taken back once, as it was made.
"""

from typing import Final

from tenants.verifying.check import Check

_SUMS: Final = """
SELECT p.id, {expected} AS expected, {stored} AS stored
  FROM pass p LEFT JOIN pass_entry e ON e.tenant_id = p.tenant_id AND e.pass_id = p.id
 WHERE p.tenant_id = $1
 GROUP BY p.tenant_id, p.id
HAVING {expected} IS DISTINCT FROM {stored}
 ORDER BY p.id"""
CHECKS: Final = (
    Check(
        "pass-sold",
        "pass",
        """
SELECT p.id, string_agg(concat_ws(' for ', e.uses, e.amount), ', ') AS expected,
       concat_ws(' for ', p.uses, p.price) AS stored
  FROM pass p LEFT JOIN pass_entry e ON e.tenant_id = p.tenant_id AND e.pass_id = p.id AND e.kind = 'sell'
 WHERE p.tenant_id = $1
 GROUP BY p.tenant_id, p.id
HAVING string_agg(concat_ws(' for ', e.uses, e.amount), ', ') IS DISTINCT FROM concat_ws(' for ', p.uses, p.price)
 ORDER BY p.id""",
    ),
    Check(
        "pass-undone",
        "entry",
        """
SELECT u.id, -e.uses AS expected, u.uses AS stored
  FROM pass_entry u
  LEFT JOIN pass_entry e ON e.tenant_id = u.tenant_id AND e.id = u.source_id AND e.kind = 'use'
   AND e.pass_id = u.pass_id
 WHERE u.tenant_id = $1 AND u.kind = 'undo_use' AND u.uses IS DISTINCT FROM -e.uses
 ORDER BY u.id""",
    ),
    Check("pass-uses", "pass", _SUMS.format(expected="coalesce(sum(e.uses), 0)", stored='p."left"')),
    Check(
        "pass-paid-back",
        "pass",
        _SUMS.format(expected="coalesce(-sum(e.amount) FILTER (WHERE e.kind = 'refund'), 0)", stored="p.paid_back"),
    ),
    Check(
        "pass-running",
        "entry",
        """
SELECT x.id, x.expected, x.stored
  FROM (SELECT e.id, e.left_after AS stored, sum(e.uses) OVER (PARTITION BY e.pass_id ORDER BY e.id) AS expected
          FROM pass_entry e WHERE e.tenant_id = $1) x
 WHERE x.expected <> x.stored
 ORDER BY x.id""",
    ),
)
