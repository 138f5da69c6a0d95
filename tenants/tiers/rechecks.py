"""The recheck at the end of the day, for ladders whose schedule doesn't fire that midnight: a chain of short batches.

Marks of ladders that fire are left to the firing's own run. What a batch has settled has no mark any more, so a batch
that runs twice finds the rest.
"""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.programme.schedule import latest_schedule_day
from tenants.programme.versions import programme
from tenants.programme.windows import local_day
from tenants.tiers.batch_record import record_batch
from tenants.tiers.recheck import Recheck, recheck_marked
from tenants.tiers.runs import last_runs

JOB: Final = "tiers.recheck"
BATCH = 1000

_LOCK: Final = """
SELECT m.id FROM member m
 WHERE m.tenant_id = $1 AND m.id = ANY(ARRAY(
   SELECT DISTINCT r.member_id FROM tier_recheck r
    WHERE r.tenant_id = $1 AND r.ladder = ANY($2::text[]) AND r.due_at <= $3 ORDER BY 1 LIMIT $4))
 ORDER BY m.id FOR NO KEY UPDATE"""
_PLACE: Final = (
    "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"
)


async def run_rechecks(payload: dict[str, Any]) -> None:
    """The job of one batch: rechecks the next members at the midnight `due_at` and queues the batch after it."""
    due_at = datetime.fromisoformat(payload["due_at"])
    tenant = await connection().fetchrow(_PLACE, current().tenant_id)
    if tenant is None:
        raise RuntimeError("a tenant without its row")
    rules, zone = await programme(tenant["programme_version"]), ZoneInfo(tenant["timezone"])
    today = local_day(due_at, zone)
    ladders = [
        ladder.code
        for ladder in rules.ladders
        if ladder.policy.refund_recheck == "end_of_day" and latest_schedule_day(ladder.policy.schedule, today) != today
    ]
    rows = await connection().fetch(_LOCK, current().tenant_id, ladders, due_at, BATCH)
    if not rows:
        return
    behind_the_locks = await connection().fetchval(
        "SELECT clock_timestamp() + clock_offset FROM tenant WHERE tenant_id = $1", current().tenant_id
    )
    runs = await last_runs()
    recheck = Recheck(due_at, rules, zone, behind_the_locks, firing=False, last_runs=runs)
    locked = [row["id"] for row in rows]
    await recheck_marked(recheck, ladders, locked)
    await record_batch(None, due_at, tenant["programme_version"], locked, behind_the_locks, runs)
    if len(rows) == BATCH:
        await enqueue(JOB, payload, direct=True)
