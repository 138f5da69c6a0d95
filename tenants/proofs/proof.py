"""A proof's row: begun, taken up again, moved on, ended. A chain has one under way at most, and its last thirty."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from saas.errors import DomainError
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.jobs.job import fail_job, new_job
from tenants.nightly import this_night

SLICE_JOB: Final = "proof.slice"
JOB_KIND: Final = "proof"
NIGHT: Final = timedelta(hours=3)
"""How long a night's work lasts; what isn't through then goes on in the next one."""
KEPT: Final = 30

# A slice at work holds its proof's row for as long as it takes, and its outbox row is there until it is through.
_UNDER_WAY: Final = f"""
SELECT p.id, EXISTS (SELECT FROM outbox o WHERE o.tenant_id = $1 AND o.name = '{SLICE_JOB}' AND o.dead_at IS NULL)
         AS at_work
  FROM proof p WHERE p.tenant_id = $1 AND p.finished_at IS NULL"""
_LOCK: Final = "SELECT 1 FROM proof WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE"
_BEGIN: Final = """
INSERT INTO proof AS p (tenant_id, id, state, started_at, stop_at, total)
SELECT $1, $2, 'running', $3, $4,
       (SELECT count(*) FROM member m WHERE m.tenant_id = $1 AND m.status IN ('active', 'closed'))"""
_GO_ON: Final = "UPDATE proof AS p SET state = 'running', stop_at = $3 WHERE p.tenant_id = $1 AND p.id = $2"
_HAS_JOB: Final = "SELECT EXISTS (SELECT FROM job WHERE tenant_id = $1 AND id = $2)"
_FORGET: Final = """
DELETE FROM proof AS p WHERE p.tenant_id = $1 AND p.finished_at IS NOT NULL
   AND p.id NOT IN (SELECT k.id FROM proof k WHERE k.tenant_id = $1 ORDER BY k.id DESC LIMIT $2)"""
_FAIL: Final = "UPDATE proof AS p SET state = 'failed', finished_at = $3 WHERE p.tenant_id = $1 AND p.id = $2"


async def prove_by_night(schedule: str) -> None:
    """Begins the night's proof, or goes on with the one that the last night left. `schedule` is carried on by the
    slices, so that no other night begins beside them.
    """
    left, now = await _left(), (await this_night()).now
    if left is None:
        await _begin(uuid7(), now, now + NIGHT, {"schedule": schedule})
    elif not left["at_work"]:
        await _go_on(left["id"], now + NIGHT, {"schedule": schedule})


async def prove_now() -> UUID:
    """Begins a proof that goes on by day, or takes up at once what waits for the night; its id is its job's.

    Raises DomainError `proof-running` where one is at work.
    """
    left = await _left()
    if left is None:
        proof_id: UUID = uuid7()
        try:
            await _begin(proof_id, (await this_night()).now, None, {})
        except asyncpg.UniqueViolationError:  # somebody else asked at the same moment
            raise DomainError("proof-running") from None
    elif left["at_work"]:
        raise DomainError("proof-running")
    else:
        proof_id = left["id"]
        await _go_on(proof_id, None, {})
    if not await connection().fetchval(_HAS_JOB, current().tenant_id, proof_id):
        await new_job(proof_id, JOB_KIND)
    return proof_id


async def _left() -> asyncpg.Record | None:
    """The proof under way, locked unless it is `at_work`."""
    left = await connection().fetchrow(_UNDER_WAY, current().tenant_id)
    if left is None or left["at_work"]:
        return left
    await connection().execute(_LOCK, current().tenant_id, left["id"])
    return await connection().fetchrow(_UNDER_WAY, current().tenant_id)  # who held the lock may have taken it up


async def _go_on(proof_id: UUID, stop_at: datetime | None, payload: dict[str, Any]) -> None:
    await connection().execute(_GO_ON, current().tenant_id, proof_id, stop_at)
    await _enqueue(proof_id, payload)


async def _begin(proof_id: UUID, now: datetime, stop_at: datetime | None, payload: dict[str, Any]) -> None:
    await connection().execute(_FORGET, current().tenant_id, KEPT - 1)
    await connection().execute(_BEGIN, current().tenant_id, proof_id, now, stop_at)
    await _enqueue(proof_id, payload)


async def _enqueue(proof_id: UUID, payload: dict[str, Any]) -> None:
    await enqueue(SLICE_JOB, {**payload, "proof_id": str(proof_id)})


async def give_up(payload: dict[str, Any], error: str) -> None:
    """A proof whose slice is a dead letter has failed; the next night begins another one."""
    proof_id = UUID(payload["proof_id"])
    await connection().execute(_FAIL, current().tenant_id, proof_id, (await this_night()).now)
    await fail_job(proof_id, error)
