"""Many purchases in one request: applied in the order given, an outcome for each."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from saas.claims import claim
from saas.errors import DomainError
from saas.savepoint import savepoint
from saas.scope import connection, current
from saas.validation import parse_item
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.record import Recorded, record_purchase

MOST = 1000


async def record_batch(items: Sequence[Any]) -> list[Recorded | DomainError]:
    """Records each item in its own savepoint: a bad one changes nothing and stops no other.

    Raises DomainError `batch-too-large`.
    """
    if len(items) > MOST:
        raise DomainError("batch-too-large", params={"max": MOST})
    parsed = [_parse(item) for item in items]
    good = [item for item in parsed if isinstance(item, PurchaseBody)]
    await _lock_in_order(good)
    # A batch of other members may name the same numbers, in another order.
    await claim(f"purchase|{item.branch_id}|{item.external_id}" for item in good)
    return [item if isinstance(item, DomainError) else await _one(item) for item in parsed]


def _parse(item: Any) -> PurchaseBody | DomainError:
    try:
        return parse_item(PurchaseBody, item)
    except DomainError as error:
        return error


async def _one(item: PurchaseBody) -> Recorded | DomainError:
    try:
        async with savepoint():
            return await record_purchase(item)
    except DomainError as error:
        return error


async def _lock_in_order(items: Sequence[PurchaseBody]) -> None:
    """Locks every member that the batch names, by id: two batches that share members can't deadlock."""
    ids = [item.member_id for item in items if item.member_id is not None]
    phones = [item.phone for item in items if item.phone is not None]
    cards = [item.card_no for item in items if item.card_no is not None]
    found = await connection().fetch(
        "SELECT member_id FROM member_identity WHERE tenant_id = $1"
        " AND (kind = 'phone' AND value = ANY($2::text[]) OR kind = 'card' AND value = ANY($3::text[]))",
        current().tenant_id,
        phones,
        cards,
    )
    wanted: list[UUID] = sorted({*ids, *(row["member_id"] for row in found)})
    await connection().execute(
        "SELECT 1 FROM member WHERE tenant_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE",
        current().tenant_id,
        wanted,
    )
