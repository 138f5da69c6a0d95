"""Removes a sample chain, as a chain that has left is erased: every row and file of it."""

from typing import Any, Final
from uuid import UUID

from saas.erasing import erase_tenant
from saas.jobs import errand
from saas.scope import connection, current, tenant_scope
from tenants.first_steps.asking import REMOVE
from tenants.jobs.job import fail_job, finish_job

_GOING: Final = "SELECT sample_id, job_id FROM sample WHERE tenant_id = $1 AND state = 'removing'"
_GONE: Final = "DELETE FROM sample WHERE tenant_id = $1 AND sample_id = $2"
_FAILED: Final = "UPDATE sample SET state = 'failed' WHERE tenant_id = $1 AND state = 'removing' RETURNING job_id"


async def _give_up(_payload: dict[str, Any], error: str) -> None:
    job_id = await connection().fetchval(_FAILED, current().tenant_id)
    if job_id is not None:
        await fail_job(job_id, error)


@errand(REMOVE, on_dead=_give_up, although_closed=True)
async def remove(tenant_id: UUID, _payload: dict[str, Any]) -> None:
    """All of it; what an earlier try has left. `although_closed`: made-up people are nobody's to keep."""
    async with tenant_scope(tenant_id):
        row = await connection().fetchrow(_GOING, tenant_id)
    if row is None:
        return
    await erase_tenant(row["sample_id"], "sample")
    async with tenant_scope(tenant_id):
        await connection().execute(_GONE, tenant_id, row["sample_id"])
        await finish_job(row["job_id"], {})
