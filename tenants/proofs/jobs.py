"""The proof's jobs, by name: what a night begins, and a slice."""

from typing import Any, Final

from saas.jobs import job
from saas.scheduler import next_instant
from saas.scope import connection, current
from tenants.nightly import this_night
from tenants.proofs.proof import SLICE_JOB, give_up, prove_by_night
from tenants.proofs.slices import TIME_LIMIT, run_slice

NIGHT_JOB: Final = "proof.night"

_SPEC: Final = "SELECT spec FROM schedule WHERE tenant_id = $1 AND name = $2"
_SKIP: Final = "UPDATE schedule SET next_at = $3 WHERE tenant_id = $1 AND name = $2 AND next_at < $3"


@job(NIGHT_JOB)
async def proof_night(payload: dict[str, Any]) -> None:
    """Nights that the scheduler missed are made up for once, together."""
    schedule, now = payload["schedule"], (await this_night()).now
    spec = await connection().fetchval(_SPEC, current().tenant_id, schedule)
    if spec is not None:
        await connection().execute(_SKIP, current().tenant_id, schedule, next_instant(spec, now))
    await prove_by_night(schedule)


@job(SLICE_JOB, time_limit=TIME_LIMIT, on_dead=give_up, snapshot=True)
async def proof_slice(payload: dict[str, Any]) -> None:
    await run_slice(payload)
