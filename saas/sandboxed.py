"""What is different in a sandbox: who is told of it, and what it would send is kept to be read there.

A sandbox is a tenant of its own (`tenant.sandbox_of`), so all else is as in any chain.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.outbox import enqueue
from saas.scope import connection, current

FOLLOW: Final = "sandbox.follow"
"""Job of a chain: what is beside it closes and opens with it, and who left the one leaves the others."""
MOST_MEMBERS: Final = 10_000
"""Members of a chain beside a real one, a sandbox or a sample: nobody pays for them."""
MOST_LETTERS: Final = 1000
"""Letters that are kept of one sandbox: the newest."""

BESIDE: Final = "coalesce(sandbox_of, sample_of) IS NOT NULL"
"""Of a tenant's row: whether it stands beside a real one."""

_INSIDE: Final = "SELECT sandbox_of IS NOT NULL FROM tenant WHERE tenant_id = $1"
_FULL: Final = "SELECT count(*) >= $2 FROM (SELECT FROM member m WHERE m.tenant_id = $1 LIMIT $2) AS counted"
_FULL_BESIDE: Final = f"SELECT {BESIDE} AND ({_FULL}) FROM tenant WHERE tenant_id = $1"
_BESIDE: Final = """
SELECT EXISTS (SELECT FROM sandbox WHERE tenant_id = $1) OR EXISTS (SELECT FROM sample WHERE tenant_id = $1)"""
_KEEP: Final = """
INSERT INTO sandbox_letter AS l (tenant_id, id, channel, recipient, subject, body, at)
SELECT $1, n.id, n.channel, n.recipient, n.subject, n.body, clock_timestamp() + t.clock_offset
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) AS n (id, channel, recipient, subject, body)
  JOIN tenant t ON t.tenant_id = $1
ON CONFLICT DO NOTHING"""
_FORGET_THESE: Final = "DELETE FROM sandbox_letter AS l WHERE l.tenant_id = $1 AND l.id = ANY ($2::uuid[])"
_FORGET: Final = """
DELETE FROM sandbox_letter AS l WHERE l.tenant_id = $1 AND l.id < (
    SELECT k.id FROM sandbox_letter k WHERE k.tenant_id = $1 ORDER BY k.id DESC OFFSET $2 LIMIT 1)"""


@dataclass(frozen=True, slots=True)
class Unsent:
    """What would have gone out: `id` is a UUIDv7, `channel` is `email` or a message's, `subject` an e-mail's."""

    id: UUID
    channel: str
    recipient: str
    subject: str | None
    body: str


async def in_sandbox() -> bool:
    """Whether the current scope's tenant is a sandbox."""
    return bool(await connection().fetchval(_INSIDE, current().tenant_id))


async def require_live() -> None:
    """Raises DomainError `live-only` in a sandbox."""
    if await in_sandbox():
        raise DomainError("live-only")


async def require_sandbox() -> None:
    """Raises DomainError `sandbox-only` in any other chain."""
    if not await in_sandbox():
        raise DomainError("sandbox-only")


async def require_room() -> None:
    """Raises DomainError `sandbox-full` where the current tenant, beside a real one, has as many members as it may."""
    if await connection().fetchval(_FULL, current().tenant_id, MOST_MEMBERS):
        raise DomainError("sandbox-full", params={"limit": MOST_MEMBERS})


async def is_full() -> bool:
    """Whether the current tenant is one beside a real one, without room for another member."""
    return bool(await connection().fetchval(_FULL_BESIDE, current().tenant_id, MOST_MEMBERS))


async def tell_beside() -> None:
    """To be called where the current tenant closes, opens, or loses somebody: its sandbox and its sample follow."""
    if await connection().fetchval(_BESIDE, current().tenant_id):
        await enqueue(FOLLOW, {})


async def keep_unsent(letters: Sequence[Unsent]) -> None:
    """Instead of sending them; a second time is nothing."""
    tenant_id = current().tenant_id
    columns = zip(*((x.id, x.channel, x.recipient, x.subject, x.body) for x in letters), strict=True)
    await connection().execute(_KEEP, tenant_id, *map(list, columns))
    await connection().execute(_FORGET, tenant_id, MOST_LETTERS - 1)


async def forget_unsent(ids: Sequence[UUID]) -> None:
    """What was kept of these, for a person who is to be forgotten."""
    await connection().execute(_FORGET_THESE, current().tenant_id, list(ids))
