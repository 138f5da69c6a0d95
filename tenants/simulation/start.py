"""Starts a simulation: the draft as it is now, everybody as of one instant. One at a time: a new one ends the old."""

from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from saas.errors import LANGUAGES, DomainError, FieldError
from saas.outbox import enqueue
from saas.scope import connection, current
from saas.wording import as_data, field_message
from tenants.audit.record import record
from tenants.jobs.job import fail_job, new_job
from tenants.programme.descent import descent
from tenants.programme.doubts import Doubt, warnings
from tenants.programme.kept import as_json, carried_on
from tenants.programme.lineage import Holders
from tenants.programme.publish import checked, read_draft
from tenants.programme.schedule import schedule_instant
from tenants.programme.transitions import Coming, refuse_holders
from tenants.programme.versions import programme
from tenants.programme.windows import ONE_DAY, local_day
from tenants.simulation.tables import forget
from tenants.tiers.runs import last_full_runs

JOB: Final = "simulation.batch"
KIND: Final = "simulation"
Transition = Literal["now", "up_only"]

_TENANT: Final = (
    "SELECT timezone, programme_version, clock_timestamp() + clock_offset AS now FROM tenant"
    " WHERE tenant_id = $1 FOR NO KEY UPDATE"
)
_MEMBERS: Final = "SELECT count(*) FROM member WHERE tenant_id = $1 AND status = 'active'"
_LATER: Final = "SELECT EXISTS (SELECT FROM decision WHERE tenant_id = $1 AND effective_at > $2)"
_INSERT: Final = """
INSERT INTO simulation AS s (tenant_id, id, document, programme_version, lineage, transition, as_of, gone_by, state,
                             warnings, members, kept)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'running', $9, $10, $11)"""


async def start_simulation(
    as_of: datetime | date | None,
    holders: Holders,
    transition: Transition,
    *,
    asked: bool = True,
    held_now: bool = False,
) -> UUID:
    """Queues a simulation of the draft and returns its job's id. `as_of`: an instant, or a local day, at its end; None
    and the day that it is: now. `asked`: by somebody; what the editor counts by itself is no entry of the audit log.
    `held_now`: also of an instant gone by, such as the last schedule's, from the tiers that members hold now.

    Raises DomainError `draft-missing`, `programme-invalid`, `as-of-in-future`, and what a publish does where tiers'
    holders aren't accounted for.
    """
    tenant_id = current().tenant_id
    tenant = await connection().fetchrow(_TENANT, tenant_id)  # locked: publishes and simulations one after the other
    if tenant is None:
        raise DomainError("internal")
    instant = _instant(as_of, tenant["now"], ZoneInfo(tenant["timezone"]))
    document = await read_draft()
    draft, present = checked(document), await programme(tenant["programme_version"])
    await refuse_holders(present, draft, Coming(transition, holders, None, current().principal.actor))
    await _end_the_old()
    now = instant == tenant["now"] and not await connection().fetchval(_LATER, tenant_id, instant)
    simulation_id = uuid7()
    await new_job(simulation_id, KIND)
    await connection().execute(
        _INSERT,
        tenant_id,
        simulation_id,
        document,
        tenant["programme_version"],
        {ladder: dict(codes) for ladder, codes in (await descent(present, draft, holders)).lineage.items()},
        transition,
        instant,
        not (now or held_now),
        [_told(doubt) for doubt in warnings(draft)],
        await connection().fetchval(_MEMBERS, tenant_id),
        as_json(carried_on(present, draft, await last_full_runs())),
    )
    await enqueue(JOB, {"simulation_id": str(simulation_id)})
    if asked:
        await record("programme.simulate", f"job:{simulation_id}", {"as_of": instant.isoformat()})
    return simulation_id


def _instant(as_of: datetime | date | None, now: datetime, zone: ZoneInfo) -> datetime:
    """Raises DomainError `as-of-in-future`."""
    if isinstance(as_of, date) and not isinstance(as_of, datetime):
        as_of = None if as_of == local_day(now, zone) else schedule_instant(as_of + ONE_DAY, zone)
    if as_of is not None and as_of > now:
        raise DomainError("as-of-in-future")
    return as_of or now


def _told(doubt: Doubt) -> dict[str, Any]:
    """In every language: who reads it isn't known yet."""
    error = FieldError(doubt.pointer, doubt.code, doubt.params)
    return {
        "pointer": doubt.pointer,
        "code": doubt.code,
        "params": as_data(doubt.params),
        "messages": {language: field_message(error, language) for language in LANGUAGES},
    }


_END: Final = "UPDATE simulation SET state = 'cancelled' WHERE tenant_id = $1 AND state = 'running' RETURNING id"


async def _end_the_old() -> None:
    """Its next batch finds that nobody wants it any more."""
    old = await connection().fetchval(_END, current().tenant_id)
    if old is not None:
        await forget([old])
        await fail_job(old, "a newer simulation took its place", code="simulation-replaced")
