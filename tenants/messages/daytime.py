"""When members may be told what isn't urgent: by day. What falls into the night waits for the morning."""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

FROM: Final = time(9)
UNTIL: Final = time(21)
"""Local times between which it is day."""


def until_morning(now: datetime, zone: ZoneInfo) -> timedelta | None:
    """How long from the instant until members may be told; None: they may be now."""
    local = now.astimezone(zone)
    if FROM <= local.time() < UNTIL:
        return None
    day = local.date() + timedelta(days=local.time() >= UNTIL)
    return datetime.combine(day, FROM, zone).astimezone(UTC) - now.astimezone(UTC)  # a night may lack an hour
