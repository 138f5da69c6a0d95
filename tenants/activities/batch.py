"""Many activities in one request: applied in the order given, an outcome for each."""

from collections.abc import Sequence
from typing import Any, Final

from saas.claims import claim
from saas.errors import DomainError
from saas.savepoint import savepoint
from saas.validation import parse_item
from tenants.activities.bodies import ActivityBody
from tenants.activities.record import Recorded, record_activity
from tenants.members.locking import lock_named

MOST: Final = 1000


async def record_batch(items: Sequence[Any]) -> list[Recorded | DomainError]:
    """Records each item in its own savepoint: a bad one changes nothing and stops no other.

    Raises DomainError `batch-too-large`.
    """
    if len(items) > MOST:
        raise DomainError("batch-too-large", params={"limit": MOST})
    parsed = [_parse(item) for item in items]
    good = [item for item in parsed if isinstance(item, ActivityBody)]
    await lock_named((x.member_id for x in good), (x.phone for x in good), (x.card_no for x in good))
    # A batch of other members may name the same numbers, in another order.
    await claim(f"activity|{item.external_id}" for item in good)
    return [item if isinstance(item, DomainError) else await _one(item) for item in parsed]


def _parse(item: Any) -> ActivityBody | DomainError:
    try:
        return parse_item(ActivityBody, item)
    except DomainError as error:
        return error


async def _one(item: ActivityBody) -> Recorded | DomainError:
    try:
        async with savepoint():
            return await record_activity(item)
    except DomainError as error:
        return error
