import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import redis
import structlog
from outbox_support import hurry, mark, marks, new_tenant, outbox, register
from pydantic import BaseModel, ValidationError

from saas import broker
from saas.broker import Delivery
from saas.jobs import backoff, job
from saas.outbox import LEASE, enqueue
from saas.running import Drained, describe, drain, run_job
from saas.scope import ScopeClosedError, connection, current, tenant_scope

Json = dict[str, Any]


@pytest.fixture
async def tenant_id(database: None, environ: dict[str, str]) -> UUID:
    return await new_tenant(environ)


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, "test.mark", mark)


async def put(tenant_id: UUID, name: str, payload: Json | None = None, **how: Any) -> Delivery:
    async with tenant_scope(tenant_id, request_id="the-request"):
        return Delivery(tenant_id, await enqueue(name, payload or {}, **how), 0)


async def fail(_: Json) -> None:
    await mark({"n": "half done"})
    raise RuntimeError("till offline, key rk_live_abc_def_012345")


async def test_a_job_is_as_durable_as_its_fact(tenant_id: UUID) -> None:
    async def undone() -> None:
        async with tenant_scope(tenant_id):
            await enqueue("test.mark", {})
            await enqueue("test.mark", {}, direct=True)
            await connection().execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await undone()
    assert await outbox(tenant_id) == []
    with pytest.raises(ScopeClosedError):
        await enqueue("test.mark", {})
    with pytest.raises(ValueError, match="no delay"):
        await put(tenant_id, "test.mark", direct=True, delay=timedelta(1))


async def test_a_job_run_twice_works_once_and_knows_its_request(tenant_id: UUID) -> None:
    delivery = await put(tenant_id, "test.mark", {"n": 1})
    assert await run_job(delivery) == "done"
    assert await run_job(delivery) == "gone"
    assert await marks(tenant_id) == ["1"]
    assert await outbox(tenant_id) == []
    async with tenant_scope(tenant_id):
        sql = "SELECT request_id FROM audit WHERE tenant_id = $1"
        assert await connection().fetchval(sql, tenant_id) == "the-request"


async def test_a_duplicate_leaves_while_the_first_is_at_work(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow(payload: Json) -> None:
        started.set()
        await finish.wait()
        await mark(payload)

    register(monkeypatch, "test.slow", slow)
    delivery = await put(tenant_id, "test.slow", {"n": 1})
    first = asyncio.create_task(run_job(delivery))
    await started.wait()
    assert await asyncio.wait_for(run_job(delivery), 1) == "gone"
    finish.set()
    assert await first == "done"
    assert await marks(tenant_id) == ["1"]


async def test_failures_are_rolled_back_counted_put_off_and_at_last_dead(
    tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Json, str]] = []

    async def on_dead(payload: Json, error: str) -> None:
        told.append((payload, error))
        await mark({"n": "dead"})

    register(monkeypatch, "test.fail", fail, max_attempts=3, on_dead=on_dead)
    delivery = await put(tenant_id, "test.fail", {"n": 1})
    for attempt in (0, 1):
        assert await run_job(delivery._replace(attempt=attempt)) == "failed"
        (row,) = await outbox(tenant_id)
        assert row["attempts"] == attempt + 1
        full = timedelta(seconds=2 * 2**attempt)
        assert full / 2 - timedelta(seconds=1) < row["wait"] <= full
    assert await run_job(delivery) == "gone"  # a leftover message of the first attempt
    assert told == []

    assert await run_job(delivery._replace(attempt=2)) == "dead"
    (row,) = await outbox(tenant_id)
    assert row["dead_at"] is not None
    assert row["last_error"] == "RuntimeError: till offline, key rk_[redacted]"
    assert told == [({"n": 1}, row["last_error"])]
    assert await marks(tenant_id) == ["dead"]
    assert await run_job(delivery._replace(attempt=3)) == "gone"


