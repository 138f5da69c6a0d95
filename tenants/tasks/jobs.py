"""The jobs of tasks: every night, and where its rule or the programme has changed, each rule in force walks through its
members, a page a transaction.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg

from saas.jobs import job
from saas.outbox import enqueue
from saas.scope import connection, current
from tenants.nightly import skip_missed, this_night
from tenants.tasks.audience import audience, reasons
from tenants.tasks.making import Called, Tonight, drop, drop_some, make, planned, refresh, settle
from tenants.tasks.rule import DROP_JOB, REMAKE_JOB, WALK_JOB, rule
from tenants.tiers.runs import UNDER_WAY

NIGHT_JOB: Final = "tasks.make"
SCHEDULE: Final = "tasks"
BATCH: Final = 1_000
"""Members a transaction looks at."""
WAIT: Final = timedelta(minutes=1)
_SOON: Final = timedelta(seconds=5)

_RULES: Final = "SELECT id FROM task_rule WHERE tenant_id = $1 AND ended_at IS NULL ORDER BY id"
_RUN: Final = f"SELECT {UNDER_WAY.format(causes='schedule,programme')}"
# The ladders decide at this midnight, before anybody is listed by its tier.
_DECIDING: Final = f"""
SELECT EXISTS (SELECT FROM schedule WHERE tenant_id = $1 AND name = 'tiers' AND next_at <= $2)
    OR EXISTS (SELECT FROM outbox WHERE tenant_id = $1 AND dead_at IS NULL AND payload ->> 'schedule' = 'tiers')
    OR {UNDER_WAY.format(causes="schedule,programme")}"""
_BEGINNING: Final = UUID(int=0)
_END: Final = UUID(int=2**128 - 1)
_BY_CAMPAIGN: Final = "campaign"


@job(NIGHT_JOB)
async def night(payload: dict[str, Any]) -> None:
    """`{due_at, schedule}`: lists are made as of tonight; nights that were missed are not made up for."""
    now = await this_night()
    await skip_missed(SCHEDULE, now)
    if await connection().fetchval(_DECIDING, current().tenant_id, now.now):
        await enqueue(NIGHT_JOB, payload, delay=WAIT)
        return
    for row in await connection().fetch(_RULES, current().tenant_id):
        await enqueue(WALK_JOB, {"rule_id": str(row["id"]), **payload})


@job(REMAKE_JOB)
async def remake(payload: dict[str, Any]) -> None:
    """`{rule_id}`, or nothing for all of them: the lists as they are once the run under way is through. A midnight that
    is due has its own.
    """
    if await connection().fetchval(_RUN, current().tenant_id):
        await enqueue(REMAKE_JOB, payload, delay=_SOON)
        return
    for row in await connection().fetch(_RULES, current().tenant_id):
        if payload.get("rule_id", str(row["id"])) == str(row["id"]):
            await enqueue(WALK_JOB, {"rule_id": str(row["id"])})


@job(WALK_JOB)
async def walk(payload: dict[str, Any]) -> None:
    """`{rule_id, before}`: one page of the rule's members, the newest first, and the job of the page behind it."""
    found = await rule(UUID(payload["rule_id"]), "FOR SHARE")  # who ends it waits, and drops what is made here
    if found["ended_at"] is not None:
        return
    clock = await this_night()
    tonight = Tonight(clock.now, clock.today)
    before = UUID(payload["before"]) if "before" in payload else _END
    segment = await audience(found)
    ids: list[UUID] = []
    after: UUID | None = None
    if segment is not None:
        page = await segment.page(before, BATCH)
        ids, after = page.ids, page.after
    await planned()
    await _settle_and_make(found, (after or _BEGINNING, before), ids, tonight)
    if after is not None:
        await enqueue(WALK_JOB, {**payload, "before": str(after)}, direct=True)


async def _settle_and_make(
    found: asyncpg.Record, span: tuple[UUID, UUID], members: Sequence[UUID], tonight: Tonight
) -> None:
    by_campaign = found["every"]["type"] == _BY_CAMPAIGN
    why = await reasons(tonight.today) if by_campaign else None
    await drop(found["id"], span, members, [] if why is None else why.lasting, tonight)
    if not members:
        return
    if found["visit_settles"]:
        await settle(found["id"], members, tonight)
    await refresh(found["id"], members, tonight)
    if why is None:
        await make(found, members, tonight, None)
        return
    for reason in why.today:
        called = await reason.among(members)
        await make(found, called, tonight, Called(reason.campaign_id, reason.period))


@job(DROP_JOB)
async def drop_open(payload: dict[str, Any]) -> None:
    """`{rule_id}`: the open tasks of a rule that has ended, some at a time."""
    clock = await this_night()
    if await drop_some(UUID(payload["rule_id"]), BATCH, Tonight(clock.now, clock.today)) == BATCH:
        await enqueue(DROP_JOB, payload, direct=True)
