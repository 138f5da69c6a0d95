"""A sandbox and a sample follow their chain: they close and open with it, and who owns it no more has no place in
them.
"""

from typing import Any, Final
from uuid import UUID

from saas.closed import CLOSED
from saas.jobs import errand
from saas.sandboxed import FOLLOW
from saas.scope import connection, tenant_scope

_CHAIN: Final = """
SELECT b.id, t.status,
       ARRAY(SELECT a.account_id FROM platform.account_tenant a
              WHERE a.tenant_id = $1 AND a.role = 'owner' AND a.account_id IS NOT NULL ORDER BY 1) AS owners
  FROM (SELECT tenant_id, sandbox_id AS id FROM sandbox UNION ALL SELECT tenant_id, sample_id FROM sample) b
  JOIN tenant t ON t.tenant_id = b.tenant_id WHERE b.tenant_id = $1 ORDER BY b.id"""
_STATUS: Final = "UPDATE tenant AS t SET status = $2 WHERE t.tenant_id = $1 AND t.status <> $2"
_OUT: Final = """
WITH gone AS (
    DELETE FROM platform.account_tenant AS a WHERE a.tenant_id = $1 AND a.sample AND a.account_id <> ALL ($2::uuid[])
    RETURNING a.staff_id)
UPDATE staff AS s SET left_at = clock_timestamp() FROM gone WHERE s.tenant_id = $1 AND s.id = gone.staff_id"""


@errand(FOLLOW, although_closed=True)
async def follow(tenant_id: UUID, _payload: dict[str, Any]) -> None:
    """Brings both to where their chain is now: to `trialing`, or to what closes the chain. Of two that run side by side
    the one that was late sees, once it has written, that the chain has gone on.
    """
    done, beside = None, await _beside(tenant_id)
    while beside != done:
        for own_id, status, owners in beside:
            async with tenant_scope(own_id):
                await connection().execute(_STATUS, own_id, status if status in CLOSED else "trialing")
                await connection().execute(_OUT, own_id, owners)
        done, beside = beside, await _beside(tenant_id)


async def _beside(tenant_id: UUID) -> list[tuple[UUID, str, list[UUID]]]:
    async with tenant_scope(tenant_id):
        return [tuple(row) for row in await connection().fetch(_CHAIN, tenant_id)]
