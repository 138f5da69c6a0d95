"""Tiers inserted, renamed, moved and dropped while members hold them: the tills are right before the run has come."""

import asyncio
import copy
from typing import Any

import pytest
from card_chains import (
    NOON,
    OLD,
    Drain,
    Json,
    NewChain,
    holders,
    ladder,
    publish,
    published,
    reasons,
    rolled_back,
    standing,
    through,
    tiers,
)
from support.chains import Chain, without_tasks
from support.midnights import begin
from support.till import bought, buy, drift, member, rows

from saas.running import run_due
from tenants.jobs import job as job_module
from tenants.tiers import batches

MOVED = ladder(("base", None), ("copper", 500), ("gold", 800), ("argent", 2_000), ("platinum", 9_000))
"""OLD with silver renamed and above gold, and two new ones."""
NAMED: Json = {"card": {"silver": "argent"}}


def discounts(card: Json, **percents: int) -> Json:
    """The ladder with a discount for each of these tiers."""
    changed = copy.deepcopy(card)
    for tier in changed["tiers"]:
        if tier["code"] in percents:
            tier["benefits"] = [{"type": "discount", "percent": str(percents[tier["code"]])}]
    return changed


@pytest.fixture
async def shop(new_chain: NewChain) -> Chain:
    chain = await without_tasks(await new_chain(timezone="UTC"))
    await begin(chain, NOON, "UTC")
    await published(chain, OLD, transition="grandfather")
    return chain


async def listed(chain: Chain, code: str) -> set[str]:
    answer = await chain.http.get("/v1/members", params={"tier": code})
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()["data"]}


