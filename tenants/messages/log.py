"""What was sent in the whole chain, and what wasn't and why; never what it said."""

from typing import Any, Final, Literal, get_args
from uuid import UUID

import asyncpg
from pydantic import Field

from saas.scope import connection, current
from saas.validation import ListQuery
from tenants.members.existing import require_member
from tenants.messages.sending import Channel

State = Literal["queued", "sent", "failed", "skipped"]
STATES: Final[tuple[State, ...]] = get_args(State)
CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)

_SHOWN: Final = "g.id, g.member_id, g.channel, g.purpose, g.marketing, g.state, g.error, g.created_at, g.changed_at"
# Each channel and state is walked by its index and the newest of all are kept: a rare one is found as fast as any.
_WALKED: Final = """
SELECT k.* FROM unnest($2::text[]) AS c (channel) CROSS JOIN unnest($3::text[]) AS s (state)
 CROSS JOIN LATERAL (
       SELECT {shown} FROM message AS g
        WHERE g.tenant_id = $1{purpose} AND g.channel = c.channel AND g.state = s.state AND g.id < $4
        ORDER BY g.id DESC LIMIT $5) AS k
 ORDER BY k.id DESC LIMIT $5"""
OF_ALL: Final = _WALKED.format(shown=_SHOWN, purpose="")
OF_PURPOSE: Final = _WALKED.format(shown=_SHOWN, purpose=" AND g.purpose = $6")
_OF_MEMBER: Final = f"""
SELECT {_SHOWN} FROM message AS g
 WHERE g.tenant_id = $1 AND g.channel = ANY($2::text[]) AND g.state = ANY($3::text[]) AND g.id < $4
   AND ($6::text IS NULL OR g.purpose = $6) AND g.member_id = ANY($7::uuid[])
 ORDER BY g.id DESC LIMIT $5"""
_END: Final = UUID(int=2**128 - 1)


class MessagesQuery(ListQuery):
    """All that is given must hold. `purpose`: `campaign:<code>` or what else asks for messages (`wallet_code`)."""

    channel: Channel | None = None
    state: State | None = None
    purpose: str | None = Field(default=None, min_length=1, max_length=100)
    member_id: UUID | None = None


async def messages(query: MessagesQuery, before: UUID | None) -> list[asyncpg.Record]:
    """The newest first, one row more than the query's limit where there are more.

    Raises DomainError `not-found` for a member that isn't there.
    """
    arguments: list[Any] = [
        current().tenant_id,
        [query.channel] if query.channel else list(CHANNELS),
        [query.state] if query.state else list(STATES),
        before or _END,
        query.limit + 1,
    ]
    if query.member_id is not None:
        members = await require_member(query.member_id)
        return await connection().fetch(_OF_MEMBER, *arguments, query.purpose, members)
    if query.purpose is not None:
        return await connection().fetch(OF_PURPOSE, *arguments, query.purpose)
    return await connection().fetch(OF_ALL, *arguments)
