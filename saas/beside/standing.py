"""How far the making and the end of a chain beside a real one are, in the real one's row and job."""

from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from saas.erasing import erase_tenant
from saas.outbox import enqueue
from saas.scope import connection, current, tenant_scope
from tenants.jobs.job import fail_job, finish_job, progress_job

Kind = Literal["sample", "sandbox"]
"""Also the name of the table, of which there is a row a real chain at most."""

PAUSE: Final = timedelta(seconds=1)
"""Between two steps of the making."""

_READY: Final = "UPDATE {kind} SET state = 'ready' WHERE tenant_id = $1 AND state = 'making'"
_FAILED: Final = """
UPDATE {kind} SET state = 'failed'
 WHERE tenant_id = $1 AND state NOT IN ('ready', 'failed') AND (state = 'removing') = $2
RETURNING job_id"""
_GOING: Final = "SELECT {kind}_id AS id, job_id FROM {kind} WHERE tenant_id = $1 AND state = 'removing'"
_GONE: Final = "DELETE FROM {kind} WHERE tenant_id = $1 AND {kind}_id = $2"
_CLOSE: Final = "UPDATE tenant AS t SET status = 'suspended' WHERE t.tenant_id = $1 AND t.status <> 'suspended'"


async def went_on(kind: Kind, tenant_id: UUID, ids: tuple[UUID, UUID], progress: float, step: str) -> None:
    """After a step of its making: `ids` are its own and the job's. With `progress` (0…1) below 1 the job `step` comes
    again a second later.
    """
    own_id, job_id = ids
    async with tenant_scope(tenant_id):
        if progress < 1:
            await progress_job(job_id, progress, {})
            await enqueue(step, {}, delay=PAUSE)
        elif await connection().execute(_READY.format(kind=kind), tenant_id) == "UPDATE 1":
            await finish_job(job_id, {f"{kind}_id": str(own_id)})


async def gave_up(kind: Kind, error: str, *, removing: bool) -> None:
    """In the real chain's scope: it says that it failed, and can be asked for again."""
    job_id = await connection().fetchval(_FAILED.format(kind=kind), current().tenant_id, removing)
    if job_id is not None:
        await fail_job(job_id, error)


async def remove(kind: Kind, tenant_id: UUID) -> None:
    """As a chain that has left is erased: every row, file and key of it; what an earlier try has left. Outside of any
    scope; without a wish for it nothing.
    """
    async with tenant_scope(tenant_id):
        row = await connection().fetchrow(_GOING.format(kind=kind), tenant_id)
    if row is None:
        return
    await close(row["id"])
    await erase_tenant(row["id"], kind)
    async with tenant_scope(tenant_id):
        await connection().execute(_GONE.format(kind=kind), tenant_id, row["id"])
        await finish_job(row["job_id"], {})


async def close(beside_id: UUID) -> None:
    """Nothing is written there any more, and its jobs wait."""
    async with tenant_scope(beside_id):
        await connection().execute(_CLOSE, beside_id)
