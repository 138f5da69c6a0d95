"""Many purchases in one request: applied in the order given, an outcome for each."""

from collections.abc import Sequence
from typing import Any

from saas.claims import claim
from saas.errors import DomainError
from saas.savepoint import savepoint
from saas.validation import parse_item
from tenants.confirming.confirm import member_of_any_code
from tenants.coupons.ledger import lock_printed
from tenants.members.locking import lock_named
from tenants.purchases.bodies import PurchaseBody
from tenants.purchases.context import refs
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
    await _lock(good)
    return [item if isinstance(item, DomainError) else await _one(item) for item in parsed]


async def _lock(items: Sequence[PurchaseBody]) -> None:
    """All that the items are going to wait for, in the order that every writer keeps: a batch of others may name the
    same members, numbers and coupons in another one.
    """
    shown = {item.member_code for item in items if item.member_code is not None}
    by_code = [await member_of_any_code(code) for code in sorted(shown)]
    ids = [*(item.member_id for item in items), *by_code]
    await lock_named(ids, (item.phone for item in items), (item.card_no for item in items))
    await claim(f"purchase|{item.branch_id}|{item.external_id}" for item in items)
    coupons = [refs(item) for item in items]
    await lock_printed([one for given, _ in coupons for one in given], [one for _, given in coupons for one in given])


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
