"""A proof is a chain of slices: cut off anywhere it goes on where it was, and there is one at a time."""

import asyncio
import time
from typing import Any
from uuid import UUID

import pytest
from proving import proof_of, prove
from support.chains import Chain
from support.clock import owner
from support.till import bought, member, rows

from saas.broker import Delivery
from saas.running import run_due, run_job
from saas.scope import connection, tenant_scope
from tenants.proofs import proof, slices

_OUTBOX = "SELECT tenant_id, id, attempts FROM outbox WHERE tenant_id = $1 AND name = 'proof.slice' AND dead_at IS NULL"
_HASTEN = "UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1"


async def the_proof(chain: Chain) -> dict[str, Any]:
    (found,) = await rows(chain, "proof")
    return found


async def test_cut_off_anywhere_it_goes_on_where_it_was(
    chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [await member(chain) for _ in range(3)]
    proved: list[list[str]] = []
    real = slices.replayed

    async def replayed(ids: list[UUID]) -> Any:
        proved.append([str(one) for one in ids])
        if len(proved) == 2:
            raise RuntimeError("the worker is gone")
        return await real(ids)

    monkeypatch.setattr(slices, "replayed", replayed)
    monkeypatch.setattr(slices, "MEMBERS", 1)
    monkeypatch.setattr(slices, "BUDGET_SECONDS", 0.001)
    await chain.http.post("/v1/proof")
    assert await run_due(chain.tenant_id) == ["done"]
    before = await the_proof(chain)
    assert (before["members"], str(before["after_member"])) == (1, members[0])
    assert await run_due(chain.tenant_id) == ["failed"]
    assert await the_proof(chain) == before
    under_way = (await proof_of(chain))["under_way"]
    assert (under_way["state"], under_way["members"]) == ("running", 1)
    assert 0.2 < under_way["progress"] < 0.3
    await (await owner()).execute(_HASTEN, chain.tenant_id)
    await drain(chain.tenant_id)
    assert proved == [[members[0]], [members[1]], [members[1]], [members[2]]]
    assert (await proof_of(chain))["members"] == 3


async def test_a_slice_that_never_works_fails_the_proof_and_the_next_begins_anew(
    chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await prove(chain, drain)
    with monkeypatch.context() as patch:
        patch.setattr(slices, "CHECKS", ["no check"])
        started = (await chain.http.post("/v1/proof")).json()["job_id"]
        for _ in range(12):
            await (await owner()).execute(_HASTEN, chain.tenant_id)
            await run_due(chain.tenant_id)
    told = await proof_of(chain)
    assert (told["state"], told["under_way"], told["failed_at"] is None) == ("proved", None, False)
    assert (await chain.http.get(f"/v1/jobs/{started}")).json()["state"] == "failed"
    await prove(chain, drain)
    assert (await proof_of(chain))["failed_at"] is None


async def test_there_is_one_at_a_time(chain: Chain, drain: Any) -> None:
    asked = [chain.http.post("/v1/proof") for _ in range(4)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [202, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status_code == 409).json()
    assert refused["type"] == "/problems/proof-running"
    row = await (await owner()).fetchrow(_OUTBOX, chain.tenant_id)
    outcomes = await asyncio.gather(*(run_job(Delivery(*row)) for _ in range(3)))
    assert sorted(outcomes) == ["done", "gone", "gone"]
    await drain(chain.tenant_id)
    assert len(await rows(chain, "proof")) == 1


async def test_a_proof_at_work_lets_nobody_wait(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks while a slice is at work hears so at once; and tills sell meanwhile."""
    who = await member(chain)
    real, at_work, asked = slices.replayed, asyncio.Event(), asyncio.Event()

    async def replayed(ids: list[UUID]) -> Any:
        found = await real(ids)
        at_work.set()
        await asked.wait()
        return found

    monkeypatch.setattr(slices, "replayed", replayed)
    await chain.http.post("/v1/proof")
    slice_ = asyncio.create_task(run_due(chain.tenant_id))
    await at_work.wait()
    began = time.monotonic()
    assert (await chain.http.post("/v1/proof")).status_code == 409
    async with tenant_scope(chain.tenant_id):
        await proof.prove_by_night("proof")
    await bought(chain, "1", 60_000, member_id=who)
    assert (await proof_of(chain))["under_way"]["members"] == 0
    assert time.monotonic() - began < 2
    asked.set()
    assert await slice_ == ["done"]
    await drain(chain.tenant_id)
    assert len(await rows(chain, "proof")) == 1
    assert (await proof_of(chain))["state"] == "proved"


async def test_a_worker_that_is_killed_loses_nothing(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sees its connection end in the middle of a slice, and nothing of the slice stays."""
    members = [await member(chain) for _ in range(2)]
    real, killed = slices.replayed, []

    async def replayed(ids: list[UUID]) -> Any:
        found = await real(ids)
        if len(killed) == 0:
            pid = await connection().fetchval("SELECT pg_backend_pid()")
            killed.append(await (await owner()).fetchval("SELECT pg_terminate_backend($1, 5000)", pid))
        return found

    monkeypatch.setattr(slices, "replayed", replayed)
    await chain.http.post("/v1/proof")
    assert await run_due(chain.tenant_id) == ["failed"]
    assert killed == [True]
    assert (await the_proof(chain))["members"] == 0
    await (await owner()).execute(_HASTEN, chain.tenant_id)
    await drain(chain.tenant_id)
    told = await proof_of(chain)
    assert (told["state"], told["members"]) == ("proved", len(members))


async def test_who_lost_its_job_is_taken_up(chain: Chain, drain: Any) -> None:
    """As after a restore to an instant between two slices whose outbox was emptied."""
    first = (await chain.http.post("/v1/proof")).json()["job_id"]
    await (await owner()).execute("DELETE FROM outbox WHERE tenant_id = $1", chain.tenant_id)
    assert await prove(chain, drain) == first
    assert (await proof_of(chain))["state"] == "proved"


async def test_another_chain_has_its_turn_first(chain: Chain, drain: Any) -> None:
    other = await owner()
    await chain.http.post("/v1/proof")
    transaction = other.transaction()
    await transaction.start()
    try:
        assert await other.fetchval(slices._TURN)
        assert await run_due(chain.tenant_id) == ["done"]
        assert (await the_proof(chain))["checks"] == 0
    finally:
        await transaction.rollback()
    await drain(chain.tenant_id)
    assert (await proof_of(chain))["state"] == "proved"


async def test_the_last_thirty_are_kept(chain: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "KEPT", 3)
    started = [await prove(chain, drain) for _ in range(5)]
    assert [str(row["id"]) for row in await rows(chain, "proof")] == started[2:]
