"""A sandbox's clock: what it shows, and the wish to move it. `saas.sandbox.playing` moves it.

It goes forward only. Facts are written once and in order, and tiers, points and vouchers stand on them: with a clock
turned back a purchase would be older than the decision that it led to. Who wants to begin again resets the sandbox.
"""

from calendar import monthrange
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator
from uuid_utils.compat import uuid7

from saas.clock import tenant_now
from saas.errors import DomainError, FieldError, InvalidValueError
from saas.outbox import enqueue
from saas.sandboxed import require_sandbox
from saas.scope import connection, current
from saas.validation import AwareDatetime, Body
from tenants.audit.record import record
from tenants.jobs.job import fail_job, new_job

PLAY: Final = "sandbox.play"
KIND: Final = "clock"
CANCELLED: Final = "clock-cancelled"
LONGEST: Final = timedelta(days=3 * 366)
"""One move."""
FARTHEST: Final = timedelta(days=10 * 366)
"""Ahead of our clock."""

_LOOK: Final = """
SELECT clock_timestamp() + t.clock_offset AS now, extract(epoch FROM t.clock_offset)::float8 AS ahead, t.timezone,
       m.id, m.from_at, m.to_at, m.fired, m.ran, m.failed, j.state, j.progress::float8 AS progress,
       j.error ->> 'code' AS error
  FROM tenant t
  LEFT JOIN LATERAL (SELECT * FROM clock_move x WHERE x.tenant_id = $1 ORDER BY x.id DESC LIMIT 1) m ON true
  LEFT JOIN job j ON j.tenant_id = $1 AND j.id = m.id
 WHERE t.tenant_id = $1"""
_BEGIN: Final = """
INSERT INTO clock_move AS m (tenant_id, id, actor, from_at, to_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING m.id"""

_CANCEL: Final = """
UPDATE clock_move AS m SET ended_at = clock_timestamp() WHERE m.tenant_id = $1 AND m.ended_at IS NULL
RETURNING m.id, m.to_at"""

_Count = Annotated[int, Field(strict=True, ge=0, le=100_000)]


class Advance(Body):
    """By the calendar of the sandbox's time zone: a month after 31 January is the last day of February."""

    years: _Count = 0
    months: _Count = 0
    days: _Count = 0
    hours: _Count = 0
    minutes: _Count = 0


class Move(Body):
    """One of both: the instant that the clock is to show, or how far it is to go on."""

    to: AwareDatetime | None = None
    advance: Advance | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.to is None) == (self.advance is None):
            raise InvalidValueError("clock-one-of", at="/to")
        return self


async def look() -> dict[str, Any]:
    """The current sandbox's clock as JSON data, with its last move. Raises DomainError `sandbox-only`."""
    await require_sandbox()
    row: Any = await connection().fetchrow(_LOOK, current().tenant_id)
    move = None
    if row["id"] is not None:
        names = ("from_at", "to_at", "state", "progress", "fired", "ran", "failed", "error")
        move = {"job_id": row["id"], **{name: row[name] for name in names}}
    return {"now": row["now"], "seconds_ahead": round(row["ahead"]), "timezone": row["timezone"], "move": move}


async def move(wanted: Move) -> UUID:
    """The id of the job that plays all that falls due until then. Raises DomainError `clock-running` while another one
    does, `sandbox-only`, and `validation-failed` for an instant that has passed or is too far away.
    """
    await require_sandbox()
    scope, now = current(), await tenant_now()
    to = await _wanted(wanted, now)
    job_id: UUID = uuid7()
    if await connection().fetchval(_BEGIN, scope.tenant_id, job_id, scope.principal.actor, now, to) is None:
        raise DomainError("clock-running")
    await new_job(job_id, KIND)
    await record("clock.move", f"tenant:{scope.tenant_id}", {"to": to.isoformat()})
    await enqueue(PLAY, {"id": str(job_id)})
    return job_id


async def cancel() -> None:
    """The move that is under way ends where the clock is; without one: nothing. Raises DomainError `sandbox-only`."""
    await require_sandbox()
    tenant_id = current().tenant_id
    row = await connection().fetchrow(_CANCEL, tenant_id)
    if row is None:
        return
    await fail_job(row["id"], "cancelled by whoever had asked for it", code=CANCELLED)
    await record("clock.cancel", f"tenant:{tenant_id}", {"to": row["to_at"].isoformat()})


async def _wanted(wanted: Move, now: datetime) -> datetime:
    at = "/to" if wanted.advance is None else "/advance"
    try:
        to = wanted.to if wanted.advance is None else await _advanced(wanted.advance, now)
    except (OverflowError, ValueError):
        to = None
    if to is None:
        raise DomainError("validation-failed", errors=[FieldError(at, "clock-too-far", _LIMITS)])
    if to <= now:
        raise DomainError("validation-failed", errors=[FieldError(at, "clock-backwards", {"now": now.isoformat()})])
    ours: datetime = await connection().fetchval("SELECT clock_timestamp()")
    if to > now + LONGEST or to > ours + FARTHEST:
        raise DomainError("validation-failed", errors=[FieldError(at, "clock-too-far", _LIMITS)])
    return to


_LIMITS: Final = {"years": 3, "total": 10}


async def _advanced(by: Advance, now: datetime) -> datetime:
    """Raises ValueError or OverflowError where the calendar ends."""
    if by.years or by.months or by.days:
        now = await _later(by, now)
    return now + timedelta(hours=by.hours, minutes=by.minutes)


async def _later(by: Advance, now: datetime) -> datetime:
    """By years, months and days, at the same time of day, also over a change to summer time."""
    name: str = await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", current().tenant_id)
    local = now.astimezone(ZoneInfo(name))
    month = local.month - 1 + by.months
    year, month = local.year + by.years + month // 12, month % 12 + 1
    local = local.replace(year=year, month=month, day=min(local.day, monthrange(year, month)[1]))
    return (local + timedelta(days=by.days)).astimezone(now.tzinfo)