async def test_a_job_whose_process_dies_again_and_again_becomes_a_dead_letter(
    tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(payload: Json) -> None:
        await mark(payload)

    register(monkeypatch, "test.deadly", work, max_attempts=1)
    delivery = await put(tenant_id, "test.deadly", {"n": 1})
    async with tenant_scope(tenant_id):  # three starts are on record, none with an end
        await connection().execute("UPDATE outbox SET sends = 5, starts = 3 WHERE tenant_id = $1", tenant_id)
    assert await run_job(delivery) == "dead"
    (row,) = await outbox(tenant_id)
    assert row["last_error"].startswith("ProcessDiedError")
    assert await marks(tenant_id) == []


async def test_a_job_that_was_sent_often_and_waited_only_is_run(
    tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(payload: Json) -> None:
        await mark(payload)

    register(monkeypatch, "test.patient", work)
    delivery = await put(tenant_id, "test.patient", {"n": "late"})
    async with tenant_scope(tenant_id):
        await connection().execute("UPDATE outbox SET sends = 50 WHERE tenant_id = $1", tenant_id)
    assert await run_job(delivery) == "done"
    assert await marks(tenant_id) == ["late"]


async def test_a_broken_on_dead_does_not_keep_its_row_alive(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    async def on_dead(_: Json, __: str) -> None:
        await connection().execute("SELECT 1 / 0")

    register(monkeypatch, "test.fail", fail, max_attempts=1, on_dead=on_dead)
    assert await run_job(await put(tenant_id, "test.fail")) == "dead"
    assert (await outbox(tenant_id))[0]["dead_at"] is not None


async def test_a_swallowed_sql_error_is_a_failure(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    async def swallow(payload: Json) -> None:
        await mark(payload)
        try:
            await connection().execute("SELECT 1 / 0")
        except asyncpg.DivisionByZeroError:
            return

    register(monkeypatch, "test.swallow", swallow)
    assert await run_job(await put(tenant_id, "test.swallow")) == "failed"
    assert "CommitFailedError" in (await outbox(tenant_id))[0]["last_error"]
    assert await marks(tenant_id) == []


async def test_a_job_that_hangs_is_cut_off(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_: Json) -> None:
        await connection().execute("SELECT pg_sleep(30)")

    register(monkeypatch, "test.hang", hang, time_limit=timedelta(seconds=0.2))
    assert await asyncio.wait_for(run_job(await put(tenant_id, "test.hang")), 5) == "failed"
    assert (await outbox(tenant_id))[0]["last_error"].startswith("TimeoutError")


async def test_an_unknown_job_dies_with_a_clear_error(tenant_id: UUID) -> None:
    delivery = await put(tenant_id, "no.such")
    outcomes = [await run_job(delivery._replace(attempt=n)) for n in range(8)]
    assert outcomes == ["failed"] * 7 + ["dead"]
    error = (await outbox(tenant_id))[0]["last_error"]
    assert error == "UnknownJobError: no job is registered as 'no.such'"


async def test_another_tenants_job_is_out_of_reach(tenant_id: UUID, environ: dict[str, str]) -> None:
    delivery = await put(tenant_id, "test.mark", {"n": 1})
    assert await run_job(delivery._replace(tenant_id=await new_tenant(environ))) == "gone"
    assert len(await outbox(tenant_id)) == 1


async def test_logs_of_a_job_carry_tenant_job_and_request(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    bound: list[Json] = []

    async def look(_: Json) -> None:
        bound.append(structlog.contextvars.get_contextvars())

    register(monkeypatch, "test.look", look)
    await run_job(await put(tenant_id, "test.look"))
    assert bound[0]["tenant_id"] == str(tenant_id)
    assert (bound[0]["job"], bound[0]["request_id"]) == ("test.look", "the-request")
    assert "job" not in structlog.contextvars.get_contextvars()


async def test_drain_runs_chains_and_reports(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    async def batch(payload: Json) -> None:
        await mark(payload)
        if payload["n"] < 4:
            await enqueue("test.batch", {"n": payload["n"] + 1}, direct=payload["n"] % 2 == 0)

    register(monkeypatch, "test.batch", batch)
    register(monkeypatch, "test.fail", fail)
    await put(tenant_id, "test.batch", {"n": 1})
    await put(tenant_id, "test.fail")
    await put(tenant_id, "test.mark", delay=timedelta(hours=1))
    assert await drain(tenant_id) == Drained(done=4, failed=1, dead=0)
    assert await marks(tenant_id) == ["1", "2", "3", "4"]
    await hurry(tenant_id)
    assert await drain(tenant_id) == Drained(done=1, failed=1, dead=0)

    async def forever(_: Json) -> None:
        await enqueue("test.forever", {})

    register(monkeypatch, "test.forever", forever)
    await put(tenant_id, "test.forever")
    with pytest.raises(RuntimeError, match="after 5 rounds"):
        await drain(tenant_id, max_rounds=5)


async def test_a_direct_job_is_sent_after_commit_and_leased(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Delivery] = []
    monkeypatch.setattr(broker, "send", sent.extend)
    async with tenant_scope(tenant_id):
        job_id = await enqueue("test.mark", {}, direct=True)
        assert sent == []
    assert sent == [Delivery(tenant_id, job_id, 0)]
    (row,) = await outbox(tenant_id)
    assert LEASE - timedelta(seconds=2) < row["wait"] <= LEASE


async def test_work_is_done_though_the_direct_send_fails(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def away(_: list[Delivery]) -> None:
        tries.append(1)
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(broker, "send", away)
    monkeypatch.setattr(broker._Silence, "until", 0.0)
    for _ in range(2):
        async with tenant_scope(tenant_id):
            await mark({"n": "fact"})
            await enqueue("test.mark", {}, direct=True)
    assert await marks(tenant_id) == ["fact", "fact"]
    assert len(await outbox(tenant_id)) == 2
    assert len(tries) == 1  # then it is left in peace for a while


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        job("test.mark")(mark)


def test_backoff_doubles_to_an_hour() -> None:
    for attempt, full in ((1, 2), (2, 4), (8, 256), (12, 3600), (10_000, 3600)):
        waits = [backoff(attempt).total_seconds() for _ in range(50)]
        assert full / 2 <= min(waits) < max(waits) <= full


def test_errors_are_described_without_secrets_or_rows() -> None:
    class Row(BaseModel):
        phone: int

    with pytest.raises(ValidationError) as refused:
        Row.model_validate({"phone": "+8613800138000x"})
    assert "13800138000" not in describe(refused.value)
    unique = asyncpg.UniqueViolationError("duplicate key value")
    unique.detail = "Key (phone)=(+8613800138000) already exists."
    assert describe(unique) == "UniqueViolationError: duplicate key value"
    assert "hunter2" not in describe(OSError("postgresql://app:hunter2@db/x is away"))
    assert len(describe(ValueError("长" * 9999))) == 500


async def test_the_scope_of_a_job_is_the_systems(tenant_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    async def look(_: Json) -> None:
        seen.append(current().principal.actor)

    register(monkeypatch, "test.look", look)
    await run_job(await put(tenant_id, "test.look"))
    assert seen == ["system"]
