"""What was sent to a member, and what became of it; never what it said."""

from typing import Final
from uuid import UUID

import asyncpg

from saas.file_store import file_store
from saas.sandboxed import forget_unsent
from saas.scope import connection, current
from tenants.messages.gateway import file_of

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
_OUT: Final = "SELECT g.id FROM message AS g WHERE g.tenant_id = $1 AND g.member_id = ANY($2::uuid[])"


async def messages_of(members: list[UUID], limit: int, before: UUID | None) -> list[asyncpg.Record]:
    """Messages to these members, the newest first; one more row than `limit` where there are more."""
    return await connection().fetch(_LIST, current().tenant_id, members, before, limit + 1)


async def stop_messages(members: list[UUID]) -> None:
    """What waits for these members isn't sent any more, and its text is gone."""
    await connection().execute(_STOP, current().tenant_id, members)


async def forget_letters(members: list[UUID]) -> None:
    """What a sandbox kept of messages to these members goes; what the local outbox has, once that is committed."""
    tenant_id = current().tenant_id
    rows = await connection().fetch(_OUT, tenant_id, members)
    if not rows:
        return
    await forget_unsent([row["id"] for row in rows])

    async def delete() -> None:
        for row in rows:
            await file_store().delete(tenant_id, f"{tenant_id}/{file_of(row['id'])}")

    current().after_commit.append(delete)
