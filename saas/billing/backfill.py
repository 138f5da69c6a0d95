"""Events that didn't reach us: Stripe lists what it couldn't deliver. Read in turn, handled like those that came."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from stripe.params import EventListParams

from saas.billing.client import enabled, plain, read, stripe_client
from saas.billing.unaddressed import look_at_unaddressed
from saas.billing.webhook import keep, understood
from saas.db import open_pool, role_pool
from saas.errors import DomainError

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

EVERY: Final = timedelta(minutes=15)
OVERLAP: Final = timedelta(hours=1)
"""Read again each time: an event is listed as undelivered while Stripe is still trying, and ours may be on its way."""
OLDEST: Final = timedelta(days=29)
"""Stripe lists thirty days."""
_PAGE: Final = 100

# Several schedulers run: whoever moves the mark reads.
_CLAIM: Final = """
INSERT INTO platform.stripe_backfill AS b (read_to, ran_at) VALUES ($1, clock_timestamp())
ON CONFLICT (single) DO UPDATE SET ran_at = clock_timestamp() WHERE b.ran_at < clock_timestamp() - $2::interval
RETURNING b.read_to
"""
_MARK: Final = "UPDATE platform.stripe_backfill SET read_to = $1"


async def backfill_if_due(every: timedelta = EVERY) -> int:
    """Where nobody did within `every`. Returns how many events were new; 0 also where it isn't our turn."""
    if not enabled():
        return 0
    pool = await role_pool("operator")
    since = await pool.fetchval(_CLAIM, datetime.now(UTC) - OVERLAP, every)
    if since is None:
        return 0
    await open_pool()
    began = datetime.now(UTC)
    found = await read_undelivered(max(since, began - OLDEST))
    await pool.execute(_MARK, began - OVERLAP)
    await look_at_unaddressed()
    return found


async def read_undelivered(since: datetime) -> int:
    """Keeps every undelivered event that was made since then; how many were new. Raises DomainError."""
    client, found, after = stripe_client(), 0, None
    while True:
        wanted: EventListParams = {
            "delivery_success": False,
            "created": {"gte": int(since.timestamp())},
            "limit": _PAGE,
        }
        if after is not None:
            wanted["starting_after"] = after
        page = plain(await read(client.v1.events.list_async(wanted)))
        for event in page["data"]:
            found += await _kept(event)
        if not page["has_more"]:
            return found
        after = page["data"][-1]["id"]


async def _kept(event: dict[str, Any]) -> bool:
    try:
        return await keep(understood(event), "backfill")
    except (KeyError, TypeError, ValueError):
        log.warning("an event that isn't understood", event_id=event.get("id"))
        return False


async def sweep() -> float:
    """For the scheduler's loop. Returns the seconds to the next look; Stripe being away is no reason to stop."""
    try:
        await asyncio.wait_for(backfill_if_due(), 120)
    except (DomainError, TimeoutError) as error:
        log.warning("backfill put off", error=getattr(error, "code", type(error).__name__))
    return 60.0
