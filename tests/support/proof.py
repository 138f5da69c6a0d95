"""Replay as tests ask for it: whatever a chain lived through, what is stored is what its facts give."""

from uuid import UUID

from saas.scope import snapshot_scope
from tenants.replay.difference import Difference
from tenants.replay.replay import members_after, replay

SLICE = 500


async def unproved(tenant_id: UUID) -> list[Difference]:
    """Every difference that a replay of all members finds."""
    found: list[Difference] = []
    after: UUID | None = None
    async with snapshot_scope(tenant_id):
        while members := await members_after(after, SLICE):
            found += await replay(members)
            after = members[-1]
    return found
