"""Many purchases in one request: applied in the order given, an outcome for each."""

from collections.abc import Sequence
from typing import Any

from saas.claims import claim
from saas.errors import DomainError
from saas.savepoint import savepoint
from saas.validation import parse_item
from tenants.members.locking import lock_named
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.record import record_purchase
from tenants.purchases.recorded import Recorded

MOST = 1000


async def record_batch(items: Sequence[Any]) -> list[Recorded | DomainError]:
    """Records each item in its own savepoint: a bad one changes nothing and stops no other.

    Raises DomainError `batch-too-large`.
    """
    if len(items) > MOST:
        raise DomainError("batch-too-large", params={"limit": MOST})
    parsed = [_parse(item) for item in items]
    good = [item for item in parsed if isinstance(item, PurchaseBody)]
    await lock_named((x.member_id for x in good), (x.phone for x in good), (x.card_no for x in good))
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
