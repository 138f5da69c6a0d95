"""What was sent to a member, and what became of it; never what it said."""

from typing import Final
from uuid import UUID

import asyncpg

from saas.scope import connection, current

_LIST: Final = """
SELECT g.id, g.channel, g.purpose, g.state, g.error, g.created_at, g.changed_at FROM message AS g
 WHERE g.tenant_id = $1 AND g.member_id = ANY($2::uuid[]) AND ($3::uuid IS NULL OR g.id < $3)
 ORDER BY g.id DESC LIMIT $4
"""
_STOP: Final = """
UPDATE message AS g SET state = 'failed', sealed = NULL, error = 'member-left',
       changed_at = (SELECT clock_timestamp() + t.clock_offset FROM tenant AS t WHERE t.tenant_id = $1)
 WHERE g.tenant_id = $1 AND g.member_id = ANY($2::uuid[]) AND g.state = 'queued'
"""


async def messages_of(members: list[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """Messages to these members, the newest first; one more row than `limit` where there are more."""
    return await connection().fetch(_LIST, current().tenant_id, members, before, limit + 1)


async def stop_messages(members: list[UUID]) -> None:
    """What waits for these members isn't sent any more, and its text is gone."""
    await connection().execute(_STOP, current().tenant_id, members)
