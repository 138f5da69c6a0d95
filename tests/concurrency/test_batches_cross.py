"""Two batches that share no member may still name the same numbers, in opposite order: both are answered."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from purchases.purse import printed
from support.chains import Chain
from support.till import bought, drift, member, rows, ticket

import tenants.activities.batch
import tenants.purchases.batch

Item = Callable[[str, str], dict[str, Any]]
NUMBERS = [str(n) for n in range(12)]


def sale(chain: Chain) -> Item:
    return lambda number, who: ticket(chain, number, 900, member_id=who)


def check_in(_: Chain) -> Item:
    return lambda number, who: {"external_id": number, "member_id": who, "kind": "check_in"}


def meet_half_way(monkeypatch: pytest.MonkeyPatch, module: Any) -> Counter[asyncio.Task[Any] | None]:
    """A batch goes on with its second half when the other has done its first, or hasn't begun half a second later.
    Answers how many items each request has begun.
    """
    record, half, done = module._one, asyncio.Barrier(2), Counter[asyncio.Task[Any] | None]()

    async def one(item: Any) -> Any:
        task = asyncio.current_task()
        if done[task] == len(NUMBERS) // 2:
            with suppress(TimeoutError):
                await asyncio.wait_for(half.wait(), 0.5)
        done[task] += 1
        return await record(item)

    monkeypatch.setattr(module, "_one", one)
    return done


async def both_ways(chain: Chain, url: str, item: Item) -> list[httpx.Response]:
    one, other = await member(chain), await member(chain)
    await bought(chain, "first", 1)  # the chain's first sale fixes its settings, under a lock of its own
    orders = ((NUMBERS, one), (NUMBERS[::-1], other))
    bodies = [{"items": [item(number, who) for number in order]} for order, who in orders]
    return await asyncio.gather(*(chain.http.post(url, json=body) for body in bodies))


@pytest.mark.parametrize(
    ("url", "table", "module", "item"),
    [
        ("/v1/purchases:batch", "purchase", tenants.purchases.batch, sale),
        ("/v1/activities:batch", "activity", tenants.activities.batch, check_in),
    ],
)
async def test_the_same_numbers_in_opposite_order(
    url: str, table: str, module: Any, item: Callable[[Chain], Item], chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    meet_half_way(monkeypatch, module)
    answers = await both_ways(chain, url, item(chain))
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    outcomes = [[outcome["status"] for outcome in answer.json()["data"]] for answer in answers]
    # One after the other: the second found the numbers taken.
    assert sorted(outcomes) == [[201] * len(NUMBERS), [409] * len(NUMBERS)]
    written = [row for row in await rows(chain, table) if row["external_id"] != "first"]
    assert sorted(row["external_id"] for row in written) == sorted(NUMBERS)
    (one,) = {row["member_id"] for row in written}
    assert {row["seq"] for row in await rows(chain, "member") if row["id"] != one} == {0}
    assert await rows(chain, "idempotency") == []
    assert await drift(chain) == []


@pytest.mark.parametrize("by", ["coupons", "member_code"])
async def test_what_else_two_batches_share_in_opposite_order(
    by: str, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Printed coupons, or members by the codes of their cards: each batch runs once, none is a deadlock's victim."""
    await bought(chain, "first", 1)
    if by == "coupons":
        shared = [{"coupons": [each]} for each in await printed(chain, "amount", 100, many=len(NUMBERS))]
    else:
        made = [await chain.http.post(f"/v1/members/{await member(chain)}/wallet-codes", json={}) for _ in NUMBERS]
        shared = [{"member_code": answer.json()["code"]} for answer in made]
    begun = meet_half_way(monkeypatch, tenants.purchases.batch)
    bodies = [
        {"items": [ticket(chain, f"{n}-{k}", 900, external_amounts=False, **one) for k, one in enumerate(order)]}
        for n, order in enumerate((shared, shared[::-1]))
    ]
    answers = await asyncio.gather(*(chain.http.post("/v1/purchases:batch", json=body) for body in bodies))
    assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    assert sorted(begun.values()) == [len(NUMBERS)] * 2
    outcomes = Counter(outcome["status"] for answer in answers for outcome in answer.json()["data"])
    assert outcomes == ({201: 12, 409: 12} if by == "coupons" else {201: 24})
