import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from outbox_support import new_tenant, outbox, register, run_as_owner

from saas import scheduler
from saas.chores import SLICE, sweep
from saas.db import role_pool
from saas.outbox import enqueue
from saas.running import drain
from saas.scheduler import advances, drop_schedule, fire_due, next_instant, put_schedule
from saas.scope import connection, tenant_scope

Json = dict[str, Any]
EVERY_DAY: Json = {"job": "test.due", "kind": "every", "seconds": 86_400, "payload": {"ladder": "level"}}


@pytest.fixture
async def tenant_id(database: None, environ: dict[str, str]) -> UUID:
    return await new_tenant(environ)


@pytest.fixture
def due(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The instants that the job got, in order."""
    got: list[str] = []

    async def take(payload: Json) -> None:
        got.append(payload["due_at"])

    register(monkeypatch, "test.due", take)
    return got


async def put(tenant_id: UUID, next_at: datetime, spec: Json = EVERY_DAY, name: str = "daily") -> None:
    async with tenant_scope(tenant_id):
        await put_schedule(name, spec, next_at)


async def schedule(tenant_id: UUID) -> Any:
    async with tenant_scope(tenant_id):
        return await connection().fetchrow("SELECT * FROM schedule WHERE tenant_id = $1", tenant_id)


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


async def test_a_due_schedule_becomes_a_job_and_moves_on(tenant_id: UUID) -> None:
    due_at = ago(minutes=1)
    await put(tenant_id, due_at)
    assert await fire_due(tenant_id) == 1
    assert await fire_due(tenant_id) == 0
    (row,) = await outbox(tenant_id)
    assert row["name"] == "test.due"
    assert row["payload"] == {"due_at": due_at.isoformat(), "schedule": "daily", "ladder": "level"}
    assert row["request_id"]
    assert (await schedule(tenant_id))["next_at"] == due_at + timedelta(days=1)


async def test_ten_schedulers_at_once_fire_once(tenant_id: UUID) -> None:
    await put(tenant_id, ago(minutes=1))
    assert sum(await asyncio.gather(*(fire_due(tenant_id) for _ in range(10)))) == 1
    assert len(await outbox(tenant_id)) == 1


async def test_a_scheduler_that_read_before_another_fired_does_nothing(tenant_id: UUID) -> None:
    await put(tenant_id, ago(minutes=1))
    stale = await schedule(tenant_id)
    pool = await role_pool("relay")
    assert await scheduler._fire(pool, stale) == 1
    assert await scheduler._fire(pool, stale) == 0
    await put(tenant_id, stale["next_at"], {**EVERY_DAY, "seconds": 60})
    assert await scheduler._fire(pool, stale) == 0  # same instant, but another rule by now
    assert len(await outbox(tenant_id)) == 1


async def test_missed_instants_come_in_order_each_once(tenant_id: UUID, due: list[str]) -> None:
    first = ago(days=3, minutes=1)
    await put(tenant_id, first)
    assert await fire_due(tenant_id) == 1
    assert await fire_due(tenant_id) == 0  # the first one's job hasn't run
    while (await drain(tenant_id)).done:
        await fire_due(tenant_id)
    assert due == [(first + timedelta(days=n)).isoformat() for n in range(4)]


async def test_an_instant_waits_for_the_chain_of_the_one_before(
    tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[Any] = []

    async def batch(payload: Json) -> None:
        step = payload.get("step", 0)
        order.append((payload["due_at"][:10], step))
        if step < 2:
            await enqueue("test.due", {**payload, "step": step + 1}, delay=timedelta(seconds=1))

    register(monkeypatch, "test.due", batch)
    first = ago(days=1, minutes=1)
    await put(tenant_id, first)
    for _ in range(6):
        await fire_due(tenant_id)
        await drain(tenant_id)
    days = [first.isoformat()[:10], (first + timedelta(days=1)).isoformat()[:10]]
    assert order == [(day, step) for day in days for step in range(3)]


async def test_schedules_go_by_the_tenants_clock(environ: dict[str, str], database: None) -> None:
    ahead = await new_tenant(environ, clock_offset=timedelta(days=40))
    behind = await new_tenant(environ, clock_offset=timedelta(days=-40))
    await put(ahead, ago(days=-39.9))
    await put(behind, ago(days=39.9))
    assert await fire_due(ahead) == 1
    assert await fire_due(behind) == 0
    await run_as_owner(environ, "UPDATE tenant SET clock_offset = '0' WHERE tenant_id = $1", behind)
    assert await fire_due(behind) == 1


async def test_a_broken_schedule_holds_up_nobody(
    environ: dict[str, str], tenant_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_PAGE", 2)
    for n in range(5):
        spec: Json = {"job": "test.due", "kind": "every", "seconds": -1 if n % 2 else "soon"}
        await put(tenant_id, ago(days=2, minutes=n), spec, f"broken-{n}")
    fine = await new_tenant(environ)
    await put(fine, ago(minutes=1))
    await fire_due()
    assert len(await outbox(fine)) == 1
    assert await outbox(tenant_id) == []


async def test_a_schedule_is_replaced_and_dropped(tenant_id: UUID) -> None:
    await put(tenant_id, ago(minutes=1))
    await put(tenant_id, ago(hours=-1), {**EVERY_DAY, "seconds": 60})
    assert (await schedule(tenant_id))["spec"]["seconds"] == 60
    assert await fire_due(tenant_id) == 0
    async with tenant_scope(tenant_id):
        assert await drop_schedule("daily")
        assert not await drop_schedule("daily")


async def test_unknown_kinds_are_refused_when_they_are_set(tenant_id: UUID) -> None:
    with pytest.raises(LookupError, match="'lunar'"):
        await put(tenant_id, ago(), {"job": "test.due", "kind": "lunar"})


def test_kinds_are_registered_by_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_advances", dict(scheduler._advances))

    @advances("next_year")
    def next_year(_: Json, after: datetime) -> datetime:
        return after.replace(year=after.year + 1)

    assert next_year
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert next_instant({"kind": "next_year"}, start) == datetime(2027, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="twice"):
        advances("next_year")(next_year)
    with pytest.raises(ValueError, match="does not move on"):
        next_instant({"kind": "every", "seconds": 0}, start)


async def test_old_keys_and_sessions_are_swept_in_slices(tenant_id: UUID, environ: dict[str, str]) -> None:
    await run_as_owner(
        environ,
        "INSERT INTO idempotency (tenant_id, key, fingerprint, created_at) SELECT $1, n::text::bytea, 'f',"
        " now() - n * interval '10 s' FROM generate_series(1, $2) n",
        tenant_id,
        SLICE * 3,
    )
    await run_as_owner(
        environ,
        "WITH who AS (INSERT INTO platform.account (id, email, password_hash, locale)"
        " VALUES (gen_random_uuid(), gen_random_uuid() || '@example.com', 'x', 'en') RETURNING id)"
        " INSERT INTO platform.session (token_hash, account_id, tenant_id, staff_id, csrf_token, expires_at)"
        " SELECT sha256(n::text::bytea), id, $1, gen_random_uuid(), 'x', now() + n * interval '1 h'"
        " FROM who, generate_series(-3, 2) n",
        tenant_id,
    )
    await asyncio.gather(sweep(), sweep())
    keys = "SELECT count(*), min(created_at) > now() - interval '24 h' AS young FROM idempotency WHERE tenant_id = $1"
    (left,) = await run_as_owner(environ, keys, tenant_id)
    assert left["young"]
    assert 8_600 < left["count"] < 8_640
    sessions = "SELECT count(*) FROM platform.session WHERE tenant_id = $1"
    assert (await run_as_owner(environ, sessions, tenant_id))[0][0] == 2


async def test_stripes_events_are_kept_for_ninety_days(tenant_id: UUID, environ: dict[str, str]) -> None:
    """No older one comes again: Stripe lists thirty days."""
    mark = tenant_id.hex
    await run_as_owner(
        environ,
        "INSERT INTO stripe_event (tenant_id, id, type, created_at, received_at, via)"
        " SELECT $1, $2 || n, 'x', now(), now() - n * interval '1 day', 'webhook' FROM generate_series(89, 92) n",
        tenant_id,
        mark,
    )
    await run_as_owner(
        environ,
        "INSERT INTO platform.stripe_event_other (id, type, why, received_at)"
        " SELECT $1 || n, 'x', 'type', now() - n * interval '1 day' FROM generate_series(89, 92) n",
        mark,
    )
    await asyncio.gather(sweep(), sweep())
    for table in ("stripe_event", "platform.stripe_event_other"):
        left = await run_as_owner(environ, f"SELECT id FROM {table} WHERE starts_with(id, $1)", mark)
        assert [row["id"] for row in left] == [f"{mark}89"], table
