"""Many rows, many at once, and processes that die."""

import asyncio
import os
import random
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from support.forking import Forks

from tenants.imports import batch, runs

KILLS = 3


@pytest.fixture(scope="module")
def forks() -> Iterator[Forks]:
    with Forks("imports/drain_process.py") as made:
        yield made


def members_csv(count: int) -> str:
    return "external_id,phone,name\n" + "".join(f"M{n},139{n:08d},会员{n}\n" for n in range(count))


def purchases_csv(count: int, members: int, seed: int = 1) -> str:
    chance = random.Random(seed)  # noqa: S311 - the same file every time
    rows = [
        f"S{seed}-{n},M{chance.randrange(members)},2025-{n % 9 + 1:02d}-{n % 28 + 1:02d} {n % 24:02d}:00,"
        f"{n % 977}.{n % 90 + 10}\n"
        for n in range(count)
    ]
    return "external_id,member,occurred_at,amount\n" + "".join(rows)


async def totals(imports: Any) -> list[tuple[Any, ...]]:
    rows = await imports.query(
        "SELECT m.external_id, t.spend, t.purchases, t.max_purchase, t.last_day, q.seq FROM member_total t"
        " JOIN member m ON m.tenant_id = t.tenant_id AND m.id = t.member_id"
        " JOIN member_number q ON q.tenant_id = t.tenant_id AND q.member_id = t.member_id"
        " WHERE t.tenant_id = $1 ORDER BY 1"
    )
    return [tuple(row.values()) for row in rows]


async def test_many_batches_and_a_million_errors_worth_of_bad_rows(
    imports: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", 500)
    monkeypatch.setattr(runs, "MAX_ERRORS", 1000)
    await imports.run(members_csv(50), "members")
    good = purchases_csv(2000, 50)
    bad = "".join(f"B{n},nobody,soon,?\n" for n in range(3000))
    done = await imports.run(good + bad, "purchases")
    assert (done["rows"], done["imported"], done["failed"], done["errors_kept"]) == (5000, 2000, 3000, 1000)
    assert len(await imports.errors(done["id"])) == 1000
    await imports.assert_aggregates()


async def test_the_same_file_twice_at_once(imports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers on two imports of the same file: each row is written once, nobody waits for ever."""
    monkeypatch.setattr(batch, "BATCH_ROWS", 300)
    people, bought = members_csv(500), purchases_csv(3000, 500)
    header, *rows = bought.strip().split("\n")
    backwards = "\n".join([header, *reversed(rows)])
    for files, kind, count in (((people, people, people), "members", 500), ((bought, backwards), "purchases", 3000)):
        ids = [(await imports.send(file, kind)).json()["import_id"] for file in files]
        while {(await imports.read(i))["state"] for i in ids} != {"done"}:
            await asyncio.gather(*(imports.drain(imports.chain.tenant_id) for _ in files))
        done = [await imports.read(i) for i in ids]
        assert sum(d["imported"] for d in done) == count, done
        assert sum(d["unchanged"] for d in done) == count * (len(files) - 1), done
        assert {d["failed"] for d in done} == {0}
    await imports.assert_aggregates()
    dead = await imports.query("SELECT name, last_error FROM outbox WHERE tenant_id = $1 AND attempts > 0")
    assert dead == []


async def test_tills_and_imports_at_once_keep_one_order(imports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", 100)
    await imports.run(members_csv(10), "members")
    found = await imports.query("SELECT id FROM member WHERE tenant_id = $1")
    sent = await imports.send(purchases_csv(1000, 10), "purchases")

    async def till(number: int) -> None:
        for n in range(15):
            body = {
                "member_id": str(found[(n + number) % 10]["id"]),
                "branch_id": imports.chain.branch_id,
                "external_id": f"till-{number}-{n}",
                "amount": 100,
                "external_amounts": True,
            }
            answer = await imports.http.post("/v1/purchases", json=body)
            assert answer.status_code == 201, answer.text

    await asyncio.gather(imports.drain(imports.chain.tenant_id), *(till(n) for n in range(4)))
    done = await imports.read(sent.json()["import_id"])
    assert (done["imported"], done["failed"]) == (1000, 0)
    await imports.assert_aggregates()
    order = await imports.query(
        "SELECT 1 FROM (SELECT recorded_at, lag(recorded_at) OVER (PARTITION BY member_id ORDER BY seq) AS before"
        " FROM purchase WHERE tenant_id = $1) x WHERE before > recorded_at"
    )
    assert order == []


async def test_memory_does_not_grow_with_the_file(imports: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches: what is kept of a file would stand out beside them."""
    monkeypatch.setattr(batch, "BATCH_ROWS", 1000)
    await imports.run(members_csv(100), "members", evaluate=False)

    async def peak(count: int, seed: int) -> int:
        file = purchases_csv(count, 100, seed).encode()
        sent = await imports.send(file, "purchases", evaluate=False, dry_run=True)
        del file
        tracemalloc.start()
        try:
            await imports.drain(imports.chain.tenant_id)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            done = await imports.read(sent.json()["import_id"])
            assert (done["rows"], done["failed"]) == (count, 0), done

    small, large = await peak(2_000, 1), await peak(12_000, 2)
    assert large < 1.3 * small, (small, large)


async def test_a_killed_process_costs_its_batch_only(
    imports: Any, new_chain: Any, forks: Forks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kill -9` at any moment, again and again: the result is that of a run without it."""
    calm = type(imports)(await new_chain(), imports.drain)
    people, bought = members_csv(400), purchases_csv(8000, 400)
    for target in (imports, calm):
        await target.run(people, "members", evaluate=False)
    monkeypatch.setattr(batch, "BATCH_ROWS", 200)
    await calm.run(bought, "purchases")
    import_id = (await imports.send(bought, "purchases")).json()["import_id"]
    chance = random.Random(3)  # noqa: S311 - any moments will do
    for _ in range(KILLS):
        await kill_after_a_batch(imports, import_id, forks, chance.random() * 0.3)
    assert (await imports.read(import_id))["state"] == "running"
    while (await imports.read(import_id))["state"] == "running":  # the killed one's backend may hold its row a little
        await imports.drain(imports.chain.tenant_id)
    done = await imports.read(import_id)
    assert (done["state"], done["imported"], done["failed"]) == ("done", 8000, 0)
    await imports.assert_aggregates()
    assert await imports.purchases() == await calm.purchases()
    assert await totals(imports) == await totals(calm)
    tiers = (
        "SELECT m.external_id, t.ladder, t.tier FROM member_tier t JOIN member m ON m.tenant_id = t.tenant_id"
        " AND m.id = t.member_id WHERE t.tenant_id = $1 ORDER BY 1, 2"
    )
    assert await imports.query(tiers) == await calm.query(tiers) != []


async def kill_after_a_batch(imports: Any, import_id: str, forks: Forks, more: float) -> None:
    """Lets a process do one batch at least, and kills it `more` seconds later, wherever it is then."""
    before = (await imports.read(import_id))["rows"]
    process = forks.begin(str(imports.chain.tenant_id), environ=os.environ)
    try:
        async with asyncio.timeout(30):
            while (await imports.read(import_id))["rows"] == before:
                await asyncio.sleep(0.02)
        await asyncio.sleep(more)
        assert process.poll() is None, "it was through before it could be killed"
    finally:
        process.kill()
        process.wait()
