"""The chain of batches: progress, a kill, a newer simulation, other rules meanwhile; and nothing else is written."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from simulated import NOON, Drain, Json, NewChain, ask, card_chain, draft, job, ladder, movers, moves, simulated, spend
from simulated import tier as step
from support.chains import Chain
from support.clock import owner
from support.till import bought, give_back, member, rows

from saas.outbox import enqueue
from saas.running import run_due
from saas.scope import connection, tenant_scope
from tenants.simulation import batches
from tenants.simulation.tables import REMOVE

LOWER: Json = {
    "ladders": [ladder("card", step(0, "regular"), step(1, "silver", spend(1_000)), step(2, "gold", spend(50_000)))]
}


@pytest.fixture
async def chain(new_chain: NewChain) -> Chain:
    return await card_chain(new_chain)


async def crowd(chain: Chain, size: int) -> list[str]:
    """Members who spent 20.00 each."""
    found = []
    for number in range(size):
        found.append(await member(chain))
        await bought(chain, str(number), 2_000, member_id=found[-1])
    return found


async def test_batches_show_progress_and_end_with_all(
    chain: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 3)
    ids = await crowd(chain, 7)
    await draft(chain, LOWER)
    job_id = await ask(chain)
    seen = []
    for _ in range(3):
        assert await run_due(chain.tenant_id) == ["done"]
        found = await job(chain, job_id)
        seen.append((found["state"], round(found["progress"], 2), found["counts"]["winners"]))
    assert seen == [("running", 0.43, 3), ("running", 0.86, 6), ("done", 1, 7)]
    assert await run_due(chain.tenant_id) == []
    assert moves(found["result"]) == {("regular", "silver"): 7}
    assert [row["member_id"] for row in await movers(chain, job_id)] == sorted(ids)
    assert len(await rows(chain, "simulation_move")) == 3


async def test_a_last_batch_that_is_full_ends_as_well(
    chain: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    await crowd(chain, 4)
    assert (await simulated(chain, drain, LOWER))["members"] == 4


async def test_a_batch_that_dies_is_done_whole_later(
    chain: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    await crowd(chain, 5)
    await draft(chain, LOWER)
    progress, failures = batches.progress_job, [1]

    async def once_broken(*arguments: Any) -> None:
        await progress(*arguments)
        if failures:
            failures.pop()
            raise RuntimeError("at the worst moment")

    monkeypatch.setattr(batches, "progress_job", once_broken)
    job_id = await ask(chain)
    assert await run_due(chain.tenant_id) == ["failed"]
    assert await rows(chain, "simulation_move") == await rows(chain, "simulation_count") == []
    await (await owner()).execute("UPDATE outbox SET next_at = now() WHERE tenant_id = $1", chain.tenant_id)
    await drain(chain.tenant_id)
    found = await job(chain, job_id)
    assert (found["state"], found["result"]["members"], moves(found["result"])) == (
        "done",
        5,
        {("regular", "silver"): 5},
    )


async def test_a_job_that_comes_twice_counts_once(chain: Chain, drain: Drain) -> None:
    await crowd(chain, 2)
    result = await simulated(chain, drain, LOWER)
    async with tenant_scope(chain.tenant_id):
        await enqueue("simulation.batch", {"simulation_id": result["job_id"]})
    assert (await drain(chain.tenant_id)).done == 1
    assert (await job(chain, result["job_id"]))["result"]["members"] == 2
    assert sum(row["members"] for row in await rows(chain, "simulation_count")) == 2


async def test_given_up_it_says_so(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    await crowd(chain, 1)
    await draft(chain, LOWER)

    async def broken(_run: Any) -> Any:
        raise RuntimeError("a bug in SELECT * FROM secrets")

    monkeypatch.setattr(batches, "_simulate_next", broken)
    job_id = await ask(chain)
    for _ in range(10):
        await (await owner()).execute("UPDATE outbox SET next_at = now() WHERE tenant_id = $1", chain.tenant_id)
        await run_due(chain.tenant_id)
    found = await job(chain, job_id)
    assert (found["state"], found["error"]) == ("failed", {"code": "internal"})
    answer = await chain.http.get(f"/v1/programme/simulations/{job_id}/members.csv")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/simulation-not-done")


async def test_a_newer_one_ends_the_older(chain: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH", 1)
    await crowd(chain, 3)
    await draft(chain, LOWER)
    first = await ask(chain)
    await run_due(chain.tenant_id)
    second = await ask(chain)
    assert await rows(chain, "simulation_move") == []
    await drain(chain.tenant_id)
    old, new = await job(chain, first), await job(chain, second)
    assert (old["state"], old["error"]) == ("failed", {"code": "simulation-replaced"})
    assert (new["state"], moves(new["result"])) == ("done", {("regular", "silver"): 3})
    assert {str(row["simulation_id"]) for row in await rows(chain, "simulation_move")} == {second}
    assert (await chain.http.get(f"/v1/programme/simulations/{first}/members.csv")).status_code == 409


async def test_one_after_the_other_both_are_kept(chain: Chain, drain: Drain) -> None:
    await crowd(chain, 1)
    first = await simulated(chain, drain, LOWER)
    second = await simulated(chain, drain, LOWER, transition="up_only")
    for result in (first, second):
        assert len(await movers(chain, result["job_id"])) == 1


async def test_other_rules_that_come_into_force_end_it(
    chain: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 1)
    await crowd(chain, 2)
    await draft(chain, LOWER)
    job_id = await ask(chain)
    await run_due(chain.tenant_id)
    answer = await chain.http.post("/v1/programme/draft/publish", json={"transition": "grandfather"})
    assert answer.status_code == 200, answer.text
    await drain(chain.tenant_id)
    found = await job(chain, job_id)
    assert (found["state"], found["error"]) == ("failed", {"code": "programme-changed"})
    assert await rows(chain, "simulation_count") == []


async def test_the_draft_may_change_meanwhile(chain: Chain, drain: Drain) -> None:
    await crowd(chain, 1)
    await draft(chain, LOWER)
    job_id = await ask(chain)
    await draft(chain, {"ladders": [ladder("card", step(0, "regular"))]})
    await drain(chain.tenant_id)
    assert moves((await job(chain, job_id))["result"]) == {("regular", "silver"): 1}


OWN = {"simulation", "simulation_count", "simulation_move", "job", "outbox", "audit", "idempotency"}


async def _others(chain: Chain) -> dict[str, str]:
    """A hash of every other table of the tenant."""
    conn = await owner()
    names = await conn.fetch(
        "SELECT c.relname AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        " ORDER BY 1"
    )
    return {
        row["name"]: await conn.fetchval(
            f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {row['name']} t"
            " WHERE tenant_id = $1",
            chain.tenant_id,
        )
        for row in names
        if row["name"] not in OWN
    }


async def test_nothing_is_written_about_anybody(chain: Chain, drain: Drain) -> None:
    ids = await crowd(chain, 3)
    sale = await bought(chain, "big", 90_000, member_id=ids[0])
    assert (await give_back(chain, sale["id"], "back", 60_000)).status_code == 201
    await draft(chain, LOWER)
    before = await _others(chain)
    assert len(before) > 50
    result = await simulated(chain, drain)
    assert result["winners"] == 2
    assert await _others(chain) == before


async def test_a_week_later_it_is_gone(chain: Chain, drain: Drain) -> None:
    await crowd(chain, 1)
    old, new = await simulated(chain, drain, LOWER), await simulated(chain, drain, LOWER)
    await (await owner()).execute(
        "UPDATE simulation SET created_at = now() - interval '8 days' WHERE tenant_id = $1 AND id = $2",
        chain.tenant_id,
        UUID(old["job_id"]),
    )
    for _ in range(2):
        async with tenant_scope(chain.tenant_id):
            await enqueue(REMOVE, {"due_at": (NOON + timedelta(days=8)).isoformat()})
        assert (await drain(chain.tenant_id)).failed == 0
    assert {str(row["id"]) for row in await rows(chain, "simulation")} == {new["job_id"]}
    assert (await chain.http.get(f"/v1/programme/simulations/{old['job_id']}/members.csv")).status_code == 404
    assert (await job(chain, old["job_id"]))["result"]["members"] == 1
    assert len(await movers(chain, new["job_id"])) == 1


async def test_many_asked_at_once_leave_one(chain: Chain, drain: Drain) -> None:
    await crowd(chain, 1)
    await draft(chain, LOWER)
    jobs = [await ask(chain) for _ in range(4)]
    await drain(chain.tenant_id)
    states = [(await job(chain, one))["state"] for one in jobs]
    assert states == ["failed"] * 3 + ["done"]
    async with tenant_scope(chain.tenant_id):
        states = await connection().fetch("SELECT state FROM simulation WHERE tenant_id = $1", chain.tenant_id)
    assert sorted(row["state"] for row in states) == ["cancelled"] * 3 + ["done"]
