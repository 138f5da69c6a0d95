"""The locks of many members at once, in the one order that every writer keeps: by id."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from saas.scope import begin_again, connection, current

_NAMED: Final = """
SELECT coalesce(m.merged_into, m.id) AS id FROM member m WHERE m.tenant_id = $1 AND m.id = ANY ($2)
UNION SELECT i.member_id FROM member_identity i
       WHERE i.tenant_id = $1 AND (i.kind = 'phone' AND i.value = ANY ($3) OR i.kind = 'card' AND i.value = ANY ($4))"""
_LOCK: Final = "SELECT merged_into FROM member WHERE tenant_id = $1 AND id = ANY ($2) ORDER BY id FOR NO KEY UPDATE"


async def lock_named(ids: Iterable[UUID | None], phones: Iterable[str | None], cards: Iterable[str | None]) -> None:
    """Locks every member that these lead to, so that two batches which share members can't deadlock."""
    given = ([value for value in values if value is not None] for values in (ids, phones, cards))
    found = await connection().fetch(_NAMED, current().tenant_id, *given)
    locked = await connection().fetch(_LOCK, current().tenant_id, sorted({row["id"] for row in found}))
    if any(row["merged_into"] is not None for row in locked):
        begin_again()  # merged while we waited: the survivor's lock may come before those we hold
