"""Who was brought by whom, counted once all purchases of a file are in: an earlier one may come in any batch."""

from typing import Any, Final

from saas.jobs import job
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.referrals.counting import count

JOB: Final = "import.brought"

# A first purchase is the same however the rows came: whoever is counted for another day than it is looked at.
_MISCOUNTED: Final = """
SELECT m.id FROM member m LEFT JOIN referral k ON k.tenant_id = $1 AND k.member_id = m.id
 WHERE m.tenant_id = $1 AND m.referrer_id IS NOT NULL AND m.status <> 'merged' AND k.counted_on IS DISTINCT FROM
       (SELECT min(d.day) FROM member_day d WHERE d.tenant_id = $1 AND d.member_id = m.id AND d.purchases > 0)"""


async def count_brought_later(*, evaluate: bool) -> None:
    """Queues the count of members whose first purchase an import may have brought; `evaluate` as it was asked."""
    await enqueue(JOB, {"evaluate": evaluate})


@job(JOB)
async def count_brought(payload: dict[str, Any]) -> None:
    """`{"evaluate"}`: whether the referrers' tiers are decided, too."""
    rows = await connection().fetch(_MISCOUNTED, current().tenant_id)
    await count([row["id"] for row in rows], evaluate=payload["evaluate"])
