"""What the tests of jobs, relay and scheduler share: a bare tenant, jobs that count, a look at the outbox."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from saas import jobs
from saas.jobs import Handler, Job, OnDead
from saas.scope import connection, current, tenant_scope

Json = dict[str, Any]


async def run_as_owner(environ: dict[str, str], sql: str, *values: object) -> list[asyncpg.Record]:
    """One statement as superuser: sees and may everything."""
    conn = await asyncpg.connect(environ["MIGRATOR_DATABASE_URL"])
    try:
        return list(await conn.fetch(sql, *values))
    finally:
        await conn.close()


async def new_tenant(environ: dict[str, str], *, clock_offset: timedelta = timedelta()) -> UUID:
    tenant_id: UUID = uuid7()
    await run_as_owner(
        environ,
        "INSERT INTO tenant (tenant_id, name, slug, template, locale, timezone, currency, status, plan,"
        " programme_version, clock_offset)"
        " VALUES ($1, '青禾', $2, 'general', 'zh-CN', 'Asia/Shanghai', 'CNY', 'active', 'trial', 1, $3)",
        tenant_id,
        f"t-{tenant_id.hex}",
        clock_offset,
    )
    return tenant_id


def register(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    handler: Handler,
    *,
    max_attempts: int = 3,
    time_limit: timedelta = timedelta(seconds=5),
    on_dead: OnDead | None = None,
) -> None:
    """A job for one test."""
    monkeypatch.setitem(jobs._registry, name, Job(name, handler, max_attempts, time_limit, on_dead))


async def mark(payload: Json) -> None:
    """A job whose work can be counted."""
    await connection().execute(
        "INSERT INTO audit (tenant_id, actor, action, target, request_id) VALUES ($1, 'system', 'test.mark', $2, $3)",
        current().tenant_id,
        str(payload.get("n")),
        current().request_id,
    )


async def marks(tenant_id: UUID) -> list[str]:
    async with tenant_scope(tenant_id):
        rows = await connection().fetch(
            "SELECT target FROM audit WHERE tenant_id = $1 AND action = 'test.mark' ORDER BY at, id",
            tenant_id,
        )
    return [row["target"] for row in rows]


async def outbox(tenant_id: UUID) -> list[asyncpg.Record]:
    async with tenant_scope(tenant_id):
        return list(
            await connection().fetch(
                "SELECT *, next_at - clock_timestamp() AS wait FROM outbox WHERE tenant_id = $1 ORDER BY id",
                tenant_id,
            )
        )


async def hurry(tenant_id: UUID) -> None:
    """Makes every row of the tenant due."""
    async with tenant_scope(tenant_id):
        await connection().execute("UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1", tenant_id)
