"""Many tills, few members, recalculations beside them: what comes out is what one after the other gives."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from support.chains import Chain
from support.clock import owner
from support.till import drift, member, rows, ticket

Drain = Callable[..., Awaitable[Any]]
WRITERS, SALES = 12, 12


def tier_of(amounts: list[int]) -> str:
    """The general template's card, all of it bought within a year."""
    spend, most = sum(amounts), max(amounts, default=0)
    for tier, reached in (
        ("diamond", spend >= 300_000),
        ("gold", spend >= 100_000),
        ("silver", spend >= 50_000 or most >= 20_000),
    ):
        if reached:
            return tier
    return "regular"


async def numbers_have_no_gap(chain: Chain) -> None:
    """Each fact and each evaluation that wrote has the member's next number, and time runs with the numbers."""
    purchases, decisions = await rows(chain, "purchase"), await rows(chain, "decision")
    for one in await rows(chain, "member"):
        facts = {p["seq"]: p["recorded_at"] for p in purchases if p["member_id"] == one["id"]}
        decided = {d["seq"]: d["recorded_at"] for d in decisions if d["member_id"] == one["id"]}
        assert facts.keys() & decided.keys() == set()
        assert sorted(facts.keys() | decided.keys()) == list(range(1, one["seq"] + 1))
        times = [(facts | decided)[seq] for seq in range(1, one["seq"] + 1)]
        assert times == sorted(times)
        # The chain of decisions holds together: each begins where the one before it ended.
        told = sorted((d for d in decisions if d["member_id"] == one["id"]), key=lambda d: d["seq"])
        steps = [told[0]["from_tier"], *(d["to_tier"] for d in told)] if told else []
        assert steps[:-1] == [d["from_tier"] for d in told]


async def tiers_are_right(chain: Chain, drain: Drain) -> None:
    """By hand, and by a recalculation of everyone, which finds nothing to do."""
    amounts: dict[Any, list[int]] = {}
    for sale in await rows(chain, "purchase"):
        amounts.setdefault(sale["member_id"], []).append(sale["amount"])
    held = {row["member_id"]: row["tier"] for row in await rows(chain, "member_tier")}
    assert {one: held.get(one, "regular") for one in amounts} == {one: tier_of(a) for one, a in amounts.items()}
    before = len(await rows(chain, "decision"))
    await (await owner()).execute("DELETE FROM ladder_run WHERE tenant_id = $1", chain.tenant_id)
    job = (await chain.http.post("/v1/programme/recalculate", json={})).json()["job_id"]
    await drain(chain.tenant_id)
    result = (await chain.http.get(f"/v1/jobs/{job}")).json()["result"]
    assert (result["upgraded"], result["renewed"], result["downgraded"]) == (0, 0, 0)
    assert len(await rows(chain, "decision")) == before


async def test_tills_and_recalculations_at_once(chain: Chain, drain: Drain) -> None:
    phones = [f"1380000{n:04}" for n in range(1, 6)]
    members = [await member(chain, phone=phone) for phone in phones]
    statuses: Counter[int] = Counter()

    async def till(number: int) -> None:
        chance = random.Random(number)  # noqa: S311  # a test repeats its chances
        for sale in range(SALES):
            which = chance.randrange(len(members))
            who = {"member_id": members[which]} if chance.random() < 0.5 else {"phone": phones[which]}
            body = ticket(chain, f"{number}-{sale}", chance.choice([100, 1500, 9000, 21_000]), **who)
            answer = await chain.http.post("/v1/purchases", json=body)
            statuses[answer.status_code] += 1

    selling = asyncio.gather(*(till(number) for number in range(WRITERS)))

    async def recalculating() -> int:
        runs = 0
        while not selling.done():
            answer = await chain.http.post("/v1/programme/recalculate", json={})
            statuses[answer.status_code] += 1
            done = await drain(chain.tenant_id)
            assert done.failed == done.dead == 0
            runs += 1
        return runs

    runs, _ = await asyncio.gather(recalculating(), selling)
    assert runs > 1
    assert statuses == {201: WRITERS * SALES, 202: runs}
    assert len(await rows(chain, "purchase")) == WRITERS * SALES
    assert await drift(chain) == []
    await numbers_have_no_gap(chain)
    await tiers_are_right(chain, drain)


async def test_batches_with_the_same_members_in_opposite_order(chain: Chain, drain: Drain) -> None:
    phones = [f"1380001{n:04}" for n in range(8)]
    members = [await member(chain, phone=phone) for phone in phones]

    def batch(number: int) -> dict[str, Any]:
        order = list(range(8)) if number % 2 else list(reversed(range(8)))
        who = [{"member_id": members[n]} if (n + number) % 3 else {"phone": phones[n]} for n in order]
        return {"items": [ticket(chain, f"{number}-{n}", 9000, **one) for n, one in enumerate(who * 3)]}

    answers: list[httpx.Response] = await asyncio.gather(
        *(chain.http.post("/v1/purchases:batch", json=batch(number)) for number in range(8))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert {outcome["status"] for answer in answers for outcome in answer.json()["data"]} == {201}
    assert await drift(chain) == []
    await numbers_have_no_gap(chain)
    await tiers_are_right(chain, drain)


async def test_batches_single_sales_and_changes_of_a_member_at_once(chain: Chain, drain: Drain) -> None:
    members = [await member(chain) for _ in range(4)]

    async def batches(number: int) -> list[int]:
        items = [ticket(chain, f"b{number}-{n}", 100, member_id=one) for n, one in enumerate(reversed(members))]
        return [(await chain.http.post("/v1/purchases:batch", json={"items": items})).status_code]

    async def sales(number: int) -> list[int]:
        return [
            (
                await chain.http.post("/v1/purchases", json=ticket(chain, f"s{number}-{n}", 100, member_id=one))
            ).status_code
            for n, one in enumerate(members)
        ]

    async def renames(number: int) -> list[int]:
        return [
            (await chain.http.patch(f"/v1/members/{one}", json={"name": f"name {number}"})).status_code
            for one in members
        ]

    work = [job(number) for number in range(5) for job in (batches, sales, renames)]
    statuses = Counter(status for part in await asyncio.gather(*work) for status in part)
    assert not [status for status in statuses if status >= 400]
    assert len(await rows(chain, "purchase")) == 40
    assert await drift(chain) == []
    await tiers_are_right(chain, drain)


async def test_the_same_batch_sent_many_times_at_once_is_one_batch(chain: Chain) -> None:
    one = await member(chain)
    items = [ticket(chain, str(n), 100, **({"member_id": one} if n % 2 else {})) for n in range(20)]
    answers = await asyncio.gather(*(chain.http.post("/v1/purchases:batch", json={"items": items}) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    ids = {tuple(outcome["id"] for outcome in answer.json()["data"]) for answer in answers}
    assert len(ids) == 1
    assert len(await rows(chain, "purchase")) == 20
    assert await drift(chain) == []
