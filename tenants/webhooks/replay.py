"""Sending again what an endpoint has missed, by a chain of short batches."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.jobs import job
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.jobs.job import fail_job, finish_job, new_job, progress_job
from tenants.webhooks.bodies import ReplayBody
from tenants.webhooks.endpoint import require_on
from tenants.webhooks.fanning import TAKEN

BATCH: Final = 2_000
WALK: Final = 20_000
"""Positions that a batch looks through for events of the time that is asked for."""
KIND: Final = "webhook.replay"

# Those in the air are locked by nobody: they may come twice, as anything may.
_SET_OUT: Final = "state = 'waiting', tries = 0, next_at = clock_timestamp(), ended_at = NULL"
_IN_STATE: Final = """SELECT d.id FROM webhook_delivery d
     WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.state = '{0}' AND d.state <> 'delivered'
       AND d.id > $3 AND d.id <= $4 AND d.created_at >= coalesce($5::timestamptz, '-infinity')
       AND d.created_at < coalesce($6::timestamptz, 'infinity') ORDER BY d.id LIMIT $7"""
_FAILED: Final = f"""
WITH seen AS MATERIALIZED (
    ({_IN_STATE.format("failed")}) UNION ALL ({_IN_STATE.format("waiting")}) ORDER BY id LIMIT $7),
free AS MATERIALIZED (
    SELECT d.id FROM webhook_delivery d WHERE d.tenant_id = $1 AND d.id IN (SELECT s.id FROM seen s)
     ORDER BY d.id FOR NO KEY UPDATE SKIP LOCKED),
again AS (
    UPDATE webhook_delivery d SET {_SET_OUT} FROM free f
     WHERE d.tenant_id = $1 AND d.id = f.id AND (d.state = 'failed' OR d.tries > 0) RETURNING d.id)
SELECT (SELECT id FROM seen ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*) FROM seen) AS seen,
       (SELECT count(*) FROM again) AS sent"""
_LAST: Final = (
    "SELECT d.id FROM webhook_delivery d WHERE d.tenant_id = $1 AND d.endpoint_id = $2 ORDER BY d.id DESC LIMIT 1"
)
# All that is kept, by two index probes: which of it is of the time that is asked for, the batches find out.
_KEPT: Final = """
SELECT (SELECT e.position - 1 FROM event e WHERE e.tenant_id = $1 ORDER BY e.position LIMIT 1) AS first,
       (SELECT e.position FROM event e WHERE e.tenant_id = $1 ORDER BY e.position DESC LIMIT 1) AS last"""
_EVENTS: Final = f"""
WITH wanted AS MATERIALIZED (
    SELECT n.id, n.type, n.position FROM event n JOIN webhook_endpoint e ON e.tenant_id = $1 AND e.id = $2
     WHERE n.tenant_id = $1 AND n.position > $3 AND n.position <= $4
       AND n.at >= $5 AND n.at < coalesce($6::timestamptz, 'infinity') AND {TAKEN.format(n="n")}
     ORDER BY n.position LIMIT $7),
known AS MATERIALIZED (
    SELECT d.id, d.event_id FROM webhook_delivery d JOIN wanted w ON d.event_id = w.id
     WHERE d.tenant_id = $1 AND d.endpoint_id = $2),
free AS MATERIALIZED (
    SELECT d.id FROM webhook_delivery d WHERE d.tenant_id = $1 AND d.id IN (SELECT k.id FROM known k)
     ORDER BY d.id FOR NO KEY UPDATE SKIP LOCKED),
again AS (
    UPDATE webhook_delivery d SET {_SET_OUT} FROM free f WHERE d.tenant_id = $1 AND d.id = f.id RETURNING d.id),
first AS (
    INSERT INTO webhook_delivery AS d (tenant_id, id, endpoint_id, event_id, type)
    SELECT $1, uuidv7(), $2, w.id, w.type FROM wanted w WHERE w.id NOT IN (SELECT k.event_id FROM known k)
    RETURNING d.id)
