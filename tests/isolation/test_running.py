"""A run is on record whatever becomes of it; when the next one is due; that a scheduler's is a process of its own."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from support.clock import owner

from saas import isolation_proofs
from saas.isolation import run as running
from saas.isolation import weekly
from saas.isolation.chains import throwaway
from saas.isolation_proofs import begin
from saas.settings import get_settings

NIGHT = datetime(2026, 11, 22, 19, tzinfo=UTC)  # 3 o'clock in Shanghai
LAST = "SELECT state, error FROM platform.isolation_proof ORDER BY id DESC LIMIT 1"
CHAINS = "SELECT count(*) FROM tenant WHERE sample_of = $1"


@pytest.fixture(autouse=True)
async def none_at_work(database: None) -> AsyncIterator[None]:
    forget = "DELETE FROM platform.isolation_proof WHERE state = 'running'"
    await (await owner()).execute(forget)
    yield
    await (await owner()).execute(forget)


async def test_what_stopped_a_run_is_kept(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def broken(_: Any, run_id: UUID) -> AsyncIterator[None]:
        raise RuntimeError(f"no chains for {run_id}")
        yield

    monkeypatch.setattr(running, "stage", broken)
    with pytest.raises(RuntimeError, match="no chains"):
        await running.run(app, "schedule")
    row = await (await owner()).fetchrow(LAST)
    assert row["state"] == "failed"
    assert row["error"].startswith("RuntimeError: no chains for")


async def test_one_at_a_time_and_what_died_is_erased_by_the_next(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = await begin("operator")
    assert run_id is not None
    async with throwaway(app, run_id):
        pass  # and nobody erases it: the machine died
    with pytest.raises(running.AtWorkError):
        await running.run(app, "operator")
    assert await (await owner()).fetchval(CHAINS, run_id) == 1
    monkeypatch.setattr(isolation_proofs, "LONGEST", timedelta())
    monkeypatch.setattr(running, "stage", lambda *_: (_ for _ in ()).throw(RuntimeError("far enough")))
    with pytest.raises(RuntimeError, match="far enough"):
        await running.run(app, "operator")
    assert await (await owner()).fetchval(CHAINS, run_id) == 0
    state = "SELECT state FROM platform.isolation_proof WHERE id = $1"
    assert await (await owner()).fetchval(state, run_id) == "failed"


@pytest.mark.parametrize(
    ("now", "begun", "days", "expected"),
    [
        (NIGHT, NIGHT - timedelta(days=7), 7, True),
        (NIGHT, NIGHT - timedelta(days=6, hours=23, minutes=30), 7, True),  # begun a little later last week
        (NIGHT, NIGHT - timedelta(days=6), 7, False),
        (NIGHT + timedelta(hours=6), NIGHT - timedelta(days=30), 7, False),  # by day
        (NIGHT, NIGHT - timedelta(days=30), 0, False),  # never by itself
        (NIGHT, None, 7, False),  # no chain yet
    ],
)
async def test_a_run_is_due_by_night_once_a_week(
    now: datetime, begun: datetime | None, days: int, expected: bool, monkeypatch: pytest.MonkeyPatch, app: Any
) -> None:
    async def last_begun(_: timedelta) -> datetime | None:
        return begun

    changed = get_settings().model_copy(update={"isolation_proof_days": days})
    monkeypatch.setattr(weekly, "get_settings", lambda: changed)
    monkeypatch.setattr(isolation_proofs, "last_begun", last_begun)
    assert await weekly.due(now) is expected


async def test_the_first_is_due_a_day_after_the_first_chain_came(new_chain: Any) -> None:
    await (await owner()).execute("DELETE FROM platform.isolation_proof")
    await new_chain()
    first = await (await owner()).fetchval("SELECT min(created_at) FROM tenant WHERE sample_of IS NULL")
    assert await isolation_proofs.last_begun(timedelta(days=-6)) == first - timedelta(days=6)


async def test_a_scheduler_starts_one_process_and_waits_for_its_end(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    async def always(_: datetime) -> bool:
        return True

    trace = tmp_path / str(uuid4())
    monkeypatch.setattr(weekly, "due", always)
    scheduler = weekly.Weekly((sys.executable, "-S", "-c", f"open({str(trace)!r}, 'a').write('x')"))
    await scheduler.poll()
    process = scheduler._going
    assert process is not None
    await process.wait()
    assert await scheduler.poll() > 60
    assert trace.read_text() == "x"
