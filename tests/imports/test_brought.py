"""Whom an import's purchases show to have been brought: counted before the import's tiers are decided."""

from dataclasses import replace
from typing import Any

import pytest
from support.clock import owner

from saas import jobs, running
from saas.outbox import enqueue
from saas.scope import tenant_scope
from tenants.imports import purchases_brought

HEADER = "external_id,member,occurred_at,amount\n"
BROUGHT = {"metric": "referrals", "window": {"type": "lifetime"}, "gte": 2}


async def rules(chain: Any, upgrade: str) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["policy"]["upgrade"] = upgrade
    ladder["tiers"] = [
        {"code": "base", "rank": 0, "names": {"zh-CN": "普通", "en": "Base"}},
        {"code": "top", "rank": 1, "names": {"zh-CN": "高级", "en": "Top"}, "qualify": BROUGHT},
    ]
    document["ladders"] = [ladder]
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200


async def member(chain: Any, **fields: Any) -> str:
    answer = await chain.http.post("/v1/members", json={"name": "王秀", **fields})
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


@pytest.fixture
async def family(imports: Any) -> Any:
    """R brought E0, E1 and E2."""
    one = await member(imports.chain, external_id="R")
    for n in range(3):
        await member(imports.chain, external_id=f"E{n}", referrer_id=one)
    await imports.drain(imports.chain.tenant_id)
    return imports


async def decided(imports: Any) -> list[tuple[str, ...]]:
    found = await imports.query(
        "SELECT m.external_id, d.to_tier, d.cause FROM decision d JOIN member m ON m.tenant_id = d.tenant_id"
        " AND m.id = d.member_id WHERE d.tenant_id = $1 ORDER BY d.id"
    )
    return [tuple(row.values()) for row in found]


async def counted(imports: Any) -> int:
    (row,) = await imports.query("SELECT count(counted_on) AS n FROM referral WHERE tenant_id = $1")
    found: int = row["n"]
    return found


@pytest.mark.parametrize("upgrade", ["immediate", "scheduled"])
async def test_the_recalculation_knows_every_count(upgrade: str, family: Any) -> None:
    await rules(family.chain, upgrade)
    file = HEADER + "S0,E0,2026-03-10,1\nS1,E1,2026-03-11,1\nS2,R,2026-03-11,1\n"
    done = await family.run(file, "purchases")
    assert (done["state"], done["imported"]) == ("done", 3)
    assert await decided(family) == [("R", "top", "recalculation")]
    job = (await family.http.get(f"/v1/jobs/{done['recalculation_id']}")).json()
    assert job["result"]["upgraded"] == 1
    assert [row["to_day"] is not None for row in await family.query(
        "SELECT to_day FROM referral_move WHERE tenant_id = $1")] == [True, True]  # fmt: skip


async def test_the_import_is_through_when_all_are_counted(family: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One a job here."""
    monkeypatch.setattr(purchases_brought, "CHUNK", 1)
    await rules(family.chain, "scheduled")
    sent = await family.send(HEADER + "".join(f"S{n},E{n},2026-03-1{n},1\n" for n in range(3)), "purchases")
    import_id = sent.json()["import_id"]
    states = []
    while (state := (await family.read(import_id))["state"]) != "done":
        states.append((state, await counted(family)))
        await running.run_due(family.chain.tenant_id)
    assert states == [("queued", 0), *(("running", n) for n in range(4))]
    assert await decided(family) == []
    await family.drain(family.chain.tenant_id)
    assert await decided(family) == [("R", "top", "recalculation")]


async def test_an_earlier_file_moves_the_day_and_a_job_twice_is_once(family: Any) -> None:
    await rules(family.chain, "scheduled")
    await family.run(HEADER + "S0,E0,2026-03-10,1\nS1,E1,2026-03-11,1\n", "purchases", evaluate=False)
    assert (await counted(family), await decided(family)) == (2, [])
    done = await family.run(HEADER + "S2,E1,2026-03-01,1\n", "purchases")
    assert await decided(family) == [("R", "top", "recalculation")]
    tables = ("referral", "referral_move", "measure_day", "decision", "import_run", "recalculation")
    before = [await family.query(f"SELECT * FROM {table} WHERE tenant_id = $1") for table in tables]
    async with tenant_scope(family.chain.tenant_id):
        for number in (0, 1, 2):
            payload = {"import_id": done["id"], "batch": number, "after": f"{0:032x}"}
            await enqueue(purchases_brought.JOB, payload)
    assert (await family.drain(family.chain.tenant_id)).done == 3
    assert [await family.query(f"SELECT * FROM {table} WHERE tenant_id = $1") for table in tables] == before


async def test_what_tills_sold_is_left_to_their_own_jobs(family: Any) -> None:
    """They decide at once; an import that isn't to be evaluated mustn't take their counts."""
    await rules(family.chain, "immediate")
    for n in range(2):
        (one,) = await family.query("SELECT id::text FROM member WHERE tenant_id = $1 AND external_id = $2", f"E{n}")
        sale = {"member_id": one["id"], "external_id": f"T{n}", "amount": 1, "external_amounts": True}
        answer = await family.http.post("/v1/purchases", json={**sale, "branch_id": family.chain.branch_id})
        assert answer.status_code == 201, answer.text
    hold = "UPDATE outbox SET next_at = $2 WHERE tenant_id = $1 AND name = 'referrals.count'"
    conn, tenant_id = await owner(), family.chain.tenant_id
    await conn.execute(hold.replace("$2", "'infinity'"), tenant_id)
    await family.run(HEADER + "S2,E2,2026-03-10,1\n", "purchases", evaluate=False)
    assert await counted(family) == 1
    await conn.execute(hold.replace("$2", "now()"), tenant_id)
    await family.drain(tenant_id)
    assert await decided(family) == [("R", "top", "referral")]


async def test_a_count_that_fails_for_good_ends_the_import_and_the_same_file_mends_it(
    family: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rules(family.chain, "scheduled")

    async def fail(*_: object) -> None:
        raise RuntimeError("it fell over")

    settle = purchases_brought.settle
    monkeypatch.setattr(purchases_brought, "settle", fail)
    registered = jobs._registry[purchases_brought.JOB]
    monkeypatch.setitem(jobs._registry, purchases_brought.JOB, replace(registered, max_attempts=1))
    file = HEADER + "S0,E0,2026-03-10,1\nS1,E1,2026-03-11,1\n"
    done = await family.run(file, "purchases")
    assert (done["state"], done["error"]["code"], done["imported"]) == ("failed", "import-stopped", 2)
    monkeypatch.setattr(purchases_brought, "settle", settle)
    again = await family.run(file, "purchases")
    assert (again["state"], again["unchanged"]) == ("done", 2)
    assert await decided(family) == [("R", "top", "recalculation")]
