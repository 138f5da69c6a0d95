"""Merges beside sales, and beside each other: one after the other, nothing lost, nobody stuck."""

import asyncio
from typing import Any

from support.till import buy, member, rows


async def test_each_into_the_other_at_once(chain: Any) -> None:
    for _ in range(5):
        one, two = await member(chain), await member(chain)
        answers = await asyncio.gather(
            chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two}),
            chain.http.post(f"/v1/members/{two}/merge", json={"other_id": one}),
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        survivor = next(answer.json()["id"] for answer in answers if answer.status_code == 200)
        for old in (one, two):
            assert (await chain.http.get(f"/v1/members/{old}")).json()["id"] == survivor


async def test_beside_purchases_of_both(chain: Any) -> None:
    one = await member(chain, phone="13800138000", joined_on="2024-01-01")
    two = await member(chain, card_no="66001", joined_on="2023-01-01")
    ways: list[dict[str, Any]] = [
        {"member_id": one},
        {"member_id": two},
        {"phone": "13800138000"},
        {"card_no": "66001"},
    ]

    async def sell(n: int) -> Any:
        await asyncio.sleep(0.005 * (n // 4))
        return await buy(chain, f"s{n}", 2000, **ways[n % 4])

    async def unite() -> Any:
        await asyncio.sleep(0.02)
        return await chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two})

    merged, *sales = await asyncio.gather(unite(), *(sell(n) for n in range(40)))
    assert merged.status_code == 200, merged.text
    assert {sale.status_code for sale in sales} == {201}
    (total,) = await rows(chain, "member_total")
    assert (str(total["member_id"]), total["spend"], total["purchases"]) == (one, 80_000, 40)
    for table in ("member_day", "member_month"):
        (found,) = await rows(chain, table)
        assert (str(found["member_id"]), found["spend"], found["purchases"]) == (one, 80_000, 40)
    (fact,) = await rows(chain, "merge")
    for sale in await rows(chain, "purchase"):
        if str(sale["member_id"]) == two:
            assert sale["seq"] < fact["other_seq"]
            assert sale["recorded_at"] < fact["recorded_at"]
    (held,) = await rows(chain, "member_tier")
    assert str(held["member_id"]) == one
    assert (await chain.http.get(f"/v1/members/{two}")).json()["tier"]["code"] == held["tier"]


async def test_beside_leaving_and_changes(chain: Any) -> None:
    """Whichever comes first, the outcome is one of those in a row."""
    for n in range(5):
        one, two = await member(chain), await member(chain, phone=f"1380013800{n}")
        united, left, changed = await asyncio.gather(
            chain.http.post(f"/v1/members/{one}/merge", json={"other_id": two}),
            chain.http.delete(f"/v1/members/{two}"),
            chain.http.patch(f"/v1/members/{two}", json={"phone": f"1390013900{n}"}),
        )
        assert left.status_code == 204
        assert changed.status_code in {200, 409}
        state = (await chain.http.get(f"/v1/members/{two}")).json()
        assert state["status"] == "closed"
        assert state["id"] == (one if united.status_code == 200 else two)
    assert [row for row in await rows(chain, "member_identity") if row["kind"] == "phone"] == []


async def test_beside_a_recalculation(chain: Any, drain: Any) -> None:
    """Batches lock members in id order, merges lock their two in id order: nobody waits in a circle."""
    ids = [await member(chain) for _ in range(24)]
    for n, one in enumerate([*ids, *ids]):  # none is large enough by itself, nor two
        assert (await buy(chain, f"s{n}", 13_000, member_id=one)).status_code == 201

    async def decide() -> int:
        answer = await chain.http.post("/v1/programme/recalculate", json={"as_of": None})
        done = await drain(chain.tenant_id)
        return int(answer.status_code) + int(done.dead)

    async def unite(n: int) -> int:
        await asyncio.sleep(0.002 * n)
        body = {"other_id": ids[23 - n]}
        return int((await chain.http.post(f"/v1/members/{ids[n]}/merge", json=body)).status_code)

    decided, *merged = await asyncio.gather(decide(), *(unite(n) for n in range(12)))
    assert (decided, set(merged)) == (202, {200})
    totals = await rows(chain, "member_total")
    assert sorted(str(row["member_id"]) for row in totals) == sorted(ids[:12])
    assert {row["spend"] for row in totals} == {52_000}
    held = await rows(chain, "member_tier")
    assert {(str(row["member_id"]), row["tier"]) for row in held} == {(one, "silver") for one in ids[:12]}
