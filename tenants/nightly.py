"""What every chain does by itself each night: one schedule a job, at the chain's local midnight.

A job that has to come every night gets a line in NIGHTLY and a handler by that name in a module of
`saas.worker.JOB_MODULES`; sign-up, a publish and a change of time zone install the schedules
(`tenants.tiers.schedules`). The ladders' own schedules are the programme's.

The payload is `{"due_at", "schedule"}`. Who goes on in batches carries it on to the next one: `schedule` keeps the next
night from beginning before the chain of jobs has ended. Nights that the scheduler missed fire one after the other; who
needs only the last one calls `skip_missed`. Heavy work that needs no midnight is in QUIET.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from saas.scope import connection, current
from tenants.programme.schedule import schedule_instant
from tenants.programme.windows import ONE_DAY, local_day

NIGHTLY: Final = {
    "tier-notices": "tiers.notices",
    "points-expiry": "points.expire",
    "points-notices": "points.notices",
    "birthdays": "birthdays.keep",
    "coupons-expiry": "coupons.expire",
    "campaigns": "campaigns.night",
    "tasks": "tasks.make",
    "simulations": "simulations.remove",
}
"""Jobs by their schedules' names."""
QUIET: Final = {"proof": "proof.night", "reports": "reports.night"}
"""Likewise, for heavy work: at a quiet hour behind 3 o'clock, each chain at a minute of its own."""

_CLOCK: Final = "SELECT timezone, clock_timestamp() + clock_offset AS now FROM tenant WHERE tenant_id = $1"
_SKIP: Final = "UPDATE schedule SET next_at = $3 WHERE tenant_id = $1 AND name = $2 AND next_at < $3"


@dataclass(frozen=True, slots=True)
class Night:
    """The chain's now and the local day that it falls on."""

    zone: ZoneInfo
    now: datetime
    today: date


async def this_night() -> Night:
    """The current tenant's now."""
    row = await connection().fetchrow(_CLOCK, current().tenant_id)
    if row is None:
        raise RuntimeError("a tenant without its row")
    zone = ZoneInfo(row["timezone"])
    return Night(zone, row["now"], local_day(row["now"], zone))


async def skip_missed(schedule: str, night: Night) -> None:
    """For who makes up for all nights before it in one run: the schedule goes on with the next midnight."""
    tomorrow = schedule_instant(night.today + ONE_DAY, night.zone)
    await connection().execute(_SKIP, current().tenant_id, schedule, tomorrow)
