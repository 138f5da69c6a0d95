"""Tells Stripe every night how many members were active, and at a period's end for the last time.

A period without a report is billed as none at all, so each day's value is told, and the meter keeps the latest. Each
report is committed before it is sent and marked when Stripe has it; killed anywhere in between, it is sent again under
the same name, which Stripe counts once.
"""

import random
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from prometheus_client import Counter

from saas.billing.client import enabled
from saas.billing.usage import meter
from saas.billing.usage.counting import count, forget
from saas.billing.usage.ledger import (
    mark_failed,
    mark_sent,
    read_clock,
    unsent,
    write_days,
    write_final,
)
from saas.billing.usage.periods import Period, period_at
from saas.billing.usage.schedule import JOB, install_usage_schedule
from saas.jobs import TIME_LIMIT, errand
from saas.outbox import enqueue
from saas.scope import tenant_scope

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

ATTEMPTS: Final = 20
"""About ten hours of trying; the next night tells what this one couldn't."""
TOO_LATE: Final = "too-late"
COMPARE: Final = "billing.compare"
"""The job that compares all that we know of a chain's account with what Stripe knows."""
SPREAD: Final = timedelta(hours=3)
"""Over which the night's comparisons are spread: chains of one zone have the same nights."""

REPORTS = Counter("regulars_usage_reports", "Reports of use by what became of them", ["outcome"])


@errand(JOB, max_attempts=ATTEMPTS, time_limit=TIME_LIMIT, although_closed=True)
async def report_days(tenant_id: UUID, payload: dict[str, Any]) -> None:  # noqa: ARG001 - the schedule's own
    """Counts; then tells Stripe of all days that it doesn't know. Raises stripe.StripeError where it is away."""
    async with tenant_scope(tenant_id):
        clock = await read_clock()
        await install_usage_schedule(clock.timezone)
        period = await period_at(clock.now)
        if period is not None:
            await count(period)
        if enabled() and clock.customer_id is not None:
            await write_days(clock)
            await enqueue(COMPARE, {}, delay=SPREAD * random.random())  # noqa: S311  # spreads load, guards nothing
        await forget(clock.now)
    await send_unsent(tenant_id)


async def report_final(tenant_id: UUID, period_start: datetime, period_end: datetime) -> None:
    """Tells Stripe the last value of a period that is over, while its invoice is a draft (an hour). No scope is open.
    May be called again: what was told is not told anew.

    Raises stripe.StripeError where Stripe is away, ValueError for a period that isn't over.
    """
    async with tenant_scope(tenant_id):
        clock = await read_clock()
        if clock.now < period_end:
            raise ValueError(f"the period ends at {period_end.isoformat()}")
        if clock.customer_id is not None:
            await write_final(Period(period_start, period_end, billed=True), clock.timezone)
    await send_unsent(tenant_id)


async def send_unsent(tenant_id: UUID) -> None:
    """Sends what was written, in the order of what it is about: the meter keeps the latest. Raises stripe.StripeError
    where Stripe is away; what it refuses is marked.
    """
    if not enabled():
        return
    async with tenant_scope(tenant_id):
        waiting = await unsent()
    for report in waiting:
        failed = TOO_LATE if report.too_late else await meter.tell(report)
        async with tenant_scope(tenant_id):
            if failed is None:
                await mark_sent(report.identifier)
            else:
                await mark_failed(report.identifier, failed)
                log.error("usage not taken", identifier=report.identifier, value=report.value, why=failed)
        REPORTS.labels("failed" if failed else "sent").inc()