async def test_tills_see_the_right_tier_when_the_run_is_half_through(
    shop: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    members = await holders(shop, 1_500, 6_000, 1_600, 7_000, 100)
    before = await standing(shop)
    changed = discounts(MOVED, argent=50, gold=10, base=1)
    await published(shop, changed, transition="grandfather", holders=NAMED)
    for batch in range(3):
        assert await tiers(shop, *members) == ["argent", "gold", "argent", "gold", "base"], batch
        assert await listed(shop, "argent") == {members[0], members[2]}
        assert await listed(shop, "gold") == {members[1], members[3]}
        assert await listed(shop, "copper") == set()
        assert await listed(shop, "base") == {members[4]}
        for one, paid in zip(members, (500, 900, 500, 900, 990), strict=True):
            basket = {"member_id": one, "branch_id": shop.branch_id, "amount": 1_000}
            quote = await shop.http.post("/v1/quotes", json=basket)
            assert quote.json()["paid"] == paid, quote.text
        assert await run_due(shop.tenant_id) == ["done"]
    await through(shop, drain)
    assert await reasons(shop, members[0]) == [
        ("upgrade", "purchase", "base", "silver", 2),
        ("programme_change", "programme", "silver", "argent", 3),
    ]
    assert len(await reasons(shop, members[1])) == 1  # gold is gold, whatever its rank
    assert [(row[2], row[3]) for row in await standing(shop)] == [("argent", 3), ("gold", 2)] * 2
    assert [row[4:] for row in await standing(shop)] == [row[4:] for row in before]
    assert await drift(shop) == []
    await rolled_back(shop, 2, drain)
    assert await standing(shop) == before


async def test_a_till_decides_from_the_right_tier_before_the_run(shop: Chain, drain: Drain) -> None:
    silver, gold = await holders(shop, 1_500, 6_000)
    await published(shop, MOVED, transition="grandfather", holders=NAMED)
    made = await bought(shop, "a", 1, member_id=silver)
    assert made["tier"] == {"ladder": "card", "before": "argent", "after": "argent"}
    made = await bought(shop, "b", 4_000, member_id=gold)  # 10,000
    assert made["tier"] == {"ladder": "card", "before": "gold", "after": "platinum"}
    again = await buy(shop, "b", 4_000, member_id=gold)
    assert (again.status_code, again.json()["tier"]) == (200, made["tier"])
    await through(shop, drain)
    assert await tiers(shop, silver, gold) == ["argent", "platinum"]
    assert len(await reasons(shop, gold)) == 2


async def test_holders_of_a_dropped_tier_go_where_it_was_said(shop: Chain, drain: Drain) -> None:
    silver, gold, locked = await holders(shop, 1_500, 6_000, 100)
    set_to = {"tier": "silver", "reason": "x", "locked_until": "2031-12-31"}
    assert (await shop.http.put(f"/v1/members/{locked}/tier", json=set_to)).status_code == 200
    before = await standing(shop)
    less = ladder(("base", None), ("gold", 5_000))
    assert (await publish(shop, less, transition="now")).status_code == 422
    await published(shop, less, transition="now", holders={"card": {"silver": "gold"}})
    await through(shop, drain)
    assert await tiers(shop, silver, gold, locked) == ["base", "gold", "gold"]
    assert [row[:4] for row in await reasons(shop, silver)][1:] == [("programme_change", "programme", "silver", "base")]
    (kept,) = [row for row in await rows(shop, "member_tier") if str(row["member_id"]) == locked]
    assert f"{kept['locked_until']}" == "2031-12-31"
    await rolled_back(shop, 2, drain)
    assert await standing(shop) == before


async def test_a_ladder_that_goes_keeps_its_history_and_may_come_back(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 1_500)
    before = await standing(shop)
    club = ladder(("none", None), ("insider", 10), code="club")
    assert (await publish(shop, club)).json()["type"] == "/problems/tiers-in-use"
    await published(shop, club, holders={"card": None})
    shown = (await shop.http.get(f"/v1/members/{one}")).json()
    assert set(shown["tiers"]) == {"club"}
    await bought(shop, "a", 10, member_id=one)
    assert await tiers(shop, one, ladder="club") == ["insider"]
    await rolled_back(shop, 2, drain)
    assert await tiers(shop, one) == ["silver"]
    assert [row for row in await standing(shop) if row[1] == "card"] == before


async def test_a_ladder_that_comes_back_without_a_tier_has_its_holders_one_below(shop: Chain, drain: Drain) -> None:
    top, low = await holders(shop, 6_000, 1_500)
    await published(shop, ladder(("none", None), ("insider", 10), code="club"), holders={"card": None})
    await through(shop, drain)
    gold_is_no_more = ladder(("base", None), ("copper", 2_000), ("silver", 9_000))
    await published(shop, gold_is_no_more, transition="up_only", holders={"club": None})
    assert await tiers(shop, top, low) == ["silver", "silver"]  # the till's answer, before the run
    await through(shop, drain)
    assert await tiers(shop, top, low) == ["silver", "silver"]
    assert (await reasons(shop, top))[-1][2:4] == ("gold", "silver")
    assert (await shop.http.get("/v1/proof")).status_code == 200


async def test_names_go_on_through_several_versions(shop: Chain, drain: Drain) -> None:
    (one,) = await holders(shop, 1_500)
    for number, (code, was) in enumerate([("argent", "silver"), ("plata", "argent"), ("silver", "plata")]):
        card = ladder(("base", None), (code, 1_000), ("gold", 5_000))
        await published(shop, card, transition="grandfather", holders={"card": {was: code}})
        await through(shop, drain)
        assert await tiers(shop, one) == [code], number
    await rolled_back(shop, 3, drain)
    assert await tiers(shop, one) == ["argent"]
    await rolled_back(shop, 2, drain)
    assert await tiers(shop, one) == ["silver"]


async def test_a_batch_that_dies_is_done_whole_or_not_at_all(
    shop: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 2)
    members = await holders(shop, 1_500, 6_000, 1_600, 7_000)
    await published(shop, MOVED, transition="now", holders=NAMED)
    progress, failures = job_module.progress_job, [1]

    async def once_broken(*arguments: Any) -> None:
        await progress(*arguments)
        if failures:
            failures.pop()
            raise RuntimeError("at the worst moment")

    monkeypatch.setattr(batches, "progress_job", once_broken)
    assert await run_due(shop.tenant_id) == ["failed"]
    assert [row["reason"] for row in await rows(shop, "decision")] == ["upgrade"] * 4
    assert await tiers(shop, *members) == ["argent", "gold", "argent", "gold"]


async def test_tills_and_a_publish_at_once(shop: Chain, drain: Drain) -> None:
    """However they meet, nobody is left with what the rules don't have, and every sale counts."""
    members = [*await holders(shop, 900, 1_500, 6_000), await member(shop)]
    card = ladder(("base", None), ("argent", 1_000), ("gold", 5_000))

    async def sell(n: int) -> None:
        answer = await buy(shop, f"s-{n}", 200, member_id=members[n % 4])
        while answer.status_code == 503:
            answer = await buy(shop, f"s-{n}", 200, member_id=members[n % 4])
        assert answer.status_code == 201, answer.text

    async def change() -> None:
        await asyncio.sleep(0.05)
        await published(shop, card, transition="now", holders={"card": {"silver": "argent"}})
        await through(shop, drain)

    await asyncio.gather(change(), *(sell(n) for n in range(24)))
    await through(shop, drain)
    assert await tiers(shop, *members) == ["argent", "argent", "gold", "argent"]
    stored = {row["tier"] for row in await rows(shop, "member_tier")}
    assert stored <= {"argent", "gold"}
    assert len(await rows(shop, "purchase")) == 27
    assert await drift(shop) == []
