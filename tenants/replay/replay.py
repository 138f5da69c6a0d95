"""The entry to replays: whom to prove, and what differs. All within one `snapshot_scope`."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from saas.scope import connection, current
from tenants.replay.compare import differences
from tenants.replay.difference import Difference
from tenants.replay.facts import load
from tenants.replay.walk import walk

_NEXT: Final = """
SELECT m.id FROM member m
 WHERE m.tenant_id = $1 AND m.status IN ('active', 'closed') AND ($2::uuid IS NULL OR m.id > $2)
 ORDER BY m.id LIMIT $3"""
_ERASED: Final = "SELECT count(*) FROM member WHERE tenant_id = $1 AND status = 'erased'"


async def members_after(after: UUID | None, limit: int) -> list[UUID]:
    """The next members that can be proved: active ones and those who have left. A merged record is proved with its
    survivor; of an erased person the facts are gone.
    """
    rows = await connection().fetch(_NEXT, current().tenant_id, after, limit)
    return [row["id"] for row in rows]


async def erased() -> int:
    """How many members can't be proved any more."""
    found: int = await connection().fetchval(_ERASED, current().tenant_id)
    return found


async def replay(member_ids: Sequence[UUID]) -> list[Difference]:
    """Decides and sums everything again for these members, with all records merged into them; what differs, member by
    member. Writes nothing and takes no locks.
    """
    if not member_ids:
        return []
    chain, people = await load(member_ids)
    return [one for facts in people if not facts.is_erased for one in differences(walk(chain, facts), facts)]
