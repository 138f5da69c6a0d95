"""Compares our ledger of use with what Stripe's meter says, and mends what can be mended."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from saas.billing.client import enabled
from saas.billing.usage import meter
from saas.billing.usage.errors import again
from saas.billing.usage.ledger import Clock, read_clock
from saas.billing.usage.reporting import send_unsent
from saas.scope import connection, tenant_scope

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

LAG: Final = timedelta(minutes=15)
"""How long Stripe may take to count what it took."""
DRAFT: Final = timedelta(hours=1)
"""How long behind a period's end its invoice can still change."""

# The last reports of the last two periods, taken or refused: what they say should be what the meter says.
_TOLD: Final = """
SELECT p.period_start, p.period_end, r.identifier, r.value, r.told_at
  FROM (SELECT o.period_start, o.period_end FROM usage_period o WHERE o.tenant_id = $1 AND o.billed
         ORDER BY o.period_start DESC LIMIT 2) p
  JOIN LATERAL (SELECT u.identifier, u.value, coalesce(u.sent_at, u.counted_at) AS told_at FROM usage_report u
                 WHERE u.tenant_id = $1 AND u.period_start = p.period_start
                   AND (u.sent_at IS NOT NULL OR u.failed IS NOT NULL)
                 ORDER BY u.at DESC, u.identifier DESC LIMIT 1) r ON true
 ORDER BY p.period_start"""


@dataclass(frozen=True, slots=True)
class UsageDifference:
    """`ours` is what we told last of the period, `stripes` what the meter says, None where it says nothing. `mended`:
    it was told again; else the period has been billed, or Stripe is still counting.
    """

    period_start: datetime
    ours: int
    stripes: int | None
    mended: bool


async def reconcile_usage(tenant_id: UUID) -> list[UsageDifference]:
    """The differences of the last two periods. No scope is open. Raises stripe.StripeError where Stripe is away,
    `saas.billing.usage.meter.NoMeterError` where it has no meter of ours.
    """
    if not enabled():
        return []
    async with tenant_scope(tenant_id):
        clock = await read_clock()
        told = await connection().fetch(_TOLD, tenant_id)
    found = []
    for row in told if clock.customer_id is not None else ():
        until = min(row["period_end"], clock.now)
        stripes = await meter.value_of(clock.customer_id or "", row["period_start"], until)
        if stripes != row["value"]:
            mended = await _mend(tenant_id, row, clock)
            found.append(UsageDifference(row["period_start"], row["value"], stripes, mended))
            log.warning(
                "usage differs", period_start=row["period_start"].isoformat(), ours=row["value"], stripes=stripes
            )
    if any(one.mended for one in found):
        await send_unsent(tenant_id)
    return found


async def _mend(tenant_id: UUID, row: Any, clock: Clock) -> bool:
    """Whether there is still a use in telling it again, and it is told."""
    if clock.now < row["told_at"] + LAG or clock.now >= row["period_end"] + DRAFT:
        return False
    async with tenant_scope(tenant_id):
        return await again(row["identifier"])
