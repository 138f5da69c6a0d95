"""Starts recalculations: every member (or those with new facts) evaluated as of one instant.

Runs of a tenant go one after the other: a later instant decided before an earlier one would make the
earlier one's decisions wrong. `tenants.tiers.batches` does the work.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from saas.errors import DomainError
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.jobs.job import new_job
from tenants.programme.document import Programme
from tenants.programme.versions import programme
from tenants.programme.windows import local_day, local_day_before
from tenants.tiers.changed import count_changed
from tenants.tiers.runs import ladder_runs

JOB = "recalculation.batch"
Cause = Literal["request", "schedule", "import", "rebuild", "programme"]

# A run over the members who changed pays while these are few; beyond, walking everyone is cheaper.
_INCREMENTAL_SHARE = 10
_INCREMENTAL_LEAST = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """`as_of` None: now. `ladders` None: all. `facts_since` (our clock): only members with facts since.

    `rebuild` decides everything anew up to now, with the last schedule before it; its instant is no schedule itself.
    `programme` brings members under new `rules`, which begin with this transaction; on the ladders `retarget` (codes)
    it gives them their tier.
    """

    cause: Cause
    as_of: datetime | None = None
    ladders: Sequence[str] | None = None
    facts_since: datetime | None = None
    schedule: str | None = None
    rules: Programme | None = None
    retarget: Sequence[str] = ()


async def start_recalculation(request: Request) -> UUID:
    """Queues a run in the current scope and returns its id, which is its job's.

    Raises DomainError `as-of-in-future`, and for a requested `as_of`: `later-decisions`.
    """
    # One run at a time is begun: the tenant's row is the lock, and the next run starts when this one ends.
    tenant = await connection().fetchrow(
        "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now FROM tenant"
        " WHERE tenant_id = $1 FOR NO KEY UPDATE",
        current().tenant_id,
    )
    if tenant is None:
        raise DomainError("internal")
    as_of = request.as_of or tenant["now"]
    if as_of > tenant["now"]:
        raise DomainError("as-of-in-future")
    if request.cause == "request" and request.as_of is not None:
        await _refuse_later_decisions(as_of, ZoneInfo(tenant["timezone"]))
    # what isn't committed yet must not be remembered: the number may be another document's
    rules = request.rules or await programme(tenant["programme_version"])
    ladders = [x.code for x in rules.ladders if request.ladders is None or x.code in request.ladders]
    zone = ZoneInfo(tenant["timezone"])
    since = request.facts_since
    if since is None and request.cause == "request" and request.as_of is None:
        since = await _same_day_since(ladders, as_of, zone, rules.version)
    since, members = await _about(since)
    run_id = uuid7()
    waiting = await _unfinished()
    await new_job(run_id, "recalculation")
    await connection().execute(
        "INSERT INTO recalculation AS r (tenant_id, id, as_of, day, ladders, programme_version, cause,"
        " incremental_from, members, retarget) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        current().tenant_id,
        run_id,
        as_of,
        local_day(as_of, zone),
        ladders,
        rules.version,
        request.cause,
        since,
        members,
        list(request.retarget) if request.cause == "programme" else await _retarget(request, rules, ladders, as_of),
    )
    if not waiting:
        await enqueue(JOB, _payload(run_id, request.schedule))
    return run_id


async def _retarget(request: Request, rules: Programme, ladders: Sequence[str], as_of: datetime) -> list[str]:
    """The ladders whose first schedule under rules this is that move members at their next schedule."""
    begins = rules.published.effective_at
    if request.cause != "schedule" or rules.published.transition != "next_schedule" or begins is None or as_of < begins:
        return []
    fired = await connection().fetch(_FIRED_UNDER, current().tenant_id, rules.version, begins)
    before = {row["ladder"] for row in fired}
    return [code for code in ladders if code not in before]


_FIRED_UNDER: Final = """
SELECT DISTINCT unnest(ladders) AS ladder FROM recalculation
 WHERE tenant_id = $1 AND cause = 'schedule' AND programme_version = $2 AND as_of >= $3"""


async def _about(since: datetime | None) -> tuple[datetime | None, int]:
    """Whether the run is about those who changed since (None: everyone), and about how many members."""
    if since is not None:
        # The last run over everyone knows well enough how many there are: counting takes longer than the whole run.
        everyone = await connection().fetchval(
            "SELECT members FROM recalculation WHERE tenant_id = $1 AND incremental_from IS NULL"
            " AND finished_at IS NOT NULL ORDER BY id DESC LIMIT 1",
            current().tenant_id,
        )
        most = max(_INCREMENTAL_LEAST, (everyone or await _members()) // _INCREMENTAL_SHARE)
        changed = await count_changed(since, most + 1)
        if changed <= most:
            return since, changed
    return None, await _members()


async def _members() -> int:
    members: int = await connection().fetchval(
        "SELECT count(*) FROM member WHERE tenant_id = $1 AND status = 'active'", current().tenant_id
    )
    return members


def _payload(run_id: UUID, schedule: str | None) -> dict[str, Any]:
    """`schedule` stays with the chain: the scheduler fires its next instant when the chain is through."""
    payload: dict[str, Any] = {"recalculation_id": str(run_id)}
    return payload if schedule is None else {**payload, "schedule": schedule}


async def _refuse_later_decisions(as_of: datetime, zone: ZoneInfo) -> None:
    """Also those that a run of a later instant, still waiting or under way, is about to make."""
    later = await connection().fetchval(
        "SELECT max(at) FROM (SELECT max(effective_at) AS at FROM decision WHERE tenant_id = $1 AND effective_at > $2"
        " UNION ALL SELECT max(as_of) FROM recalculation"
        " WHERE tenant_id = $1 AND finished_at IS NULL AND as_of > $2) x",
        current().tenant_id,
        as_of,
    )
    if later is not None:
        raise DomainError("later-decisions", params={"latest": later.astimezone(zone)})


async def _same_day_since(ladders: Sequence[str], as_of: datetime, zone: ZoneInfo, version: int) -> datetime | None:
    """Since when only new facts can change anything: a finished run of this version over everyone with the
    same D and T on every ladder. None: everyone has to be looked at.
    """
    runs = await ladder_runs()
    since: datetime | None = None
    for code in ladders:
        run = runs.get(code)
        same = (
            run is not None
            and run.programme_version == version
            and run.day == local_day(as_of, zone)
            and local_day_before(run.as_of, zone) == local_day_before(as_of, zone)
        )
        if run is None or not same:
            return None
        since = run.watermark if since is None else min(since, run.watermark)
    # An import may have moved the joining days of members who have no new facts. A rebuild made everybody's standing
    # anew, and went as far as the last schedule, not as of its own instant.
    moved = since is not None and await connection().fetchval(
        "SELECT EXISTS (SELECT FROM import_run WHERE tenant_id = $1 AND kind = 'members'"
        " AND (finished_at IS NULL OR finished_at >= $2))"
        " OR EXISTS (SELECT FROM recalculation WHERE tenant_id = $1 AND cause = 'rebuild'"
        " AND (finished_at IS NULL OR finished_at >= $2))",
        current().tenant_id,
        since,
    )
    return None if moved else since


async def _unfinished() -> bool:
    found: bool = await connection().fetchval(
        "SELECT EXISTS (SELECT FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL)",
        current().tenant_id,
    )
    return found


async def start_next() -> None:
    """Queues the tenant's oldest run that waits for its turn."""
    await connection().execute("SELECT 1 FROM tenant WHERE tenant_id = $1 FOR NO KEY UPDATE", current().tenant_id)
    waiting = await connection().fetchval(
        "SELECT id FROM recalculation WHERE tenant_id = $1 AND finished_at IS NULL ORDER BY id LIMIT 1",
        current().tenant_id,
    )
    if waiting is not None:
        await enqueue(JOB, _payload(waiting, None))
