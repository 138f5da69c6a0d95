"""Whether what Stripe has to tell arrives, and what we have to tell it is taken. Asks the database alone, but for one
look whether our plans are at Stripe.
"""

from typing import Any, Final

import asyncpg

from saas.billing.client import close_stripe, enabled, patience, read, stripe_client
from saas.doctor.finding import Finding, doubtful, ok
from saas.errors import DomainError
from saas.plans.catalogue import PARTS, lookup_key, offered

_FAR: Final = "2 hours"
_MOST: Final = 10
"""Lookup keys that Stripe takes in one question."""
_TOLD: Final = f"""
SELECT (SELECT b.read_to < clock_timestamp() - interval '1 hour' - interval '{_FAR}'
          FROM platform.stripe_backfill b) AS late,
       (SELECT count(*) FROM platform.stripe_event_other e WHERE e.handled_at IS NULL AND e.why = 'object'
           AND e.received_at < clock_timestamp() - interval '{_FAR}') AS unlooked,
       (SELECT count(*) FROM outbox o WHERE o.dead_at IS NOT NULL AND o.name LIKE 'billing.%') AS dead,
       (SELECT count(*) FROM usage_report u WHERE u.failed IS NOT NULL
           AND u.at > clock_timestamp() - interval '35 days') AS refused
"""


async def examine(connection: Any) -> list[Finding]:
    """Nothing where nothing is sold."""
    if not enabled():
        return []
    try:
        row = await connection.fetchrow(_TOLD)
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return []  # said already: the schema is missing, or behind
    found = [finding for finding in (_backfill(row), _jobs(row), _use(row), await _plans()) if finding is not None]
    return found or [ok("billing", "plans are at Stripe, and what it tells arrives")]


def _backfill(row: Any) -> Finding | None:
    if row["late"] is None:
        said = "nobody has looked yet for what Stripe couldn't deliver"
    elif row["late"] or row["unlooked"]:
        said = f"for {_FAR} nobody has looked for what Stripe couldn't deliver"
    else:
        return None
    return doubtful("billing", said, "see that a scheduler runs and reaches Stripe: regulars scheduler")


def _jobs(row: Any) -> Finding | None:
    if not row["dead"]:
        return None
    mend = "look: regulars jobs dead; then mend what they missed: regulars billing reconcile"
    return doubtful("billing", f"{row['dead']} jobs failed for good", mend)


def _use(row: Any) -> Finding | None:
    if not row["refused"]:
        return None
    mend = "usage_report.failed says why; docs/billing.md says what is sent again by itself"
    return doubtful("billing", f"{row['refused']} reports of use were refused within 35 days", mend)


async def _plans() -> Finding | None:
    keys = [lookup_key(one, currency, part) for one in offered() for currency in one.prices for part in PARTS]
    there: set[str | None] = set()
    try:
        async with patience():
            for first in range(0, len(keys), _MOST):
                params: Any = {"lookup_keys": keys[first : first + _MOST], "active": True, "limit": 100}
                told = await read(stripe_client().v1.prices.list_async(params))
                there |= {price.lookup_key for price in told.data}
    except DomainError as error:
        return doubtful("billing", f"Stripe can't be asked: {error.code}", "see STRIPE_API_KEY and the way to Stripe")
    finally:
        await close_stripe()
    missing = sorted(set(keys) - there)
    if not missing:
        return None
    return doubtful(
        "billing", f"{len(missing)} prices aren't at Stripe, {missing[0]} first", "run: regulars billing sync"
    )
