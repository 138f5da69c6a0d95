"""What makes two reports of an activity the same: the caller's number is unique for ever, with this content."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from tenants.activities.values import canonical

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def fingerprint(
    kind: str, occurred_at: datetime | None, value: Decimal | None, data: Any, branch_id: UUID | None
) -> bytes:
    """SHA-256 of the content; `occurred_at` None: the caller named none. The member is compared by itself: a merge
    may have given it another id since.
    """
    moment = "" if occurred_at is None else str((occurred_at - _EPOCH) // _MICROSECOND)
    return hashlib.sha256(f"{kind}|{moment}|{branch_id or ''}|{canonical(value, data)}".encode()).digest()
