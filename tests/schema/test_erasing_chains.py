"""A chain that has left is erased: every row and file of it, and nothing of its neighbour's."""

from typing import Any

import asyncpg
import httpx
import pytest
from support import catalogue
from support.clock import owner
from support.furnish import Furnished, furnish

from saas import erasing
from saas.erasing import erase_tenant
from saas.file_store import file_store


async def rows_of(chain: Furnished) -> dict[str, int]:
    """By table, of both schemas, whatever secures it."""
    conn = await owner()
    names = [t["name"] for t in await catalogue.tables(conn) if t["has_tenant"]]
    count = "SELECT count(*) FROM {} WHERE tenant_id = $1"
    return {name: await conn.fetchval(count.format(name), chain.chain.tenant_id) for name in names}


async def log_in(client: httpx.AsyncClient, chain: Furnished) -> int:
    sql = "SELECT count(*) FROM platform.account WHERE email = $1"
    found: int = await (await owner()).fetchval(sql, chain.chain.email)
    return found


async def test_everything_goes_and_the_neighbour_keeps_all(
    new_chain: Any, drain: Any, client: httpx.AsyncClient
) -> None:
    leaving, staying = await furnish(await new_chain(), drain, "0001"), await furnish(await new_chain(), drain, "0002")
    before, left = await rows_of(staying), await rows_of(leaving)
    folder = file_store().root / str(leaving.chain.tenant_id)
    assert folder.exists()

    gone = await erase_tenant(leaving.chain.tenant_id, "left")

    assert {name: n for name, n in (await rows_of(leaving)).items() if n} == {"platform.erased_tenant": 1}
    assert gone == sum(left.values()) + 1  # and the account
    assert await rows_of(staying) == before
    assert not folder.exists()
    assert (file_store().root / str(staying.chain.tenant_id)).exists()
    assert await log_in(client, leaving) == 0
    assert (await leaving.chain.http.get("/v1/tenant")).status_code == 401
    assert (await staying.chain.http.get("/v1/tenant")).status_code == 200
    assert await erase_tenant(leaving.chain.tenant_id, "left") == 0


async def test_killed_anywhere_the_next_run_goes_on(
    new_chain: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = await furnish(await new_chain(), drain, "0001")
    empty, tables = erasing._empty, 0

    async def until_killed(tenant_id: Any, table: str) -> int:
        nonlocal tables
        tables += 1
        if tables % 7 == 0:
            raise ConnectionError("killed")
        return await empty(tenant_id, table)

    monkeypatch.setattr(erasing, "_empty", until_killed)
    for _ in range(200):
        try:
            await erase_tenant(chain.chain.tenant_id, "operator")
        except ConnectionError:
            left = await rows_of(chain)
            assert left["public.tenant"] == 1 or not any(left.values())
            if tables > 100:
                break
    monkeypatch.setattr(erasing, "_empty", empty)
    await erase_tenant(chain.chain.tenant_id, "operator")
    assert {name for name, n in (await rows_of(chain)).items() if n} == {"platform.erased_tenant"}


async def test_who_works_for_another_chain_too_stays(new_chain: Any) -> None:
    leaving, staying = await new_chain(), await new_chain()
    conn = await owner()
    account = await conn.fetchval("SELECT id FROM platform.account WHERE email = $1", leaving.email)
    await conn.execute(
        "INSERT INTO platform.account_tenant VALUES ($1, $2, gen_random_uuid(), 'clerk')", account, staying.tenant_id
    )
    await erase_tenant(leaving.tenant_id, "left")
    assert await conn.fetchval("SELECT email FROM platform.account WHERE id = $1", account) == leaving.email


async def test_the_eraser_sees_but_the_chain_that_is_set(new_chain: Any, environ: dict[str, str]) -> None:
    one, other = await new_chain(), await new_chain()
    conn = await asyncpg.connect(environ["OPERATOR_DATABASE_URL"])
    try:
        async with conn.transaction():
            await conn.execute(f"SET LOCAL ROLE eraser; SET LOCAL app.tenant_id = '{one.tenant_id}'")
            assert await conn.fetchval("SELECT count(*) FROM branch WHERE tenant_id = $1", other.tenant_id) == 0
            assert (
                await conn.execute("DELETE FROM programme_version WHERE tenant_id = $1", other.tenant_id) == "DELETE 0"
            )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.fetch("SELECT * FROM member")
    finally:
        await conn.close()
