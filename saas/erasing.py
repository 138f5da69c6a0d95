"""Erasing a chain: every row and file of it. Its people first, so that nobody comes in meanwhile; its own row last.

The operator's role becomes `eraser`, for which row security shows the one tenant that is set. A table is emptied in a
transaction of its own: killed anywhere, the next run goes on. What Stripe keeps of it, Stripe must keep (invoices).
"""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from graphlib import TopologicalSorter
from typing import Final, Literal
from uuid import UUID

import asyncpg
import structlog

from saas.db import Connection, role_pool
from saas.file_store import file_store

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

SECONDS: Final = 1800.0
"""For one table of the largest chain."""

_TABLES: Final = """
SELECT c.oid::regclass::text AS name,
       ARRAY(SELECT k.conrelid::regclass::text FROM pg_constraint k
              WHERE k.contype = 'f' AND k.confrelid = c.oid AND k.conrelid <> c.oid) AS pointed_at_by
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
"""
# The tenant's row orders everybody's look for work, and says that it is gone.
_LAST: Final = ("outbox", "tenant")
_ENTRANCES: Final = (
    "platform.session",
    "platform.api_key",
    "platform.account_tenant",
    "platform.slug",
    "platform.join_code",
    "platform.signup_key",
    "platform.stripe_customer",
    "platform.join_code",
)
_ACCOUNTS: Final = """
SELECT a.account_id FROM platform.account_tenant a WHERE a.tenant_id = $1
   AND NOT EXISTS (SELECT FROM platform.account_tenant b WHERE b.account_id = a.account_id AND b.tenant_id <> $1)
"""
_BESIDE: Final = """
SELECT tenant_id, CASE WHEN sandbox_of IS NULL THEN 'sample' ELSE 'sandbox' END AS why
  FROM tenant WHERE sample_of = $1 OR sandbox_of = $1"""
_KEEP: Final = (
    "INSERT INTO platform.erased_tenant AS e (tenant_id, why, rows) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
)


Why = Literal["left", "operator", "sample", "sandbox"]


async def erase_tenant(tenant_id: UUID, why: Why) -> int:
    """Everything of it, outside of any scope, and the sample chain and the sandbox beside it. Returns how many rows
    went. Who comes again finds nothing to do.
    """
    for row in await (await role_pool("operator")).fetch(_BESIDE, tenant_id):
        await erase_tenant(row["tenant_id"], row["why"])
    gone = await empty_tenant(tenant_id)
    await (await role_pool("operator")).execute(_KEEP, tenant_id, why, gone)
    log.info("tenant erased", erased=str(tenant_id), why=why, rows=gone)
    return gone


async def empty_tenant(tenant_id: UUID, *, but: Collection[str] = ()) -> int:
    """The same of this tenant alone, `but` for these tables, and no word of it is kept."""
    accounts = [row["account_id"] for row in await (await role_pool("gate")).fetch(_ACCOUNTS, tenant_id)]
    gone = 0
    for table in _ENTRANCES:
        if table not in but:
            gone += await _empty(tenant_id, table)
    for account in accounts:
        gone += await _forget(account)
    await file_store().delete_all(tenant_id)
    for table in await _in_order():
        gone += await _empty(tenant_id, table)
    return gone


async def _in_order() -> list[str]:
    """The tenant's tables, those that point at others before them; the tenant's own row and its jobs at the end."""
    rows = await (await role_pool("operator")).fetch(_TABLES)
    pointed_at = TopologicalSorter({row["name"]: row["pointed_at_by"] for row in rows})
    return [name for name in pointed_at.static_order() if name not in _LAST] + list(_LAST)


async def _empty(tenant_id: UUID, table: str) -> int:
    async with _as_eraser(tenant_id) as conn:
        tag = await conn.execute(f"DELETE FROM {table} WHERE tenant_id = $1", tenant_id, timeout=SECONDS)
    return int(tag.removeprefix("DELETE "))


async def _forget(account_id: UUID) -> int:
    """Who works for nobody else. Whom another chain employed a moment ago stays."""
    try:
        async with _as_eraser(account_id) as conn:  # the account's table knows no tenant
            return int((await conn.execute("DELETE FROM platform.account WHERE id = $1", account_id))[7:])
    except asyncpg.ForeignKeyViolationError:
        return 0


@asynccontextmanager
async def _as_eraser(tenant_id: UUID) -> AsyncIterator[Connection]:
    pool = await role_pool("operator")
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute(f"SET LOCAL ROLE eraser; SET LOCAL app.tenant_id = '{tenant_id}'")
        yield conn
