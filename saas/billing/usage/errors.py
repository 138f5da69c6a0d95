"""Reports that Stripe took first and found wrong later: it says so in an event about the meter, by their names."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from saas.billing.usage.ledger import mark_failed
from saas.billing.usage.schedule import JOB
from saas.db import role_pool
from saas.outbox import enqueue
from saas.scope import connection, current, tenant_scope

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

PASSING: Final = frozenset({"timestamp_in_future", "no_meter", "archived_meter"})
"""Codes of what doesn't lie in the report itself: the same value goes again, under another name."""
MOST_AGAIN: Final = 5
WAIT: Final = timedelta(minutes=10)
_NUMBER: Final = "~"

_AGAIN: Final = """
INSERT INTO usage_report AS n (tenant_id, identifier, period_start, day, value, counted_at, at)
SELECT r.tenant_id, $3, r.period_start, r.day, r.value, r.counted_at, r.at FROM usage_report r
 WHERE r.tenant_id = $1 AND r.identifier = $2
ON CONFLICT DO NOTHING RETURNING n.identifier"""
_FAILED: Final = """
SELECT r.tenant_id, r.identifier, r.day, r.value, r.at, r.failed FROM usage_report r
 WHERE r.failed IS NOT NULL AND r.at >= clock_timestamp() - $1::interval ORDER BY r.at DESC LIMIT $2"""


@dataclass(frozen=True, slots=True)
class FailedReport:
    """For the operator. `why`: the code of Stripe's event, `refused:…` at once, or `too-late`."""

    tenant_id: UUID
    identifier: str
    day: date
    value: int
    at: datetime
    why: str


async def note_meter_error(identifier: str, code: str, message: str) -> bool:
    """Marks the report of this name as failed, whosever it is, and sends it again where that can help. No scope is
    open. False: it isn't one of ours. Noting it twice does nothing more.
    """
    tenant_id = tenant_of(identifier)
    if tenant_id is None:
        return False
    async with tenant_scope(tenant_id):
        ours = await mark_failed(identifier, code)
        if ours:
            log.error("usage refused", identifier=identifier, code=code, told=message)
            if code in PASSING and await again(identifier):
                await enqueue(JOB, {}, delay=WAIT)
    return ours


async def failed_reports(days: int, most: int) -> list[FailedReport]:
    """What the operator has to look at, of every tenant, the newest first."""
    pool = await role_pool("operator")
    rows = await pool.fetch(_FAILED, timedelta(days=days), most)
    return [FailedReport(*row) for row in rows]


def tenant_of(identifier: str) -> UUID | None:
    """Whose report it is; None: nobody's of ours."""
    try:
        return UUID(identifier.partition(":")[0])
    except ValueError:
        return None


async def again(identifier: str) -> bool:
    """Writes the same report under the next name, in the current scope. False: it was done before, or often enough."""
    base, _, number = identifier.partition(_NUMBER)
    following = int(number or 1) + 1
    if following > MOST_AGAIN:
        return False
    name = f"{base}{_NUMBER}{following}"
    return await connection().fetchval(_AGAIN, current().tenant_id, identifier, name) is not None
