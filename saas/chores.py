"""What the platform tidies up, in slices, so that no chore holds locks for long. Harmless on several
machines.
"""

import asyncio
import logging
from datetime import timedelta
from typing import Final, Literal

from saas.db import role_pool

log = logging.getLogger(__name__)

KEEP_KEYS: Final = timedelta(hours=24)  # how long an idempotency key protects
KEEP_EVENTS: Final = timedelta(days=90)  # Stripe's: it lists thirty days, so none comes again that is older
KEEP_FEED: Final = timedelta(days=31)  # of the chains' own events, of which thirty days are promised
KEEP_LINKS: Final = timedelta(days=7)  # how long an old link still says what became of it
SWEEP_SECONDS: Final = 600.0
SLICE: Final = 5_000
_BREATH_SECONDS: Final = 0.05

# A slice ends at the age of its youngest row; rows are chosen by time alone, as the narrow roles see nothing
# else.
_SLICES: Final[tuple[tuple[Literal["operator", "gate"], str, str, timedelta], ...]] = (
    ("operator", "public.idempotency", "created_at", KEEP_KEYS),
    ("operator", "platform.signup_key", "created_at", KEEP_KEYS),
    ("operator", "public.stripe_event", "received_at", KEEP_EVENTS),
    ("operator", "public.event", "numbered_at", KEEP_FEED),
    ("operator", "public.webhook_delivery", "created_at", KEEP_FEED),
    ("operator", "platform.stripe_event_other", "received_at", KEEP_EVENTS),
    ("gate", "platform.session", "expires_at", timedelta()),
    ("gate", "platform.password_reset", "expires_at", KEEP_LINKS),
)


def _delete(table: str, column: str) -> str:
    return (
        f"DELETE FROM {table} WHERE {column} <= (SELECT max({column}) FROM (SELECT {column} FROM {table}"
        f" WHERE {column} < clock_timestamp() - $1::interval ORDER BY {column} LIMIT $2) AS oldest)"
    )


async def sweep() -> float:
    """Deletes idempotency keys after 24 h, Stripe's events after 90 days, the chains' own after 31, sessions and links
    that have expired; returns the seconds to the next time.
    """
    for role, table, column, keep in _SLICES:
        pool = await role_pool(role)
        total = 0
        while deleted := int((await pool.execute(_delete(table, column), keep, SLICE)).removeprefix("DELETE ")):
            total += deleted
            await asyncio.sleep(_BREATH_SECONDS)
        if total:
            log.info("%s: %d old rows deleted", table, total)
    return SWEEP_SECONDS
