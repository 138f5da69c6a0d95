"""What every night does to coupons: those whose last day is over expire.

A chain of short batches, each one statement. A killed batch is done whole or not at all; a second run finds nothing
left to do. No member is locked: the guard of each coupon's state is enough, and who uses one on its last day is faster
or was too late.
"""

from typing import Any, Final

from saas.outbox import enqueue
from tenants.coupons.ledger import expire
from tenants.nightly import skip_missed, this_night

JOB: Final = "coupons.expire"
SCHEDULE: Final = "coupons-expiry"
BATCH: Final = 10_000


async def run_expiry(payload: dict[str, Any]) -> None:
    """The job of one batch. A night that was missed is made up for."""
    night = await this_night()
    if not payload.get("going_on"):
        await skip_missed(SCHEDULE, night)
    if await expire(night.now, night.today, BATCH) == BATCH:
        await enqueue(JOB, {**payload, "going_on": True}, direct=True)
