"""What an account does with its own key goes into the audit log of every chain where it works."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from saas.db import role_pool
from saas.principal import SYSTEM
from saas.scope import tenant_scope
from tenants.audit.record import record

_PLACES: Final = "SELECT tenant_id, staff_id FROM platform.account_tenant WHERE account_id = $1 ORDER BY tenant_id"


async def tell_chains(
    account_id: UUID, action: str, request_id: str | None, also: Callable[[UUID], Awaitable[None]] | None = None
) -> None:
    """To be called before the act: it is in every log, or nothing happens. Outside a scope. `also`: what happens in
    each chain with it, to the staff whose id it gets.
    """
    pool = await role_pool("gate")
    for place in await pool.fetch(_PLACES, account_id):
        actor = f"staff:{place['staff_id']}"
        async with tenant_scope(place["tenant_id"], principal=SYSTEM, request_id=request_id):
            await record(action, actor, actor=actor)
            if also is not None:
                await also(place["staff_id"])
