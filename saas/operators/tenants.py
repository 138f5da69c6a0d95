"""Tenants as the operator sees them: which there are, and how large one is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from saas.db import open_pool, role_pool
from saas.scope import connection, tenant_scope

_COLUMNS: Final = (
    "tenant_id, slug, name, template, status, plan, locale, timezone, currency, programme_version, created_at"
)
_COUNTED: Final = ("branch", "staff", "member", "purchase", "decision")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One chain, without anything that belongs to its members."""

    tenant_id: UUID
    slug: str
    name: str
    template: str
    status: str
    plan: str
    locale: str
    timezone: str
    currency: str
    programme_version: int
    created_at: datetime


async def list_tenants() -> list[Tenant]:
    """Every tenant, the newest first."""
    pool = await role_pool("operator")
    rows = await pool.fetch(f"SELECT {_COLUMNS} FROM tenant ORDER BY created_at DESC, tenant_id")
    return [Tenant(**row) for row in rows]


async def find_tenant(name: str) -> Tenant | None:
    """By id or slug."""
    pool = await role_pool("operator")
    row = await pool.fetchrow(
        f"SELECT {_COLUMNS} FROM tenant WHERE tenant_id::text = lower($1) OR slug = lower($1)", name
    )
    return None if row is None else Tenant(**row)


async def sizes(tenant_id: UUID) -> dict[str, int]:
    """How many rows a tenant has of each of the tables that grow. Read inside its scope, as everything."""
    await open_pool()
    async with tenant_scope(tenant_id):
        return {
            table: await connection().fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant_id)
            for table in _COUNTED
        }
