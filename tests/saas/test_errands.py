"""Jobs that ask somebody outside this machine: no scope is open while they wait, and none is lost."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from outbox_support import hurry, marks, new_tenant, outbox, run_as_owner

from saas import jobs
from saas.broker import Delivery
from saas.jobs import Errand, Job, errand, job
from saas.outbox import enqueue
from saas.running import run_job
from saas.scope import ScopeClosedError, connection, current, tenant_scope

Json = dict[str, Any]
NAME = "test.errand"


@pytest.fixture
async def tenant_id(database: None, environ: dict[str, str]) -> UUID:
    return await new_tenant(environ)


def register(monkeypatch: pytest.MonkeyPatch, handler: Errand, *, seconds: float = 5, **how: Any) -> None:
    limit = timedelta(seconds=seconds)
    monkeypatch.setitem(jobs._registry, NAME, Job(NAME, None, 2, limit, errand=handler, on_dead=None, **how))


async def put(tenant_id: UUID) -> Delivery:
    async with tenant_scope(tenant_id, request_id="the-request"):
        return Delivery(tenant_id, await enqueue(NAME, {"n": 1}), 0)


async def record(tenant_id: UUID, payload: Json) -> None:
    async with tenant_scope(tenant_id):
        await connection().execute(
            "INSERT INTO audit (tenant_id, actor, action, target) VALUES ($1, 'system', 'test.mark', $2)",
            tenant_id,
            str(payload["n"]),
        )


async def test_an_errand_has_no_scope_and_its_row_stays_until_it_is_back(
    tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Json] = []

    async def ask(tenant: UUID, payload: Json) -> None:
        with pytest.raises(ScopeClosedError):
            current()
        seen.extend(await outbox(tenant))
        await record(tenant, payload)

    register(monkeypatch, ask)
    delivery = await put(tenant_id)
    assert await run_job(delivery) == "done"
    assert await run_job(delivery) == "gone"
    assert [row["name"] for row in seen] == [NAME]
    assert await marks(tenant_id) == ["1"]
    assert await outbox(tenant_id) == []


async def test_what_fails_is_tried_again_and_at_last_dead(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(_: UUID, __: Json) -> None:
        raise ConnectionError("nobody answers sk_test_abcdef0123456789")

    register(monkeypatch, refuse)
    delivery = await put(tenant_id)
    assert await run_job(delivery) == "failed"
    assert await run_job(delivery) == "gone"  # the attempt is over
    await hurry(tenant_id)
    assert await run_job(delivery._replace(attempt=1)) == "dead"
    (row,) = await outbox(tenant_id)
    assert row["dead_at"] is not None
    assert "nobody answers" in row["last_error"]
    assert "abcdef0123456789" not in row["last_error"]


async def test_who_is_out_too_long_counts_as_failed(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait(_: UUID, __: Json) -> None:
        await asyncio.sleep(60)

    register(monkeypatch, wait, seconds=0.05)
    delivery = await put(tenant_id)
    assert await run_job(delivery) == "failed"
    assert (await outbox(tenant_id))[0]["attempts"] == 1


async def test_one_that_is_out_is_not_sent_again_before_its_time_is_over(
    tenant_id: UUID, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And where its process died outside, it is: the row is as it was, but for the start that is counted."""
    out, back = asyncio.Event(), asyncio.Event()

    async def wait(_: UUID, __: Json) -> None:
        out.set()
        await back.wait()

    register(monkeypatch, wait, seconds=100)
    delivery = await put(tenant_id)
    first = asyncio.create_task(run_job(delivery))
    await out.wait()
    due = "SELECT next_at > clock_timestamp() + interval '90 s' AS later, starts FROM outbox WHERE tenant_id = $1"
    (row,) = await run_as_owner(environ, due, tenant_id)
    assert (row["later"], row["starts"]) == (True, 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    back.set()
    assert await run_job(delivery) == "done"
    assert await outbox(tenant_id) == []


async def test_two_at_once_end_with_one_row_gone(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    out: list[UUID] = []
    back = asyncio.Event()

    async def meet(tenant: UUID, _: Json) -> None:
        out.append(tenant)
        await back.wait()

    register(monkeypatch, meet)
    delivery = await put(tenant_id)
    runs = []
    for count in (1, 2):  # one after the other: while the row is being taken a second one leaves at once
        runs.append(asyncio.create_task(run_job(delivery)))
        while len(out) < count:
            await asyncio.sleep(0.01)
    back.set()
    outcomes = await asyncio.gather(*runs)
    assert sorted(outcomes) == ["done", "gone"]
    assert await outbox(tenant_id) == []


@pytest.mark.parametrize("exempt", [False, True])
async def test_the_errands_of_a_closed_chain_wait_unless_they_are_exempt(
    tenant_id: UUID, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, exempt: bool
) -> None:
    register(monkeypatch, record, although_closed=exempt)
    delivery = await put(tenant_id)
    await run_as_owner(environ, "UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", tenant_id)
    assert await run_job(delivery) == ("done" if exempt else "gone")
    assert await marks(tenant_id) == (["1"] if exempt else [])


async def test_a_name_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, record)
    with pytest.raises(ValueError, match="registered twice"):
        errand(NAME)(record)
    with pytest.raises(ValueError, match="registered twice"):
        job(NAME)(lambda payload: record(UUID(int=0), payload))
