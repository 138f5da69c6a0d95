"""When a tenant's ladders decide by themselves: the local midnights of their schedules."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from saas.clock import tenant_now
from saas.scheduler import advances, put_schedule
from saas.scope import connection, current
from tenants.programme.document import Programme
from tenants.programme.schedule import (
    AnySchedule,
    Schedule,
    latest_schedule_day,
    next_schedule_day,
    schedule_instant,
)
from tenants.programme.versions import current_programme
from tenants.programme.windows import local_day
from tenants.tiers.recalculate import Request, start_recalculation

SCHEDULE = "tiers"
SCHEDULE_JOB = "tiers.schedule"
KIND = "local_days"

_ADAPTER: TypeAdapter[AnySchedule] = TypeAdapter(Schedule)


@advances(KIND)
def next_instant(spec: dict[str, Any], after: datetime) -> datetime:
    """The next local midnight of any of the spec's schedules, later than `after` (UTC)."""
    zone = ZoneInfo(spec["timezone"])
    day = local_day(after, zone)
    days = [next_schedule_day(_ADAPTER.validate_python(s), day) for s in spec["schedules"]]
    return min(schedule_instant(day, zone) for day in days)


async def install_schedules(rules: Programme, timezone: str) -> None:
    """Sets the current tenant's schedule by its programme: at sign-up, at a publish, at a change of zone.

    An instant that is due and hasn't fired yet stays due: new rules must not lose the end of a month.
    """
    schedules: list[dict[str, Any]] = []
    for ladder in rules.ladders:
        spec = ladder.policy.schedule.model_dump(mode="json")
        if spec not in schedules:
            schedules.append(spec)
    spec = {"job": SCHEDULE_JOB, "kind": KIND, "timezone": timezone, "schedules": schedules}
    now = await tenant_now()
    # Locked, so that the scheduler can't fire it between this look and the writing.
    waiting = await connection().fetchval(
        "SELECT next_at FROM schedule WHERE tenant_id = $1 AND name = $2 AND spec ->> 'timezone' = $3"
        " FOR NO KEY UPDATE",
        current().tenant_id,
        SCHEDULE,
        timezone,
    )
    due = waiting is not None and waiting <= now
    await put_schedule(SCHEDULE, spec, waiting if due else next_instant(spec, now.astimezone(UTC)))


async def fire(due_at: datetime, schedule: str | None) -> None:
    """Starts the run of the ladders whose schedule fires at `due_at`, a local midnight."""
    timezone = await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", current().tenant_id)
    today = local_day(due_at, ZoneInfo(timezone))
    rules = await current_programme()
    due = [x.code for x in rules.ladders if latest_schedule_day(x.policy.schedule, today) == today]
    if due:
        await start_recalculation(Request("schedule", as_of=due_at, ladders=due, schedule=schedule))
