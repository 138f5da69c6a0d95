"""Many activities in one request: applied in the order given, an outcome for each."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from saas.claims import claim
from saas.errors import DomainError
from saas.savepoint import savepoint
from saas.scope import connection, current
from saas.validation import parse_item
from tenants.activities.bodies import ActivityBody
from tenants.activities.record import Recorded, record_activity

MOST: Final = 1000
_NAMED: Final = """
SELECT coalesce(m.merged_into, m.id) AS id FROM member m WHERE m.tenant_id = $1 AND m.id = ANY ($2)
UNION SELECT i.member_id FROM member_identity i
       WHERE i.tenant_id = $1 AND (i.kind = 'phone' AND i.value = ANY ($3) OR i.kind = 'card' AND i.value = ANY ($4))"""
_LOCK: Final = "SELECT 1 FROM member WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"


async def record_batch(items: Sequence[Any]) -> list[Recorded | DomainError]:
    """Records each item in its own savepoint: a bad one changes nothing and stops no other.

    Raises DomainError `batch-too-large`.
    """
    if len(items) > MOST:
        raise DomainError("batch-too-large", params={"limit": MOST})
    parsed = [_parse(item) for item in items]
    good = [item for item in parsed if isinstance(item, ActivityBody)]
    await _lock_in_order(good)
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


async def _lock_in_order(items: Sequence[ActivityBody]) -> None:
    """Locks every member that the batch names, by id: two batches that share members can't deadlock."""
    found = await connection().fetch(
        _NAMED,
        current().tenant_id,
        [item.member_id for item in items if item.member_id is not None],
        [item.phone for item in items if item.phone is not None],
        [item.card_no for item in items if item.card_no is not None],
    )
    wanted: list[UUID] = sorted({row["id"] for row in found})
    await connection().execute(_LOCK, current().tenant_id, wanted)
