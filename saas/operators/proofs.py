"""The proofs of `regulars verify`, tenant by tenant: members replayed, then the ledgers' checks. They only read."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from saas.db import open_pool
from saas.operators.tenants import Tenant, find_tenant, list_tenants
from saas.scope import connection, snapshot_scope, tenant_scope
from tenants.proofs.finding import Finding, of_ledger
from tenants.proofs.walking import replayed
from tenants.replay.replay import erased, members_after
from tenants.verifying.ledgers import CHECKS, examine

BATCH: Final = 200
CHECK_SECONDS: Final = 3600.0

Progress = Callable[[Tenant, int], None]
"""Told of the tenant at hand and how many of its members are through."""


class UnknownTenantError(LookupError):
    """No tenant has this id or slug."""


@dataclass(slots=True)
class Proved:
    """A tenant, how many members were replayed, how many couldn't be since they are erased, and what differs."""

    tenant: Tenant
    members: int = 0
    erased: int = 0
    found: list[Finding] = field(default_factory=list)


async def prove(name: str | None, *, most: int | None, progress: Progress) -> AsyncIterator[Proved]:
    """Each tenant (or the one of this id or slug), proved: `most` members of it, None all, then its ledgers.

    Raises UnknownTenantError.
    """
    if name is None:
        tenants = await list_tenants()
    else:
        found = await find_tenant(name)
        if found is None:
            raise UnknownTenantError(name)
        tenants = [found]
    await open_pool()
    for tenant in tenants:
        proved = Proved(tenant)
        await _walk(proved, most, progress)
        for check in CHECKS:
            async with tenant_scope(tenant.tenant_id):
                found_there = await examine(connection(), tenant.tenant_id, check, CHECK_SECONDS)
            proved.found += map(of_ledger, found_there)
        yield proved


async def _walk(proved: Proved, most: int | None, progress: Progress) -> None:
    """A snapshot a batch: what one person's facts give is compared with what is stored at the same instant."""
    after: UUID | None = None
    while most is None or proved.members < most:
        async with snapshot_scope(proved.tenant.tenant_id):
            ids = await members_after(after, BATCH if most is None else min(BATCH, most - proved.members))
            if not ids:
                proved.erased = await erased()
                return
            proved.found += await replayed(ids)
        after = ids[-1]
        proved.members += len(ids)
        progress(proved.tenant, proved.members)
