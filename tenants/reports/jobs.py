"""The reports' jobs, by name: what a night finds anew, and what a page has asked for."""

from datetime import timedelta
from typing import Any, Final

from saas.jobs import job
from saas.scheduler import next_instant
from saas.scope import connection, current
from tenants.nightly import this_night
from tenants.reports.answers import FIND_JOB, asked_in, at_night, find_next
from tenants.reports.span import today

NIGHT_JOB: Final = "reports.night"

_SPEC: Final = "SELECT spec FROM schedule WHERE tenant_id = $1 AND name = $2"
_SKIP: Final = "UPDATE schedule SET next_at = $3 WHERE tenant_id = $1 AND name = $2 AND next_at < $3"


@job(NIGHT_JOB, time_limit=timedelta(minutes=10))
async def reports_night(payload: dict[str, Any]) -> None:
    """Nights that the scheduler missed are made up for once, together."""
    schedule, now = payload["schedule"], (await this_night()).now
    spec = await connection().fetchval(_SPEC, current().tenant_id, schedule)
    if spec is not None:
        await connection().execute(_SKIP, current().tenant_id, schedule, next_instant(spec, now))
    await at_night(await today())


@job(FIND_JOB, time_limit=timedelta(minutes=10))
async def reports_find(payload: dict[str, Any]) -> None:
    """The first of what is to be found; the next job finds the next one."""
    await find_next([asked_in(each) for each in payload["todo"]])
