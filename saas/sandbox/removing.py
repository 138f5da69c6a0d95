"""Removes a sandbox, as a chain that has left is erased: every row, file and key of it."""

from typing import Any, Final
from uuid import UUID

from saas.erasing import erase_tenant
from saas.jobs import errand
from saas.sandbox.asking import REMOVE
from saas.sandbox.following import close
from saas.scope import connection, current, tenant_scope
from tenants.jobs.job import fail_job, finish_job

_GOING: Final = "SELECT sandbox_id, job_id FROM sandbox WHERE tenant_id = $1 AND state = 'removing'"
_GONE: Final = "DELETE FROM sandbox WHERE tenant_id = $1 AND sandbox_id = $2"
_FAILED: Final = "UPDATE sandbox SET state = 'failed' WHERE tenant_id = $1 AND state = 'removing' RETURNING job_id"


async def _give_up(_payload: dict[str, Any], error: str) -> None:
    job_id = await connection().fetchval(_FAILED, current().tenant_id)
    if job_id is not None:
        await fail_job(job_id, error)


@errand(REMOVE, on_dead=_give_up, although_closed=True)
async def remove(tenant_id: UUID, _payload: dict[str, Any]) -> None:
    """All of it; what an earlier try has left. `although_closed`: nothing in it is anybody's to keep."""
    async with tenant_scope(tenant_id):
        row = await connection().fetchrow(_GOING, tenant_id)
    if row is None:
        return
    await close(row["sandbox_id"])
    await erase_tenant(row["sandbox_id"], "sandbox")
    async with tenant_scope(tenant_id):
        await connection().execute(_GONE, tenant_id, row["sandbox_id"])
        await finish_job(row["job_id"], {})
