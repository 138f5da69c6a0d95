"""What is counted of an allowance is what was used of it: a use is taken back once, of the same product and period."""

from typing import Final

from tenants.verifying.check import Check

CHECKS: Final = (
    Check(
        "allowance-undone",
        "allowance_use",
        """
SELECT u.id, concat_ws(' ', e.product, e.per, e.period) AS expected,
       concat_ws(' ', u.product, u.per, u.period) AS stored
  FROM allowance_use u
  LEFT JOIN allowance_use e ON e.tenant_id = u.tenant_id AND e.id = u.undoes AND e.uses = 1
 WHERE u.tenant_id = $1 AND u.undoes IS NOT NULL
   AND (u.product, u.per, u.period) IS DISTINCT FROM (e.product, e.per, e.period)
 ORDER BY u.id""",
    ),
)
