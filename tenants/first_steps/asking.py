"""Asking for a sample chain, and for its end. Who makes it lies above: it needs all that a sign-up needs."""

from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.jobs.job import new_job

MAKE: Final = "samples.make"
REMOVE: Final = "samples.remove"
KIND: Final = "samples"

_BESIDE: Final = "SELECT coalesce(sample_of, sandbox_of) IS NOT NULL FROM tenant WHERE tenant_id = $1"


async def ask_for_samples(staff_id: UUID) -> None:
    """One sample chain at a time: a second wish for it changes nothing, but after a failure it begins anew."""
    tenant_id = current().tenant_id
    if await connection().fetchval(_BESIDE, tenant_id):
        return  # a sample of a sample, or of a sandbox, is no use
    job_id: UUID = uuid7()
    asked = await connection().fetchval(
        "INSERT INTO sample AS s (tenant_id, sample_id, job_id, asked_by, state) VALUES ($1, $2, $3, $4, 'making')"
        " ON CONFLICT (tenant_id) DO UPDATE SET state = 'making', job_id = excluded.job_id"
        " WHERE s.state = 'failed' RETURNING s.sample_id",
        tenant_id,
        uuid7(),
        job_id,
        staff_id,
    )
    if asked is None:
        return
    await new_job(job_id, KIND)
    await record("samples.ask", f"tenant:{asked}", {})
    await enqueue(MAKE, {})


async def ask_for_removal() -> None:
    """The sample chain goes as a whole. Without one, or twice: nothing."""
    tenant_id = current().tenant_id
    job_id: UUID = uuid7()
    going = await connection().fetchval(
        "UPDATE sample AS s SET state = 'removing', job_id = $2 WHERE s.tenant_id = $1 AND s.state <> 'removing'"
        " RETURNING s.sample_id",
        tenant_id,
        job_id,
    )
    if going is None:
        return
    await new_job(job_id, KIND)
    await record("samples.remove", f"tenant:{going}", {})
    await enqueue(REMOVE, {})
