"""When a tenant's ladders decide by themselves: the local midnights of their schedules."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from saas.clock import tenant_now
from saas.outbox import enqueue
from saas.scheduler import Advance, advances, put_schedules
from saas.scope import connection, current
from tenants.nightly import NIGHTLY, QUIET
from tenants.programme.document import Programme
from tenants.programme.schedule import (
    AnySchedule,
    Schedule,
    latest_schedule_day,
    next_schedule_day,
    schedule_instant,
)
from tenants.programme.versions import current_programme
from tenants.programme.waiting import WAIT, publish_comes_first
from tenants.programme.windows import ONE_DAY, local_day
from tenants.tiers.recalculate import Request, start_recalculation
from tenants.tiers.rechecks import JOB as RECHECK_JOB

SCHEDULE = "tiers"
SCHEDULE_JOB = "tiers.schedule"
KIND = "local_days"
QUIET_KIND = "quiet_hour"
QUIET_HOUR = time(3)
_DAILY = {"type": "daily"}

_WAITING = """
SELECT s.name, s.next_at FROM schedule s
 WHERE s.tenant_id = $1 AND s.name = ANY ($2) AND s.spec ->> 'timezone' = $3 ORDER BY s.name FOR NO KEY UPDATE"""

_ADAPTER: TypeAdapter[AnySchedule] = TypeAdapter(Schedule)


@advances(KIND)
def next_instant(spec: dict[str, Any], after: datetime) -> datetime:
    """The next local midnight of any of the spec's schedules, later than `after` (UTC)."""
    zone = ZoneInfo(spec["timezone"])
    day = local_day(after, zone)
    days = [next_schedule_day(_ADAPTER.validate_python(s), day) for s in spec["schedules"]]
    return min(schedule_instant(day, zone) for day in days)


@advances(QUIET_KIND)
def next_quiet_hour(spec: dict[str, Any], after: datetime) -> datetime:
    """The next time that it is the spec's `minute` behind the quiet hour in its zone, later than `after` (UTC)."""
    zone = ZoneInfo(spec["timezone"])
    day = local_day(after, zone)
    instants = (
        (datetime.combine(each, QUIET_HOUR, zone) + timedelta(minutes=spec["minute"])).astimezone(UTC)
        for each in (day, day + ONE_DAY, day + 2 * ONE_DAY)
    )
    return next(instant for instant in instants if instant > after)


async def install_schedules(rules: Programme, timezone: str) -> None:
    """Sets the current tenant's schedules by its programme: at sign-up, at a publish, at a change of zone.

    The ladders' own, with every midnight where a ladder rechecks at the end of the day; and what every night brings.
    """
    policies = [ladder.policy for ladder in rules.ladders]
    schedules = [policy.schedule.model_dump(mode="json") for policy in policies]
    if any(policy.refund_recheck == "end_of_day" for policy in policies):
        schedules.append(_DAILY)
    unique = [spec for n, spec in enumerate(schedules) if spec not in schedules[:n]]
    midnights = [(SCHEDULE, SCHEDULE_JOB, unique), *((name, job, [_DAILY]) for name, job in NIGHTLY.items())]
    minute = current().tenant_id.int % 60  # so that not every chain's heavy work begins at once
    await _put_all(
        {
            name: ({"job": job, "kind": KIND, "timezone": timezone, "schedules": days}, next_instant)
            for name, job, days in midnights
        }
        | {
            name: ({"job": job, "kind": QUIET_KIND, "timezone": timezone, "minute": minute}, next_quiet_hour)
            for name, job in QUIET.items()
        },
        timezone,
    )


async def _put_all(wanted: dict[str, tuple[dict[str, Any], Advance]], timezone: str) -> None:
    """An instant that is due and hasn't fired yet stays due: new rules must not lose the end of a month."""
    now = await tenant_now()
    # Locked, so that the scheduler can't fire one between this look and the writing.
    rows = await connection().fetch(_WAITING, current().tenant_id, list(wanted), timezone)
    due = {row["name"]: row["next_at"] for row in rows if row["next_at"] <= now}
    after = now.astimezone(UTC)
    await put_schedules(
        [(name, spec, due.get(name) or following(spec, after)) for name, (spec, following) in wanted.items()]
    )


async def fire(due_at: datetime, schedule: str | None) -> None:
    """What a local midnight brings: the run of the ladders whose schedule fires, the recheck of the others' refunds.

    Both carry the schedule's name on, so that the next instant waits for them. A publish that was due by then comes
    first.
    """
    if await publish_comes_first(due_at):
        await enqueue(SCHEDULE_JOB, {"due_at": due_at.isoformat(), "schedule": schedule}, delay=WAIT)
        return
    timezone = await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", current().tenant_id)
    today = local_day(due_at, ZoneInfo(timezone))
    rules = await current_programme()
    fires = {x.code: latest_schedule_day(x.policy.schedule, today) == today for x in rules.ladders}
    due = [code for code, fired in fires.items() if fired]
    if due:
        await start_recalculation(Request("schedule", as_of=due_at, ladders=due, schedule=schedule))
    if any(x.policy.refund_recheck == "end_of_day" and not fires[x.code] for x in rules.ladders):
        await enqueue(RECHECK_JOB, {"due_at": due_at.isoformat(), "schedule": schedule})
