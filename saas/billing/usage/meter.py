"""Stripe's meter of active members: the calls, made with no scope open."""

from datetime import datetime, timedelta
from typing import Final

import stripe

from saas.billing.client import stripe_client
from saas.billing.usage.ledger import Report

EVENT: Final = "regulars_active_members"
"""The meter's event name. Its formula is `last`: of a period the latest value counts."""
_AGAIN: Final = "an event already exists with identifier"
REFUSED: Final = "refused"
_MINUTE: Final = timedelta(minutes=1)


class NoMeterError(LookupError):
    """Stripe has no meter of ours: `regulars billing sync` makes it."""


async def tell(report: Report) -> str | None:
    """Tells Stripe one report: None where it has it, also from before; else why it refuses it (`refused:<code>`).
    Raises stripe.StripeError where that isn't known: the same name may go again.
    """
    try:
        await stripe_client().v1.billing.meter_events.create_async(
            {
                "event_name": EVENT,
                "identifier": report.identifier,
                "timestamp": int(report.at.timestamp()),
                "payload": {"stripe_customer_id": report.customer_id, "value": str(report.value)},
            }
        )
    except stripe.InvalidRequestError as error:
        return None if _is_known(error) else f"{REFUSED}:{error.code or error.param or error.http_status}"
    return None


def _is_known(error: stripe.InvalidRequestError) -> bool:
    """Stripe answers a name that it has with an error, and gives it no code of its own."""
    return _AGAIN in (error.user_message or str(error)).lower()


async def value_of(customer_id: str, start: datetime, end: datetime) -> int | None:
    """What the meter says of a customer from `start` until before `end`, both moved inwards and outwards to whole
    minutes, which is what Stripe asks for; None: nothing was told. It lags behind by minutes.

    Raises NoMeterError, stripe.StripeError.
    """
    first, behind = _up(start), _up(end)
    if behind <= first:
        return None
    summaries = await stripe_client().v1.billing.meters.event_summaries.list_async(
        await _meter_id(),
        {
            "customer": customer_id,
            "start_time": int(first.timestamp()),
            "end_time": int(behind.timestamp()),
            "limit": 1,
        },
    )
    return int(summaries.data[0].aggregated_value) if summaries.data else None


async def _meter_id() -> str:
    meters = await stripe_client().v1.billing.meters.list_async({"status": "active", "limit": 100})
    async for meter in meters.auto_paging_iter():
        if meter.event_name == EVENT:
            return meter.id
    raise NoMeterError(EVENT)


def _up(instant: datetime) -> datetime:
    """To the next whole minute."""
    whole = instant.replace(second=0, microsecond=0)
    return whole if whole == instant else whole + _MINUTE
