"""The sandbox follows its chain: it closes and opens with it, and who owns the chain no more has no place in it."""

from typing import Any, Final
from uuid import UUID

from saas.closed import CLOSED
from saas.jobs import errand
from saas.sandboxed import FOLLOW
from saas.scope import connection, tenant_scope

_CHAIN: Final = """
SELECT s.sandbox_id, t.status,
       ARRAY(SELECT a.account_id FROM platform.account_tenant a
              WHERE a.tenant_id = $1 AND a.role = 'owner' AND a.account_id IS NOT NULL) AS owners
  FROM sandbox s JOIN tenant t ON t.tenant_id = s.tenant_id WHERE s.tenant_id = $1"""
_STATUS: Final = "UPDATE tenant AS t SET status = $2 WHERE t.tenant_id = $1 AND t.status <> $2"
_OUT: Final = """
WITH gone AS (
    DELETE FROM platform.account_tenant AS a WHERE a.tenant_id = $1 AND a.sample AND a.account_id <> ALL ($2::uuid[])
    RETURNING a.staff_id)
UPDATE staff AS s SET left_at = clock_timestamp() FROM gone WHERE s.tenant_id = $1 AND s.id = gone.staff_id"""


@errand(FOLLOW, although_closed=True)
async def follow(tenant_id: UUID, _payload: dict[str, Any]) -> None:
    """Brings the sandbox to where its chain is now. Its status is `trialing`, or what closes the chain."""
    async with tenant_scope(tenant_id):
        row = await connection().fetchrow(_CHAIN, tenant_id)
    if row is None:
        return
    status = row["status"] if row["status"] in CLOSED else "trialing"
    async with tenant_scope(row["sandbox_id"]):
        await connection().execute(_STATUS, row["sandbox_id"], status)
        await connection().execute(_OUT, row["sandbox_id"], row["owners"])
