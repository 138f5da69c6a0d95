"""Whether who made a link may still have what it leads to."""

from typing import Final
from uuid import UUID

from saas.scope import connection, current

_STAFF: Final = """
SELECT EXISTS (SELECT FROM staff s WHERE s.tenant_id = $1 AND s.id = $2 AND s.left_at IS NULL AND s.role = 'owner')"""
_KEY: Final = """
SELECT EXISTS (SELECT FROM platform.api_key k WHERE k.tenant_id = $1 AND k.id = $2 AND k.revoked_at IS NULL)"""


async def may_still(actor: str) -> bool:
    """An owner who is here, or a key that is in use: what a key may, and where, never changes."""
    kind, _, name = actor.partition(":")
    if kind == "staff":
        return bool(await connection().fetchval(_STAFF, current().tenant_id, UUID(name)))
    return kind == "key" and bool(await connection().fetchval(_KEY, current().tenant_id, name))
