"""The proofs of `regulars verify`, tenant by tenant."""

from collections.abc import AsyncIterator

from saas.db import open_pool
from saas.operators.tenants import Tenant, find_tenant, list_tenants
from saas.scope import tenant_scope
from tenants.verifying.ledgers import Difference, verify_ledgers


class UnknownTenantError(LookupError):
    """No tenant has this id or slug."""


async def prove(name: str | None) -> AsyncIterator[tuple[Tenant, list[Difference]]]:
    """Each tenant (or the one of this id or slug) with what differs in its ledgers. Raises UnknownTenantError."""
    if name is None:
        tenants = await list_tenants()
    else:
        found = await find_tenant(name)
        if found is None:
            raise UnknownTenantError(name)
        tenants = [found]
    await open_pool()
    for tenant in tenants:
        async with tenant_scope(tenant.tenant_id):
            yield tenant, await verify_ledgers()
