"""Chains that are nobody's: samples to look around in, and those on which isolation is proved. Nothing of theirs leaves
this machine: no letter, no SMS.
"""

from typing import Final
from uuid import UUID

from saas.scope import connection, tenant_scope

_MADE_UP: Final = "SELECT sample_of IS NOT NULL FROM tenant WHERE tenant_id = $1"


async def is_made_up(tenant_id: UUID) -> bool:
    """Outside of any scope. False for a chain that is gone."""
    async with tenant_scope(tenant_id):
        return bool(await connection().fetchval(_MADE_UP, tenant_id))