SELECT (SELECT count(*) FROM again) + (SELECT count(*) FROM first) AS sent,
       (SELECT count(*) FROM wanted) AS found, (SELECT max(w.position) FROM wanted w) AS last"""
_ON: Final = "SELECT e.state = 'on' FROM webhook_endpoint e WHERE e.tenant_id = $1 AND e.id = $2"
_NOBODY: Final = UUID(int=0)


async def begin_replay(endpoint_id: UUID, body: ReplayBody) -> UUID:
    """The id of the job that does it. Raises DomainError `not-found`, `webhook-off`."""
    await require_on(endpoint_id)
    job_id = uuid7()
    asked = {
        "failed": body.failed,
        "from": body.from_.isoformat() if body.from_ else None,
        "to": body.to.isoformat() if body.to else None,
    }
    await new_job(job_id, KIND)
    payload = {"job_id": str(job_id), "endpoint_id": str(endpoint_id), **asked, "sent": 0}
    if body.failed:
        last = await connection().fetchval(_LAST, current().tenant_id, endpoint_id)
        payload |= {"after": str(_NOBODY), "until": str(last or _NOBODY)}
    else:
        row = await connection().fetchrow(_KEPT, current().tenant_id)
        first, last = (row["first"], row["last"]) if row and row["last"] is not None else (0, 0)
        payload |= {"first": first, "after": first, "until": last}
    await enqueue(KIND, payload, direct=True)
    await record("webhook.replay", f"webhook:{endpoint_id}", asked)
    return job_id


async def _dead(payload: dict[str, Any], error: str) -> None:
    await fail_job(UUID(payload["job_id"]), error)


@job(KIND, on_dead=_dead)
async def replay_batch(payload: dict[str, Any]) -> None:
    """One batch, and the next one behind it, for as long as the endpoint is on."""
    job_id = UUID(payload["job_id"])
    if not await connection().fetchval(_ON, current().tenant_id, UUID(payload["endpoint_id"])):
        await fail_job(job_id, "the endpoint was turned off", code="webhook-off")
        return
    after, sent, share = await (_failed if payload["failed"] else _events)(payload)
    total = payload["sent"] + sent
    counts = {"deliveries": total}
    if after is None:
        await finish_job(job_id, counts)
        return
    await progress_job(job_id, share, counts)
    await enqueue(KIND, {**payload, "after": after, "sent": total}, direct=True)


def _times(payload: dict[str, Any]) -> tuple[datetime | None, datetime | None]:
    first, last = (datetime.fromisoformat(payload[name]) if payload[name] else None for name in ("from", "to"))
    return first, last


async def _failed(payload: dict[str, Any]) -> tuple[str | None, int, float]:
    """Where the next batch begins, how many this one sent on their way, and how far it is. By id up to the last one
    that was there at the beginning: what fails again meanwhile isn't sent for ever.
    """
    row = await connection().fetchrow(
        _FAILED,
        current().tenant_id,
        UUID(payload["endpoint_id"]),
        UUID(payload["after"]),
        UUID(payload["until"]),
        *_times(payload),
        BATCH,
    )
    if row is None or row["seen"] < BATCH:
        return None, row["sent"] if row else 0, 1.0
    return str(row["last"]), row["sent"], 0.5


async def _events(payload: dict[str, Any]) -> tuple[int | None, int, float]:
    """The same by position, through all that was there at the beginning."""
    after, until = int(payload["after"]), int(payload["until"])
    upto = min(after + WALK, until)
    row: Any = await connection().fetchrow(
        _EVENTS, current().tenant_id, UUID(payload["endpoint_id"]), after, upto, *_times(payload), BATCH
    )
    if row["found"] == BATCH:
        upto = row["last"]
    if upto >= until:
        return None, row["sent"], 1.0
    return upto, row["sent"], (upto - payload["first"]) / (until - payload["first"])
