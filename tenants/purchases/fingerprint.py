"""What makes two reports of a purchase the same: the till's number is unique for ever, with this content."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def fingerprint(member_id: UUID | None, occurred_at: datetime | None, amount: int, details: str) -> bytes:
    """SHA-256 over member, instant (None: the caller named none), amount in minor units and `details`."""
    moment = "" if occurred_at is None else str((occurred_at - _EPOCH) // _MICROSECOND)
    return hashlib.sha256(f"{member_id or ''}|{moment}|{amount}|{details}".encode()).digest()


def details_digest(details: Mapping[str, Any]) -> str:
    """Hex SHA-256 of whatever else the caller sent; empty where that is nothing."""
    sent = {name: value for name, value in details.items() if value is not None}
    if not sent:
        return ""
    text = json.dumps(sent, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
