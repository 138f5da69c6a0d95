"""Real workers and relays, really killed."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from outbox_support import marks, new_tenant, outbox, run_as_owner
from support.forking import Beside, Forks

from saas.broker import get_broker
from saas.outbox import enqueue
from saas.scope import tenant_scope

Start = Callable[[str], Beside]


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("saas/job_process.py") as made:
        yield made


@pytest.fixture
def start(environ: dict[str, str], forks: Forks) -> Iterator[Start]:
    """Starts `worker` or `relay`; what is left at the end is killed."""
    started: list[Beside] = []

    def launch(what: str) -> Beside:
        started.append(forks.begin(what, environ={**os.environ, **environ}))
        return started[-1]

    yield launch
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
async def tenant_id(database: None, environ: dict[str, str]) -> UUID:
    await run_as_owner(environ, "DELETE FROM outbox")
    get_broker().client.flushall()
    return await new_tenant(environ)


async def put(tenant_id: UUID, name: str, payload: dict[str, Any]) -> None:
    async with tenant_scope(tenant_id):
        await enqueue(name, payload)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, "it didn't happen in time"
        await asyncio.sleep(0.05)


async def at_work(environ: dict[str, str]) -> bool:
    """Whether a worker's transaction sits in the middle of its job."""
    sql = "SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND state = 'idle in transaction'"
    return bool(await run_as_owner(environ, sql))


async def test_a_worker_killed_in_the_middle_of_a_job_costs_time_only(
    tenant_id: UUID, environ: dict[str, str], start: Start
) -> None:
    start("relay")
    victim = start("worker")
    await put(tenant_id, "crash.slow", {"n": 1, "seconds": 2})
    await until(lambda: at_work(environ), 15)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert await marks(tenant_id) == []
    start("worker")

    async def done() -> bool:
        return not await outbox(tenant_id)

    await until(done, 45)  # the lease at the latest
    await asyncio.sleep(0.5)
    assert await marks(tenant_id) == ["1"]


async def test_a_chain_outlives_kills_of_worker_relay_and_queue(tenant_id: UUID, start: Start) -> None:
    last = 400
    relay, worker = start("relay"), start("worker")
    await put(tenant_id, "crash.chain", {"n": 1, "last": last})
    reached = 0
    for blow in range(4):

        async def further(beyond: int = reached) -> bool:
            return len(await marks(tenant_id)) > beyond

        await until(further, 60)
        reached = len(await marks(tenant_id))
        victim = (worker, relay)[blow % 2]
        victim.kill()
        victim.wait()
        if blow == 2:
            get_broker().client.flushall()
        if blow % 2:
            relay = start("relay")
        else:
            worker = start("worker")
        # Not to wait 30 s a blow: the lease runs out at once.
        async with tenant_scope(tenant_id) as scope:
            assert scope.connection is not None
            await scope.connection.execute(
                "UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1", tenant_id
            )

    async def through() -> bool:
        return not await outbox(tenant_id)

    await until(through, 60)
    assert await marks(tenant_id) == [str(n) for n in range(1, last + 1)]


async def test_sigterm_lets_a_short_job_finish(tenant_id: UUID, environ: dict[str, str], start: Start) -> None:
    relay, worker = start("relay"), start("worker")
    await put(tenant_id, "crash.slow", {"n": 1, "seconds": 1})
    await until(lambda: at_work(environ), 15)
    worker.send_signal(signal.SIGTERM)
    relay.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(worker.wait, 10) == 0
    assert await asyncio.to_thread(relay.wait, 10) == 0
    assert await marks(tenant_id) == ["1"]
    assert await outbox(tenant_id) == []


async def test_relay_and_worker_live_through_broken_database_connections(
    tenant_id: UUID, environ: dict[str, str], start: Start
) -> None:
    relay, worker = start("relay"), start("worker")
    for n in (1, 2, 3):
        await put(tenant_id, "crash.slow", {"n": n, "seconds": 0})

        async def done(count: int = n) -> bool:
            return len(await marks(tenant_id)) == count

        await until(done, 60)
        sql = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND usename IN ('app', 'relay')"
        )
        await run_as_owner(environ, sql)
        await until(lambda: reconnected(tenant_id), 10)
    assert (relay.poll(), worker.poll()) == (None, None)


async def reconnected(tenant_id: UUID) -> bool:
    """This process's own pool lost its connections too."""
    try:
        await outbox(tenant_id)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        return False
    return True
