"""Whose a refund is: a merged member's survivor, somebody who has left, and whoever brought the member."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.chains import Chain
from support.till import bought, buy, drift, give_back, given_back, member, rows

Drain = Callable[..., Awaitable[Any]]
DAY = "2026-01-05T10:00:00+08:00"


async def merge(chain: Chain, survivor: str, other: str) -> Any:
    return await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})


async def test_a_merged_members_purchase_is_taken_from_the_survivor(chain: Chain) -> None:
    one, two = await member(chain, phone="13800000001"), await member(chain, phone="13800000002")
    mine = await bought(chain, "1", 500, member_id=one, occurred_at=DAY)
    theirs = await bought(chain, "2", 900, member_id=two, occurred_at=DAY)
    await given_back(chain, theirs["id"], "r0", 100)
    assert (await merge(chain, one, two)).status_code == 200
    assert await drift(chain) == []
    back = await given_back(chain, theirs["id"], "r1", 800)
    assert back["member_id"] == two  # facts keep whose they were
    (day,) = [row for row in await rows(chain, "member_day") if str(row["member_id"]) == one]
    assert (day["spend"], day["purchases"], day["max_purchase"]) == (500, 1, 500)
    assert await drift(chain) == []
    await given_back(chain, mine["id"], "r2", 500)
    assert await rows(chain, "member_total") == []
    assert await drift(chain) == []


async def test_a_merged_members_till_sells_to_the_survivor_and_its_old_sales_are_the_same(chain: Chain) -> None:
    one, two = await member(chain, phone="13800000001"), await member(chain, phone="13800000002")
    first = await bought(chain, "1", 900, member_id=two)
    by_phone = await bought(chain, "2", 901, phone="13800000002")
    assert (await merge(chain, one, two)).status_code == 200
    for number, amount, who in (("1", 900, {"member_id": two}), ("1", 900, {"member_id": one})):
        again = await buy(chain, number, amount, **who)
        assert (again.status_code, again.json()["id"]) == (200, first["id"])
    again = await buy(chain, "2", 901, phone="13800000002")
    assert (again.status_code, again.json()["id"]) == (200, by_phone["id"])
    assert (await buy(chain, "1", 901, member_id=two)).status_code == 409
    assert (await bought(chain, "3", 1, member_id=two))["member_id"] == one
    listed = (await chain.http.get(f"/v1/members/{one}/purchases?limit=2")).json()
    rest = (await chain.http.get(f"/v1/members/{one}/purchases?cursor={listed['next_cursor']}")).json()
    assert [row["external_id"] for row in listed["data"] + rest["data"]] == ["3", "2", "1"]
    assert await drift(chain) == []


async def test_merges_and_refunds_at_once(chain: Chain) -> None:
    for round_ in range(4):
        one, two = await member(chain), await member(chain)
        sales = [
            await bought(chain, f"{round_}-{n}", 1000, member_id=who, occurred_at=DAY)
            for n, who in enumerate((one, two, one, two))
        ]
        refunds = [give_back(chain, sale["id"], f"{round_}-{n}", 300 + n) for n, sale in enumerate(sales * 2)]
        answers = await asyncio.gather(merge(chain, one, two), *refunds, buy(chain, f"{round_}-x", 7, member_id=two))
        assert [answer.status_code for answer in answers] == [200, *[201] * 8, 201]
    assert await drift(chain) == []


async def test_who_has_left_gets_money_back_but_buys_no_more_as_a_member(chain: Chain) -> None:
    one = await member(chain)
    sale = await bought(chain, "1", 300_000, member_id=one)
    assert (await chain.http.delete(f"/v1/members/{one}")).is_success
    await given_back(chain, sale["id"], "r1", 300_000)
    assert await rows(chain, "tier_recheck") == []
    refused = await buy(chain, "2", 100, member_id=one)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/member-closed")
    assert await drift(chain) == []


@pytest.mark.parametrize("amount", [1, 300_000])
async def test_a_tier_above_the_base_is_marked_for_its_recheck(amount: int, chain: Chain) -> None:
    one, plain = await member(chain), await member(chain)
    sale = await bought(chain, "1", 300_000, member_id=one)
    other = await bought(chain, "2", 100, member_id=plain)
    before = await rows(chain, "decision")
    back = await given_back(chain, sale["id"], "r1", amount)
    await given_back(chain, other["id"], "r2", 100)
    (mark,) = await rows(chain, "tier_recheck")
    assert (str(mark["member_id"]), str(mark["refund_id"])) == (one, back["id"])
    assert await rows(chain, "decision") == before  # a refund decides nothing at once


async def test_a_brought_members_first_purchase_moves_with_its_refunds(chain: Chain, drain: Drain) -> None:
    one = await member(chain)
    brought = await member(chain, referrer_id=one)
    days = [f"2026-01-{day:02}" for day in (9, 7, 8)]
    sales = [
        await bought(chain, str(n), 100, member_id=brought, occurred_at=f"{day}T10:00:00+08:00")
        for n, day in enumerate(days)
    ]

    async def counted() -> str:
        await drain(chain.tenant_id)
        assert await drift(chain) == []
        (row,) = await rows(chain, "referral")
        return str(row["counted_on"])

    assert await counted() == "2026-01-07"
    await given_back(chain, sales[1]["id"], "r1", 99)
    assert await counted() == "2026-01-07"
    await given_back(chain, sales[1]["id"], "r2", 1)
    assert await counted() == "2026-01-08"
    await given_back(chain, sales[0]["id"], "r3", 100)
    assert await counted() == "2026-01-08"
    await given_back(chain, sales[2]["id"], "r4", 100)
    assert await counted() == "None"
    await bought(chain, "9", 100, member_id=brought, occurred_at="2026-02-01T10:00:00+08:00")
    assert await counted() == "2026-02-01"
