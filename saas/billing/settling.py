"""Settling: a chain's status is what its copies and its calendar say, told to its own systems where it changes.

Whoever changed a copy, or whom the calendar woke, calls `settle` in the same transaction. Nothing else writes a
chain's status or plan.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from saas.billing.client import enabled
from saas.billing.states import Standing, Status, next_instant, status_at
from saas.clock import tenant_now
from saas.plans.catalogue import TRIAL
from saas.sandboxed import tell_beside
from saas.scheduler import advances, put_schedule
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.events.emit import emit

SCHEDULE: Final = "billing"
JOB: Final = "billing.due"
KIND: Final = "billing_date"
NOTICED: Final = timedelta(days=2)
"""So late we may hear of a subscription's end, and the chain still has the days to export its data in that it has been
told of; where it's later, they begin later.
"""
STATUS_CHANGED: Final = "billing.status_changed"

# Made before it is needed, so that there is something to lock: every writer of a copy comes through here first.
_LOCK: Final = """
INSERT INTO subscription AS s (tenant_id) VALUES ($1)
ON CONFLICT (tenant_id) DO UPDATE SET tenant_id = excluded.tenant_id
"""
# An invoice that was sent has a day by which it is to be paid; a card is tried again by Stripe.
_OVERDUE: Final = """
UPDATE subscription AS s SET overdue_since = o.since
  FROM (SELECT min(i.due_at) AS since FROM invoice i WHERE i.tenant_id = $1 AND i.status = 'open'
           AND i.collection_method = 'send_invoice' AND i.due_at <= $2) AS o
 WHERE s.tenant_id = $1 AND s.overdue_since IS DISTINCT FROM o.since
"""
_STANDING: Final = """
SELECT t.status, t.plan, t.plan_revision, t.trial_ends_at, t.held_by_operator, t.cancelled_at,
       s.stripe_status, s.plan AS bought, s.revision, s.overdue_since, s.period_end, s.next_plan, s.next_step,
       s.ended_at
  FROM tenant t JOIN subscription s ON s.tenant_id = t.tenant_id WHERE t.tenant_id = $1 FOR NO KEY UPDATE OF t
"""
_WRITE: Final = """
UPDATE tenant AS t SET status = $2, plan = $3, plan_revision = $4, cancelled_at = $5 WHERE t.tenant_id = $1
   AND (t.status, t.plan, t.plan_revision, t.cancelled_at) IS DISTINCT FROM ($2, $3, $4, $5)
"""
_ONCE: Final = (
    "INSERT INTO billing_notice AS n (tenant_id, kind, about) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING kind"
)


@advances(KIND)
def _tomorrow(_: dict[str, Any], after: datetime) -> datetime:
    """The job sets the next date itself; should it fail for good, it is tried again the next day."""
    return after + timedelta(days=1)


async def lock_copies() -> None:
    """Whoever writes a copy of the current tenant's waits here for the others."""
    await connection().execute(_LOCK, current().tenant_id)


async def settle() -> Status:
    """Writes the current tenant's status and plan, and when its calendar looks at it next. Returns the status."""
    await lock_copies()
    now = await tenant_now()
    await connection().execute(_OVERDUE, current().tenant_id, now)
    row = await connection().fetchrow(_STANDING, current().tenant_id)
    if row is None:
        raise RuntimeError("a tenant without its row")
    standing = _standing(dict(row))
    if not enabled():  # where nothing is sold, nobody's trial ends
        standing = replace(standing, trial_ends_at=datetime.max.replace(tzinfo=UTC))
    status = status_at(standing, now)
    left = None
    if status == "cancelled":
        left = row["cancelled_at"] or min(max(row["ended_at"] or now, now - NOTICED), now)
    bought = row["bought"] is not None and row["stripe_status"] not in {"incomplete", "incomplete_expired"}
    plan, revision = (row["bought"], row["revision"]) if bought else (TRIAL, None)
    await connection().execute(_WRITE, current().tenant_id, status, plan, revision, left)
    if status != row["status"]:
        told = {"before": row["status"], "after": status, "plan": plan}
        await tell(STATUS_CHANGED, told)
        await record("billing.status", f"tenant:{current().tenant_id}", told)
        await tell_beside()
    settled = _standing({**dict(row), "status": status, "cancelled_at": left})
    following = next_instant(settled, now)
    if following is not None:
        await put_schedule(SCHEDULE, {"job": JOB, "kind": KIND}, following)
    return status


async def tell(event: str, data: dict[str, Any]) -> None:
    """An event of the current tenant's feed, at its now."""
    await emit(event, data)


async def tell_once(event: str, about: datetime, data: dict[str, Any]) -> bool:
    """`tell`, unless it was told of that instant before; whether it is told now."""
    first = await connection().fetchval(_ONCE, current().tenant_id, event, about) is not None
    if first:
        await tell(event, data)
    return first


async def install_calendar() -> None:
    """At sign-up: the trial's own dates."""
    await settle()


def _standing(row: dict[str, Any]) -> Standing:
    instants = {name: row[name] for name in ("trial_ends_at", "overdue_since", "cancelled_at", "period_end")}
    aware = {name: at.astimezone(UTC) if at is not None else None for name, at in instants.items()}
    return Standing(
        status=row["status"],
        stripe_status=row["stripe_status"],
        held_by_operator=row["held_by_operator"],
        next_plan=row["next_plan"],
        next_step=row["next_step"],
        **aware,
    )
