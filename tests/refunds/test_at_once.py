"""Many tills giving back and selling at once: never more than the whole, every sum right, every number used once."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.chains import Chain
from support.till import bought, drift, give_back, member, rows, ticket

Drain = Callable[..., Awaitable[Any]]
WRITERS, SALES = 12, 10
LINES = [{"category": "tea", "amount": 700}, {"category": "cake", "amount": 300}, {"amount": 500}]


@pytest.mark.parametrize("known", [True, False], ids=["member", "nobody"])
async def test_two_refunds_race_for_the_last_yuan(known: bool, chain: Chain) -> None:
    who = {"member_id": await member(chain)} if known else {}
    for number in range(5):
        sale = await bought(chain, str(number), 1000, **who)
        assert (await give_back(chain, sale["id"], f"{number}-first", 900)).status_code == 201
        answers = await asyncio.gather(*(give_back(chain, sale["id"], f"{number}-{n}", 100) for n in range(4)))
        assert sorted(answer.status_code for answer in answers) == [201, 422, 422, 422]
    assert await drift(chain) == []


@pytest.mark.parametrize("known", [True, False], ids=["member", "nobody"])
async def test_the_first_refunds_of_one_purchase_at_once(known: bool, chain: Chain) -> None:
    who = {"member_id": await member(chain)} if known else {}
    sale = await bought(chain, "1", None, lines=LINES, **who)
    answers = await asyncio.gather(*(give_back(chain, sale["id"], str(n), 150) for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [422] * 2
    taken = sorted((a.json()["refunded"], a.json()["id"]) for a in answers if a.status_code == 201)
    assert [refunded for refunded, _ in taken] == [150 * n for n in range(1, 11)]
    shown = (await chain.http.get(f"/v1/purchases/{sale['id']}/refunds")).json()["data"]
    assert [(r["refunded"], r["id"]) for r in reversed(shown)] == taken
    assert await drift(chain) == []


async def test_twelve_writers_sell_and_give_back(chain: Chain, drain: Drain) -> None:
    members = [await member(chain, phone=f"1380000{n:04}") for n in range(4)]
    statuses: Counter[int] = Counter()
    sold: list[dict[str, Any]] = []

    async def till(number: int) -> None:
        chance = random.Random(number)  # noqa: S311  # a test repeats its chances
        for sale in range(SALES):
            who = chance.choice([{"member_id": chance.choice(members)}, {"phone": f"1380000{chance.randrange(4):04}"}])
            day = {"occurred_at": f"2026-01-{chance.choice([5, 6, 31]):02}T10:00:00+08:00"}
            body = ticket(chain, f"{number}-{sale}", None, lines=LINES, **who, **day)
            answer = await chain.http.post("/v1/purchases", json=body)
            statuses[answer.status_code] += 1
            sold.append(answer.json())
            which = chance.choice(sold)
            by_line = {"lines": [{"line": chance.randrange(3), "amount": chance.randint(1, 300)}]}
            amount, more = chance.choice([(chance.randint(1, 1500), {}), (1500, {}), (None, by_line)])
            back = await give_back(chain, which["id"], f"{number}-{sale}", amount, **more)
            statuses[back.status_code] += 1

    await asyncio.gather(*(till(number) for number in range(WRITERS)))
    assert set(statuses) == {201, 422}
    assert statuses[201] > WRITERS * SALES * 1.3
    assert await drift(chain) == []
    purchases, refunds = await rows(chain, "purchase"), await rows(chain, "refund")
    decisions = await rows(chain, "decision")
    for one in await rows(chain, "member"):
        mine = [fact for fact in (*purchases, *refunds, *decisions) if fact["member_id"] == one["id"]]
        by_number = {fact["seq"]: fact["recorded_at"] for fact in mine}
        assert sorted(by_number) == list(range(1, one["seq"] + 1))
        assert len(by_number) == len(mine)
        assert [by_number[seq] for seq in sorted(by_number)] == sorted(by_number.values())
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0
    assert await drift(chain) == []
