"""A pass has left what its entries add up to, each of them said so, and gave back the money that they say."""

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
