"""A chain that is suspended or cancelled: what it left to do waits, and comes when it trades again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from outbox_support import mark, marks, new_tenant, outbox, register, run_as_owner

from saas import jobs, relay
from saas.broker import Delivery, get_broker
from saas.doctor.server import dead_letters
from saas.outbox import enqueue
from saas.relay import Relay, measure
from saas.running import drain, run_job
from saas.scheduler import fire_due, put_schedule
from saas.scope import tenant_scope

CLOSED = pytest.mark.parametrize("status", ["suspended", "cancelled"])


@pytest.fixture
async def tenant_id(database: None, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> UUID:
    await run_as_owner(environ, "DELETE FROM outbox")
    get_broker().client.flushall()
    for name in ("test.mark", "test.always"):
        register(monkeypatch, name, mark)
    always = replace(jobs._registry["test.always"], although_closed=True)
    monkeypatch.setitem(jobs._registry, "test.always", always)
    return await new_tenant(environ)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Delivery]:
    """What relays send, caught instead of queued."""
    caught: list[Delivery] = []
    monkeypatch.setattr(relay, "send", caught.extend)
    return caught


async def become(environ: dict[str, str], tenant_id: UUID, status: str) -> None:
    await run_as_owner(environ, "UPDATE tenant SET status = $2 WHERE tenant_id = $1", tenant_id, status)


async def put(tenant_id: UUID) -> dict[str, UUID]:
    async with tenant_scope(tenant_id):
        return {name: await enqueue(name, {"n": name}) for name in ("test.mark", "test.always")}


@CLOSED
async def test_jobs_wait_in_the_outbox(
    environ: dict[str, str], tenant_id: UUID, status: str, sent: list[Delivery]
) -> None:
    ids = await put(tenant_id)
    await become(environ, tenant_id, status)
    await Relay().poll()
    assert sent == [Delivery(tenant_id, ids["test.always"], 0)]
    assert await run_job(Delivery(tenant_id, ids["test.mark"], 0)) == "gone"  # it was sent before
    await drain(tenant_id)
    assert await marks(tenant_id) == ["test.always"]
    await become(environ, tenant_id, "past_due")
    await Relay().poll()
    assert sent[1:] == [Delivery(tenant_id, ids["test.mark"], 0)]
    await drain(tenant_id)
    assert await marks(tenant_id) == ["test.always", "test.mark"]


@CLOSED
async def test_what_waits_for_that_is_not_late(environ: dict[str, str], tenant_id: UUID, status: str) -> None:
    await put(tenant_id)
    await run_as_owner(environ, "DELETE FROM outbox WHERE name = 'test.always'")
    await run_as_owner(environ, "UPDATE outbox SET next_at = now() - interval '1 day'")

    class Connection:
        async def fetchrow(self, sql: str, *values: object) -> object:
            return (await run_as_owner(environ, sql, *values))[0]

    (said,) = await dead_letters(Connection())
    await measure()
    assert "1 have waited" in str(said)
    assert relay.OLDEST._value.get() > 86_000
    await become(environ, tenant_id, status)
    (said,) = await dead_letters(Connection())
    await measure()
    assert "none waits" in str(said)
    assert relay.OLDEST._value.get() == 0


@CLOSED
async def test_no_schedule_fires_and_those_missed_come_in_order(
    environ: dict[str, str], tenant_id: UUID, status: str
) -> None:
    first = datetime.now(UTC) - timedelta(days=2, minutes=1)
    spec = {"kind": "every", "seconds": 86_400}
    async with tenant_scope(tenant_id):
        await put_schedule("held", {**spec, "job": "test.mark"}, first)
        await put_schedule("always", {**spec, "job": "test.always"}, first)
    await become(environ, tenant_id, status)
    assert await fire_due(tenant_id) == 1
    assert [row["payload"]["schedule"] for row in await outbox(tenant_id)] == ["always"]
    await run_as_owner(environ, "DELETE FROM schedule WHERE name = 'always'")
    await drain(tenant_id)
    await become(environ, tenant_id, "active")
    seen = []
    while await fire_due(tenant_id):
        seen += [row["payload"]["due_at"] for row in await outbox(tenant_id)]
        await drain(tenant_id)
    assert seen == [(first + timedelta(days=n)).isoformat() for n in range(3)]
