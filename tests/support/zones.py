"""Chains elsewhere, and days that aren't 24 hours long."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from support.chains import Chain
from support.midnights import begin

NewChain = Callable[..., Awaitable[Chain]]
NEW_YORK, SHANGHAI = "America/New_York", "Asia/Shanghai"
SPRING, AUTUMN = "2027-03-14", "2027-11-07"
"""In New York 23 and 25 hours long."""


def at(text: str, zone: str = NEW_YORK, *, again: bool = False) -> datetime:
    """When the zone's clocks show this; `again`: the second time that they do."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=again).astimezone(UTC)


async def open_at(new_chain: NewChain, instant: datetime, zone: str = NEW_YORK) -> Chain:
    """A chain of the zone that signs up at this instant."""
    chain = await new_chain(timezone=zone)
    await begin(chain, instant, zone)
    return chain
