"""The lock of whose purchase it is; of a purchase without a member, a claim that stands for it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from saas.claims import hold
from saas.errors import DomainError
from saas.scope import begin_again, connection, current
from tenants.numbers import locking
from tenants.refunds.bought import Bought, find

_TRIES: Final = 20
_LOCK: Final = f"""
WITH {locking("m.status", "m.id = $2 AND m.merged_into IS NULL")}
SELECT l.seq, m.status, l.locked_at + t.clock_offset AS recorded_at
  FROM m JOIN l ON l.id = m.id JOIN tenant t ON t.tenant_id = $1"""
_NOW: Final = "SELECT clock_timestamp() + clock_offset FROM tenant WHERE tenant_id = $1"


@dataclass(frozen=True, slots=True)
class Place:
    """`seq` and `recorded_at` come with the member's lock; without a member None and the clock behind the hold."""

    seq: int | None
    recorded_at: datetime
    status: str | None


async def lock(purchase: Bought) -> tuple[Bought, Place]:
    """Locks, and answers the purchase as it stands behind the lock. Raises DomainError `busy`."""
    if purchase.holder_id is None:
        await hold_alone([purchase.id])
        now = await connection().fetchval(_NOW, current().tenant_id)
        return (await find([purchase.id]))[purchase.id], Place(None, now, None)
    holder_id: UUID | None = purchase.holder_id
    for _ in range(_TRIES):
        row = await connection().fetchrow(_LOCK, current().tenant_id, holder_id)
        purchase = (await find([purchase.id]))[purchase.id]
        if row is not None and purchase.holder_id == holder_id:
            return purchase, Place(row["seq"], row["recorded_at"], row["status"])
        holder_id = purchase.holder_id
        begin_again()
    raise DomainError("busy")


async def hold_alone(purchase_ids: Iterable[UUID]) -> None:
    """Waits until nobody else is about to give these purchases back or to undo them, and holds others off. Only those
    without a member need it, whose lock would do the same.
    """
    await hold(f"alone|{purchase_id}" for purchase_id in purchase_ids)
