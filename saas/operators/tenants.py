"""Tenants as the operator sees them: which there are, and how large one is."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from saas.db import open_pool, role_pool
from saas.scope import connection, tenant_scope

_TENANTS: Final = """
SELECT t.tenant_id, t.slug, t.name, t.template, t.status, t.plan, t.locale, t.timezone, t.currency,
       t.programme_version, t.created_at, t.sample_of, t.sandbox_of, p.proved_on, p.differences
  FROM tenant t
  LEFT JOIN LATERAL (SELECT x.proved_on, x.differences FROM proof x
                      WHERE x.tenant_id = t.tenant_id AND x.state = 'done' ORDER BY x.id DESC LIMIT 1) p ON true"""
_COUNTED: Final = ("branch", "staff", "member", "purchase", "decision")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One chain, without anything that belongs to its members. `proved_on`: the local day of its last proof, which
    found so many `differences`; None: never. `sample_of`, `sandbox_of`: the chain beside which this one is.
    """

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
    sample_of: UUID | None
    sandbox_of: UUID | None
    proved_on: date | None
    differences: int | None

    @property
    def proof(self) -> str:
        """For a table."""
        if self.proved_on is None:
            return "never"
        return f"{self.proved_on}, {self.differences} differences" if self.differences else str(self.proved_on)


async def list_tenants() -> list[Tenant]:
    """Every tenant, the newest first."""
    pool = await role_pool("operator")
    rows = await pool.fetch(f"{_TENANTS} ORDER BY t.created_at DESC, t.tenant_id")
    return [Tenant(**row) for row in rows]


async def find_tenant(name: str) -> Tenant | None:
    """By id or slug."""
    pool = await role_pool("operator")
    row = await pool.fetchrow(f"{_TENANTS} WHERE t.tenant_id::text = lower($1) OR t.slug = lower($1)", name)
    return None if row is None else Tenant(**row)


async def sizes(tenant_id: UUID) -> dict[str, int]:
    """How many rows a tenant has of each of the tables that grow. Read inside its scope, as everything."""
    await open_pool()
    async with tenant_scope(tenant_id):
        return {
            table: await connection().fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant_id)
            for table in _COUNTED
        }
