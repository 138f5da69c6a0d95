"""A pass has left what its entries add up to, and gave back the money that they say."""

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
)
