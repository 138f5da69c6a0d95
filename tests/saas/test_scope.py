"""The scope itself: one transaction, one tenant, one connection; closed means closed."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import pytest
from support.chains import Chain
from support.clock import owner
from uuid_utils.compat import uuid7

from saas.db import ENGINE, app_pool
from saas.scope import CommitFailedError, OpenScope, ScopeClosedError, connection, current, tenant_scope
from tenants.audit.record import record
from tenants.branches.tables import Branch

NewChain = Callable[..., Awaitable[Chain]]


async def acts(chain: Chain) -> list[str]:
    rows = await (await owner()).fetch(
        "SELECT target FROM audit WHERE tenant_id = $1 AND action = 'test.act' ORDER BY id", chain.tenant_id
    )
    return [row["target"] for row in rows]


def whole_pool() -> bool:
    return app_pool().get_idle_size() == app_pool().get_size()


async def test_a_scope_commits_at_its_end_and_rolls_back_at_an_exception(chain: Chain) -> None:
    async def fails() -> None:
        async with tenant_scope(chain.tenant_id):
            await record("test.act", "lost")
            raise InterruptedError

    async with tenant_scope(chain.tenant_id):
        await record("test.act", "kept")
        assert await acts(chain) == []
    with pytest.raises(InterruptedError):
        await fails()
    assert await acts(chain) == ["kept"]
    assert whole_pool()


async def test_outside_a_scope_there_is_no_connection(chain: Chain) -> None:
    with pytest.raises(ScopeClosedError):
        connection()
    async with tenant_scope(chain.tenant_id) as scope:
        assert current() is scope
    with pytest.raises(ScopeClosedError):
        current()


async def test_scopes_never_nest_not_even_for_the_same_tenant(new_chain: NewChain) -> None:
    """Piccolo's own nested transaction would do nothing and leave the inner one on the outer's tenant."""
    one, other = await new_chain(), await new_chain()

    async def nested(inner: UUID) -> None:
        async with tenant_scope(one.tenant_id), tenant_scope(inner):
            pass

    for tenant_id in (one.tenant_id, other.tenant_id):
        with pytest.raises(RuntimeError, match="nest"):
            await nested(tenant_id)
    assert whole_pool()


async def test_a_connection_that_comes_back_knows_no_tenant(chain: Chain) -> None:
    async with tenant_scope(chain.tenant_id):
        assert await connection().fetchval("SELECT count(*) FROM branch") == 1
    connections = [await app_pool().acquire() for _ in range(app_pool().get_size())]
    try:
        for conn in connections:
            with pytest.raises((asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError)):
                await conn.fetch("SELECT tenant_id FROM branch")
    finally:
        for conn in connections:
            await app_pool().release(conn)


async def test_piccolos_queries_run_in_the_scope(chain: Chain) -> None:
    async with tenant_scope(chain.tenant_id):
        found = await Branch.select(Branch.id).where(Branch.tenant_id == chain.tenant_id)
        backend = await connection().fetchval("SELECT pg_backend_pid()")
        (row,) = await ENGINE.run_querystring(Branch.raw("SELECT pg_backend_pid() AS pid").querystrings[0])
        assert row["pid"] == backend
    assert [str(row["id"]) for row in found] == [chain.branch_id]


async def test_scopes_of_different_tasks_are_different_transactions(new_chain: NewChain) -> None:
    chains = [await new_chain() for _ in range(3)]

    async def work(chain: Chain) -> list[UUID]:
        seen = []
        for _ in range(10):
            async with tenant_scope(chain.tenant_id):
                await asyncio.sleep(0)
                rows = await connection().fetch("SELECT tenant_id FROM branch")
                seen += [row["tenant_id"] for row in rows]
        return seen

    found = await asyncio.gather(*(work(chain) for chain in chains * 4))
    assert [set(seen) for seen in found] == [{chain.tenant_id} for chain in chains * 4]
    assert whole_pool()


async def test_a_swallowed_sql_error_fails_the_commit(chain: Chain) -> None:
    async def swallows() -> None:
        async with tenant_scope(chain.tenant_id):
            await record("test.act", "lost")
            try:
                await connection().execute("SELECT 1 / 0")
            except asyncpg.DivisionByZeroError:
                await asyncio.sleep(0)

    with pytest.raises(CommitFailedError):
        await swallows()
    assert await acts(chain) == []
    assert whole_pool()


async def test_a_lost_connection_is_said_and_does_not_hide_the_reason(chain: Chain) -> None:
    conn = await owner()

    async def loses(raising: Exception | None) -> None:
        async with tenant_scope(chain.tenant_id):
            await record("test.act", "lost")
            pid = await connection().fetchval("SELECT pg_backend_pid()")
            await conn.execute("SELECT pg_terminate_backend($1, 5000)", pid)
            await asyncio.sleep(0.05)
            if raising:
                raise raising
            await connection().fetchval("SELECT 1")

    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await loses(None)
    with pytest.raises(InterruptedError):
        await loses(InterruptedError())
    assert await acts(chain) == []
    async with tenant_scope(chain.tenant_id):
        await record("test.act", "next")
    assert await acts(chain) == ["next"]


async def test_a_cancelled_scope_leaves_nothing_and_gives_its_connection_back(chain: Chain) -> None:
    async def long() -> None:
        async with tenant_scope(chain.tenant_id):
            await record("test.act", "lost")
            await connection().execute("SELECT pg_sleep(5)")

    task = asyncio.create_task(long())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(100):
        if whole_pool():
            break
        await asyncio.sleep(0.02)
    assert whole_pool()
    assert await acts(chain) == []


async def test_many_cancelled_at_any_moment_lose_no_connection_and_mix_no_tenants(new_chain: NewChain) -> None:
    one, other = await new_chain(), await new_chain()

    async def work(chain: Chain) -> None:
        async with tenant_scope(chain.tenant_id):
            rows = await connection().fetch("SELECT tenant_id FROM branch, pg_sleep(0.003)")
            assert {row["tenant_id"] for row in rows} == {chain.tenant_id}

    for delay in range(60):
        tasks = [asyncio.create_task(work(chain)) for chain in (one, other, one)]
        await asyncio.sleep(delay / 5000)
        for task in tasks[:2]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [o for o in outcomes if isinstance(o, Exception) and not isinstance(o, asyncio.CancelledError)]
    for _ in range(100):
        if whole_pool():
            break
        await asyncio.sleep(0.02)
    assert whole_pool()


async def test_after_commit_runs_after_and_only_then(chain: Chain) -> None:
    told: list[list[str]] = []

    async def look() -> None:
        told.append(await acts(chain))

    async def boom() -> None:
        raise ConnectionRefusedError

    async def fails() -> None:
        async with tenant_scope(chain.tenant_id) as scope:
            scope.after_commit.append(look)
            raise InterruptedError

    async with tenant_scope(chain.tenant_id) as scope:
        await record("test.act", "done")
        scope.after_commit += [boom, look]
    assert told == [["done"]]
    with pytest.raises(InterruptedError):
        await fails()
    assert told == [["done"]]


async def test_a_scope_of_nobody_sees_nothing() -> None:
    async with tenant_scope(uuid7()):
        for table in ("tenant", "member", "purchase", "decision", "platform.api_key"):
            assert await connection().fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_ended_twice_is_an_error(chain: Chain) -> None:
    from saas.principal import SYSTEM

    opened = OpenScope(chain.tenant_id, SYSTEM, None)
    await opened.begin()
    try:
        await opened.commit()
        with pytest.raises(ScopeClosedError):
            await opened.commit()
        with pytest.raises(ScopeClosedError):
            connection()
    finally:
        opened.leave()
    assert whole_pool()
