"""When use is counted: every night at 1 o'clock, the chain's time."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from saas.clock import tenant_now
from saas.scheduler import advances, put_schedule

SCHEDULE: Final = "billing-usage"
JOB: Final = "billing.usage"
KIND: Final = "usage_hour"
HOUR: Final = time(1)
_ONE_DAY: Final = timedelta(days=1)


@advances(KIND)
def next_usage_hour(spec: dict[str, Any], after: datetime) -> datetime:
    """The next 1 o'clock in the spec's zone, later than `after` (UTC)."""
    zone = ZoneInfo(spec["timezone"])
    today = after.astimezone(zone).date()
    instants = (datetime.combine(today + n * _ONE_DAY, HOUR, zone).astimezone(UTC) for n in range(3))
    return next(instant for instant in instants if instant > after)


async def install_usage_schedule(timezone: str) -> None:
    """Sets the current tenant's schedule: at sign-up, and by each night's job, which so follows a change of zone.
    Nights that were missed don't come one by one: one count makes up for all of them.
    """
    spec = {"job": JOB, "kind": KIND, "timezone": timezone}
    await put_schedule(SCHEDULE, spec, next_usage_hour(spec, await tenant_now()))


def day_start(day: Any, timezone: str) -> datetime:
    """The first instant of a local day (UTC)."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
