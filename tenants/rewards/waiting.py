"""Claims of many members: those that wait to be handed out, and those of one reward."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current

_SHOWN: Final = (
    "c.id, c.reward_id, r.code, r.names, c.member_id, c.points, c.state, c.external_id, c.branch_id, c.recorded_at,"
    " c.changed_at"
)
_FROM: Final = "FROM reward_claim c JOIN reward r ON r.tenant_id = $1 AND r.id = c.reward_id WHERE c.tenant_id = $1"
_WAITING: Final = f"""
SELECT {_SHOWN} {_FROM} AND c.state = 'claimed' AND ($2::uuid IS NULL OR c.id < $2)
   AND ($3::uuid[] IS NULL OR c.branch_id IS NULL OR c.branch_id = ANY ($3)) ORDER BY c.id DESC LIMIT $4"""
_OF_REWARD: Final = f"""
SELECT {_SHOWN} {_FROM} AND c.reward_id = $4 AND ($2::uuid IS NULL OR c.id < $2) ORDER BY c.id DESC LIMIT $3"""
_CLAIMED: Final = """
SELECT r.id, (SELECT count(*) FROM (SELECT FROM reward_claim c WHERE c.tenant_id = $1 AND c.reward_id = r.id
   LIMIT $3) AS few) AS n FROM unnest($2::uuid[]) AS r (id)"""
ONE: Final = f"SELECT {_SHOWN}, c.actor, c.changed_by {_FROM} AND c.id = $2"


async def waiting_claims(before: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Claims that nobody has collected yet, the newest first, one more than `limit` where there are more. Who is bound
    to branches sees those of these, and those that name none.
    """
    own = current().principal.branch_ids
    branches = None if own is None else list(own)
    return await connection().fetch(_WAITING, current().tenant_id, before, branches, limit + 1)


async def claims_of_reward(reward_id: UUID, before: UUID | None, limit: int) -> list[asyncpg.Record]:
    """All claims of one reward, likewise."""
    return await connection().fetch(_OF_REWARD, current().tenant_id, before, limit + 1, reward_id)


async def claim_row(claim_id: UUID) -> asyncpg.Record | None:
    """One claim, with who made it and who ended it."""
    return await connection().fetchrow(ONE, current().tenant_id, claim_id)


async def claimed(reward_ids: Sequence[UUID], most: int) -> dict[UUID, int]:
    """How often each was claimed; one more than `most` where that is more."""
    rows = await connection().fetch(_CLAIMED, current().tenant_id, list(reward_ids), most + 1)
    return {row["id"]: row["n"] for row in rows}
