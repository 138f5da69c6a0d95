import asyncio
from typing import Any
from uuid import UUID

import pytest
import redis
from outbox_support import hurry, mark, marks, new_tenant, outbox, register, run_as_owner

from saas import relay as relay_module
from saas.broker import NAMESPACE, QUEUE, Delivery, get_broker, waiting
from saas.db import role_pool
from saas.loops import repeat
from saas.outbox import LEASE, enqueue
from saas.relay import QUEUE_BOUND, ROWS_A_TENANT, Relay, measure
from saas.running import run_job
from saas.scope import tenant_scope

pytestmark = pytest.mark.usefixtures("clean")


@pytest.fixture
async def clean(database: None, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The relay serves every tenant, so nothing of other tests may be left."""
    await run_as_owner(environ, "DELETE FROM outbox")
    get_broker().client.flushall()
    register(monkeypatch, "test.mark", mark)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Delivery]:
    """What relays send, caught instead of queued."""
    caught: list[Delivery] = []
    monkeypatch.setattr(relay_module, "send", caught.extend)
    return caught


async def put(tenant_id: UUID, count: int = 1) -> None:
    async with tenant_scope(tenant_id):
        for n in range(count):
            await enqueue("test.mark", {"n": n})


async def flood(environ: dict[str, str], tenant_id: UUID, count: int) -> None:
    sql = (
        "INSERT INTO outbox AS o (tenant_id, name, payload, next_at) SELECT $1, 'test.mark', '{}',"
        " clock_timestamp() - interval '1 hour' FROM generate_series(1, $2)"
    )
    await run_as_owner(environ, sql, tenant_id, count)


def queued() -> list[str]:
    """The ids of the outbox rows that wait in Valkey, oldest first."""
    from dramatiq import Message

    client: Any = get_broker().client
    ids = client.lrange(f"{NAMESPACE}:{QUEUE}", 0, -1)
    return [Message.decode(client.hget(f"{NAMESPACE}:{QUEUE}.msgs", i)).args[1] for i in ids]


async def test_due_rows_are_sent_once_within_the_lease(environ: dict[str, str], sent: list[Delivery]) -> None:
    tenant_id = await new_tenant(environ)
    await put(tenant_id, 3)
    relay = Relay()
    await relay.poll()
    await relay.poll()
    rows = await outbox(tenant_id)
    assert sorted(sent) == [Delivery(tenant_id, row["id"], 0) for row in rows]
    assert all(LEASE.total_seconds() - 2 < row["wait"].total_seconds() <= 30 for row in rows)
    await hurry(tenant_id)  # as after the lease
    await relay.poll()
    assert len(sent) == 6


async def test_ten_relays_at_once_send_each_row_once(environ: dict[str, str], sent: list[Delivery]) -> None:
    tenants = [await new_tenant(environ) for _ in range(4)]
    for tenant_id in tenants:
        await put(tenant_id, 25)
    relays = [Relay() for _ in range(10)]
    for _ in range(4):
        await asyncio.gather(*(relay.poll() for relay in relays))
    assert len(sent) == 100
    assert len(set(sent)) == 100


async def test_one_tenants_flood_holds_up_nobody(environ: dict[str, str], sent: list[Delivery]) -> None:
    flooding, others = await new_tenant(environ), [await new_tenant(environ) for _ in range(5)]
    await flood(environ, flooding, 100_000)
    await run_as_owner(environ, "ANALYZE outbox")
    for tenant_id in others:
        await put(tenant_id)
    await Relay().poll()
    assert {delivery.tenant_id for delivery in sent} == {flooding, *others}
    assert len(sent) <= ROWS_A_TENANT + 5

    pool = await role_pool("relay")
    for sql, values in (
        (relay_module._TENANTS, (relay_module._NOBODY, 100)),
        (relay_module._LEASE, ([flooding, *others], 30, LEASE, [])),
    ):
        plan = "\n".join(r[0] for r in await pool.fetch("EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) " + sql, *values))
        assert "Seq Scan" not in plan, plan
        assert "Sort" not in plan, plan


async def test_more_tenants_than_a_poll_takes_all_get_their_turn(
    environ: dict[str, str], sent: list[Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "TENANTS_A_POLL", 2)
    tenants = [await new_tenant(environ) for _ in range(7)]
    for tenant_id in tenants:
        await put(tenant_id, 60)
    relay = Relay()
    for _ in range(5):
        await relay.poll()
    assert {delivery.tenant_id for delivery in sent} == set(tenants)


async def test_the_queue_stays_short_and_every_tenant_gets_in(environ: dict[str, str]) -> None:
    flooding, late = await new_tenant(environ), await new_tenant(environ)
    await flood(environ, flooding, 2_000)
    relay = Relay()
    for _ in range(20):
        await relay.poll()
    assert waiting() == QUEUE_BOUND
    await put(late)
    await relay.poll()
    assert waiting() == QUEUE_BOUND
    get_broker().client.lpop(f"{NAMESPACE}:{QUEUE}", 2)  # a worker takes two
    await relay.poll()
    await relay.poll()
    assert str((await outbox(late))[0]["id"]) in queued()


async def test_rows_sent_again_go_behind_rows_never_sent(environ: dict[str, str], sent: list[Delivery]) -> None:
    tenant_id = await new_tenant(environ)
    await put(tenant_id, 150)
    relay = Relay()
    await relay.poll()
    first = set(sent)
    await run_as_owner(environ, "UPDATE outbox SET next_at = next_at - interval '30 s' WHERE next_at > now()")
    sent.clear()
    await relay.poll()
    await relay.poll()
    assert len(sent) == 100
    assert not first & set(sent)


async def test_a_flushed_valkey_loses_no_work(environ: dict[str, str]) -> None:
    tenant_id = await new_tenant(environ)
    await put(tenant_id, 5)
    relay = Relay()
    await relay.poll()
    assert waiting() == 5
    get_broker().client.flushall()
    get_broker().client.script_flush()
    await relay.poll()
    assert waiting() == 0  # leased: nobody can know yet
    await hurry(tenant_id)
    await relay.poll()
    assert waiting() == 5
    for outbox_id in queued():
        assert await run_job(Delivery(tenant_id, UUID(outbox_id), 0)) == "done"
    assert sorted(await marks(tenant_id)) == ["0", "1", "2", "3", "4"]


async def test_while_valkey_is_away_rows_stay_due(
    environ: dict[str, str], sent: list[Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = await new_tenant(environ)
    await put(tenant_id)
    answers: list[Any] = [redis.ConnectionError("refused"), redis.TimeoutError("slow"), 0]
    stop = asyncio.Event()

    def ask() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        stop.set()
        return int(answer)

    monkeypatch.setattr(relay_module, "waiting", ask)
    await asyncio.wait_for(repeat(Relay().poll, stop), 5)
    assert len(sent) == 1


async def test_a_running_jobs_row_is_not_sent_again(
    environ: dict[str, str], sent: list[Delivery], monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = await new_tenant(environ)
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow(_: dict[str, Any]) -> None:
        started.set()
        await finish.wait()

    register(monkeypatch, "test.mark", slow)
    await put(tenant_id)
    running = asyncio.create_task(run_job(Delivery(tenant_id, (await outbox(tenant_id))[0]["id"], 0)))
    await started.wait()
    await Relay().poll()
    assert sent == []
    finish.set()
    assert await running == "done"


async def test_gauges_show_depth_age_and_dead_letters(environ: dict[str, str]) -> None:
    tenant_id = await new_tenant(environ)
    await put(tenant_id, 3)
    await run_as_owner(
        environ,
        "UPDATE outbox SET next_at = now() - interval '1 h', dead_at = CASE WHEN payload->>'n' = '0' THEN now() END",
    )
    await measure()
    assert relay_module.DEPTH._value.get() == 2
    assert relay_module.DEAD._value.get() == 1
    assert 3600 <= relay_module.OLDEST._value.get() < 3700
    await run_as_owner(environ, "UPDATE outbox SET next_at = now() + interval '20 s', sends = 4")
    await measure()
    assert 100 <= relay_module.OLDEST._value.get() < 110  # sent four times, the last one 10 seconds ago
    await run_as_owner(environ, "UPDATE outbox SET next_at = now() + interval '8 h', sends = 0")
    await measure()
    assert relay_module.OLDEST._value.get() == 0  # it waits for its hour
