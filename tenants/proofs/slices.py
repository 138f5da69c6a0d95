"""The slices of a proof: a chain of short jobs, first over the members, then over the ledgers' checks.

Each reads the chain as it is at one instant, locks nobody, and writes how far it came in its own transaction: killed
anywhere, it is done whole or not at all, and the next one goes on where the last one was. Between two of them is a
pause as long as the work was, and one chain is proved at a time in the whole installation: the tills come first.
"""

import asyncio
import random
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.outbox import enqueue
from saas.savepoint import savepoint
from saas.scope import connection, current
from tenants.jobs.job import progress_job
from tenants.nightly import Night, this_night
from tenants.proofs.ending import finish
from tenants.proofs.finding import Found, keep, of_ledger
from tenants.proofs.proof import SLICE_JOB
from tenants.proofs.walking import replayed
from tenants.replay.replay import erased, members_after
from tenants.verifying.ledgers import CHECKS, examine

MEMBERS = 2_000
BATCH = 100
"""Members at a time: so long the process has no time for its other jobs, a tenth of a second."""
BUDGET_SECONDS = 25.0
"""A slice is over with the batch or check in which one of these two is through."""
CHECK_SECONDS = 240.0
"""A ledger's check that takes longer is cut off; `regulars verify` gives it more."""
TIME_LIMIT: Final = timedelta(seconds=BUDGET_SECONDS + CHECK_SECONDS + 60)
_LONGEST_PAUSE: Final = 20.0
_TURN: Final = "SELECT pg_try_advisory_xact_lock(hashtext('regulars.proof'))"

_AT_WORK: Final = "SELECT * FROM proof WHERE tenant_id = $1 AND id = $2 AND state = 'running' FOR NO KEY UPDATE"
_WAIT: Final = "UPDATE proof AS p SET state = 'waiting' WHERE p.tenant_id = $1 AND p.id = $2"
_MOVE: Final = """
UPDATE proof AS p SET walked = $3, after_member = coalesce($4, p.after_member), members = p.members + $5,
       erased = p.erased + $6, checks = p.checks + $7, too_long = p.too_long || $8, differences = p.differences + $9
 WHERE p.tenant_id = $1 AND p.id = $2 RETURNING p.*"""


@dataclass(slots=True)
class _Done:
    """What a slice did."""

    walked: bool
    after: UUID | None = None
    members: int = 0
    erased: int = 0
    checks: int = 0
    too_long: list[str] = field(default_factory=list)
    found: Found = field(default_factory=Found)


async def run_slice(payload: dict[str, Any]) -> None:
    """The job of one slice. It runs in a scope that is `repeatable`."""
    proof = await connection().fetchrow(_AT_WORK, current().tenant_id, UUID(payload["proof_id"]))
    if proof is None:
        return
    night = await this_night()
    if proof["stop_at"] is not None and night.now >= proof["stop_at"]:
        await connection().execute(_WAIT, current().tenant_id, proof["id"])
        return
    if not await connection().fetchval(_TURN):
        await enqueue(SLICE_JOB, payload, delay=timedelta(seconds=random.uniform(5, 20)))  # noqa: S311  # spreads
        return
    began = time.monotonic()
    done = await (_check(proof) if proof["walked"] else _walk(proof))
    await _go_on(proof, done, night, payload, time.monotonic() - began)


async def _walk(proof: asyncpg.Record) -> _Done:
    """The next members. Between the batches the process has time for its other jobs."""
    deadline = time.monotonic() + BUDGET_SECONDS
    done = _Done(walked=False, after=proof["after_member"])
    while done.members < MEMBERS and time.monotonic() < deadline:
        ids = await members_after(done.after, min(BATCH, MEMBERS - done.members))
        if not ids:
            done.erased, done.walked = await erased(), True
            break
        done.found.add(await replayed(ids))
        done.after, done.members = ids[-1], done.members + len(ids)
        await asyncio.sleep(0)
    return done


async def _check(proof: asyncpg.Record) -> _Done:
    """The next of the ledgers' checks."""
    deadline = time.monotonic() + BUDGET_SECONDS
    done = _Done(walked=True)
    for check in CHECKS[proof["checks"] :]:
        try:
            async with savepoint():
                done.found.add(map(of_ledger, await examine(connection(), current().tenant_id, check, CHECK_SECONDS)))
        except TimeoutError:
            done.too_long.append(check.code)
        done.checks += 1
        if time.monotonic() >= deadline:
            break
    return done


async def _go_on(proof: asyncpg.Record, done: _Done, night: Night, payload: dict[str, Any], seconds: float) -> None:
    """Keeps what was done, and queues the next slice or ends the proof."""
    await keep(proof["id"], proof["differences"], done.found)
    moved = await connection().fetchrow(
        _MOVE,
        current().tenant_id,
        proof["id"],
        done.walked,
        done.after,
        done.members,
        done.erased,
        done.checks,
        done.too_long,
        done.found.count,
    )
    if moved is None:
        raise RuntimeError("the proof vanished under its lock")
    if moved["walked"] and moved["checks"] >= len(CHECKS):
        await finish(moved, night)
        return
    await progress_job(proof["id"], progress_of(moved), {"members": moved["members"], "checks": moved["checks"]})
    await enqueue(SLICE_JOB, payload, delay=timedelta(seconds=min(max(seconds, 0.2), _LONGEST_PAUSE)))


def progress_of(proof: asyncpg.Record) -> float:
    """In 0…1; the ledgers' checks are the last fifth."""
    walked = min(1.0, proof["members"] / max(1, proof["total"]))
    return float(0.8 * (1.0 if proof["walked"] else walked) + 0.199 * min(1.0, proof["checks"] / len(CHECKS)))
