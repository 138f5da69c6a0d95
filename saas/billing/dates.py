"""What comes due by our own calendar: a trial ends, an invoice is unpaid, a smaller plan begins, a chain is erased."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from saas.billing import downgrading
from saas.billing.client import enabled
from saas.billing.farewell import still_living
from saas.billing.reading import read_subscription
from saas.billing.settling import JOB, lock_copies, settle, tell_once
from saas.billing.states import BEFORE_RENEWAL, LAST_CALLS, TRIAL_NOTICE
from saas.clock import tenant_now
from saas.erasing import erase_tenant
from saas.jobs import errand, job
from saas.outbox import enqueue
from saas.plans.banner import EXPORT_WINDOW
from saas.scope import connection, current, tenant_scope

RENEWAL: Final = "billing.renewal"
ERASE: Final = "billing.erase"
_ERASE_LIMIT: Final = timedelta(hours=6)
_RENEWAL_TRIES: Final = 30
"""Most of a day, as long as another operation of the chain is in the way: the next chance is a month away."""

_DATES: Final = """
SELECT t.status, t.trial_ends_at, t.cancelled_at, s.subscription_id, s.period_end, s.next_plan, s.next_step
  FROM tenant t LEFT JOIN subscription s ON s.tenant_id = t.tenant_id WHERE t.tenant_id = $1
"""
_LEFT: Final = "SELECT cancelled_at FROM tenant WHERE tenant_id = $1 AND status = 'cancelled'"


@job(JOB, although_closed=True)
async def look(_: dict[str, Any]) -> None:
    """Does whatever is due, and sets the date of the next look. An installation that sells nothing ends no trial."""
    if not enabled():
        return
    await lock_copies()
    row = await connection().fetchrow(_DATES, current().tenant_id)
    if row is None:
        return
    now = await tenant_now()
    await _trial(row["trial_ends_at"], now, bought=row["subscription_id"] is not None)
    if row["next_plan"] is not None and row["next_step"] is None and now >= row["period_end"] - BEFORE_RENEWAL:
        await enqueue(RENEWAL, {})
    if await settle() == "cancelled":
        await _leaving(now)


async def _trial(ends_at: datetime | None, now: datetime, *, bought: bool) -> None:
    """Who has bought is told by Stripe's own event."""
    if ends_at is not None and not bought and ends_at - TRIAL_NOTICE <= now < ends_at:
        await tell_once("billing.trial_ending", ends_at, {"at": ends_at.isoformat(), "card": False})


async def _leaving(now: datetime) -> None:
    left: datetime | None = await connection().fetchval(_LEFT, current().tenant_id)
    if left is None:
        return
    end = left + EXPORT_WINDOW
    if now >= end:
        await enqueue(ERASE, {})
        return
    for call in LAST_CALLS:
        if now >= end - call:
            await tell_once("billing.erasure_near", end - call, {"at": end.isoformat()})


@errand(RENEWAL, although_closed=True, max_attempts=_RENEWAL_TRIES)
async def renew(tenant_id: Any, _: dict[str, Any]) -> None:
    """The smaller plan that was chosen is what the renewal will bill."""
    await downgrading.before_renewal(tenant_id)


@errand(ERASE, although_closed=True, time_limit=_ERASE_LIMIT)
async def erase(tenant_id: Any, _: dict[str, Any]) -> None:
    """Looks again first, at Stripe too: who came back meanwhile stays."""
    if not await _over(tenant_id):
        return
    living = await still_living(tenant_id)
    for subscription in living:
        await read_subscription(tenant_id, subscription)
    if not living and await _over(tenant_id):
        await erase_tenant(tenant_id, "left")


async def _over(tenant_id: UUID) -> bool:
    async with tenant_scope(tenant_id):
        left = await connection().fetchval(_LEFT, tenant_id)
        return left is not None and await tenant_now() >= left + EXPORT_WINDOW
