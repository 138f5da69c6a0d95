"""A reward's stock is what came and went; each claim paid its points once, and a cancelled one has them back."""

from typing import Final

from tenants.verifying.check import Check

CHECKS: Final = (
    Check(
        "reward-stock",
        "reward",
        """
SELECT r.id, coalesce(sum(e.pieces), 0) AS expected, r.stock AS stored
  FROM reward r LEFT JOIN reward_entry e ON e.tenant_id = r.tenant_id AND e.reward_id = r.id
 WHERE r.tenant_id = $1 AND r.stock IS NOT NULL
 GROUP BY r.tenant_id, r.id
HAVING coalesce(sum(e.pieces), 0) <> r.stock
 ORDER BY r.id""",
    ),
    Check(
        "claim-points",
        "claim",
        """
SELECT c.id, CASE WHEN c.state = 'cancelled' THEN 0 ELSE -c.points END AS expected, e.points AS stored
  FROM reward_claim c
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(e.points), 0) AS points FROM points_entry e
        WHERE e.tenant_id = c.tenant_id AND e.kind IN ('reward', 'reward_return') AND e.source_id = c.id) e
 WHERE c.tenant_id = $1 AND e.points <> CASE WHEN c.state = 'cancelled' THEN 0 ELSE -c.points END
 ORDER BY c.id""",
    ),
)
