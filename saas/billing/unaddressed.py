"""Events that name no customer, so that none of them is a chain's at first sight: they are put aside, and looked at
here. A meter's error report names the reports that it refused, each of them a chain's; a dispute names a charge.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import structlog

from saas.billing.client import plain, read, stripe_client
from saas.billing.usage.errors import note_meter_error
from saas.billing.webhook import DISPUTED, METER_ERROR, Told, keep
from saas.db import role_pool
from saas.errors import DomainError

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

_UNHANDLED: Final = """
SELECT id, type, object_id, received_at FROM platform.stripe_event_other
 WHERE type = ANY($1::text[]) AND handled_at IS NULL ORDER BY id LIMIT 100
"""
_HANDLED: Final = "UPDATE platform.stripe_event_other SET handled_at = clock_timestamp() WHERE id = $1"


async def look_at_unaddressed() -> int:
    """Every such event that nobody has looked at yet; how many there were. Raises DomainError `billing-unavailable`."""
    pool = await role_pool("operator")
    rows = await pool.fetch(_UNHANDLED, sorted(_LOOKS))
    for row in rows:
        try:
            await _LOOKS[row["type"]](row["id"], row["object_id"], row["received_at"])
        except DomainError as error:
            if error.code != "not-found":
                raise
            log.warning("an event about what Stripe no longer has", event_id=row["id"], type=row["type"])
        await pool.execute(_HANDLED, row["id"])
    return len(rows)


async def _meter_error(event_id: str, _meter: str, _at: datetime) -> None:
    told = plain(await read(stripe_client().v2.core.events.retrieve_async(event_id)))
    for kind in ((told.get("data") or {}).get("reason") or {}).get("error_types") or []:
        for sample in kind.get("sample_errors") or []:
            identifier = (sample.get("request") or {}).get("identifier")
            if identifier is not None:
                await note_meter_error(identifier, kind["code"], sample.get("error_message") or "")


async def _dispute(event_id: str, charge_id: str, at: datetime) -> None:
    """Kept as if it had named its customer."""
    charge: dict[str, Any] = plain(await read(stripe_client().v1.charges.retrieve_async(charge_id)))
    customer = charge.get("customer")
    if customer is not None:
        await keep(Told(event_id, DISPUTED, at, charge_id, customer), "webhook")


_LOOKS: Final[dict[str, Callable[[str, str, datetime], Awaitable[None]]]] = {
    METER_ERROR: _meter_error,
    DISPUTED: _dispute,
}
