"""Whatever members do, however often it is counted in between: the count is what the facts say, the first of each."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.chains import Chain
from support.till import rows
from using import ask, buy, claim, give_points, member, reward, run, sell_pass, top_up, use_pass, visit

from saas.billing.usage.counting import PLAIN, count, prove
from saas.billing.usage.periods import Period, period_at
from saas.clock import tenant_now
from saas.scope import connection, tenant_scope


@dataclass
class Fact:
    id: str
    kind: str
    who: str
    undo: tuple[str, dict[str, Any]] | None = None
    stands: bool = True


@dataclass
class Shop:
    """Plain bookkeeping beside the product."""

    chain: Chain
    chance: random.Random
    reward_id: str
    facts: list[Fact] = field(default_factory=list)
    holder: dict[str, str] = field(default_factory=dict)
    passes: dict[str, str] = field(default_factory=dict)

    def person(self) -> str:
        return self.chance.choice(sorted({self.whose(who) for who in self.holder}))

    def whose(self, who: str) -> str:
        while self.holder[who] != who:
            who = self.holder[who]
        return who

    async def join(self) -> None:
        who = await member(self.chain)
        self.holder[who] = who
        await give_points(self.chain, who)
        self.passes[who] = await sell_pass(self.chain, who)

    async def act(self) -> None:
        who = self.person()
        match self.chance.choice(["purchase", "activity", "top_up", "pass", "claim"]):
            case "purchase":
                made = (await buy(self.chain, who))["id"]
                self.facts.append(Fact(made, "purchase", who, (f"/v1/purchases/{made}/undo", {})))
            case "activity":
                self.facts.append(Fact((await visit(self.chain, who))["id"], "activity", who))
            case "top_up":
                made = (await top_up(self.chain, who, 100))["id"]
                self.facts.append(Fact(made, "top_up", who, (f"/v1/wallet/top-ups/{made}/undo", {})))
            case "pass":
                made = (await use_pass(self.chain, self.passes[who]))["id"]
                url = f"/v1/passes/{self.passes[who]}/undo-use"
                self.facts.append(Fact(made, "redemption", who, (url, {"entry_id": made})))
            case "claim":
                made = await claim(self.chain, self.reward_id, who)
                self.facts.append(Fact(made, "redemption", who, (f"/v1/rewards/claims/{made}/cancel", {})))

    async def take_back(self) -> None:
        """Where the product lets it be taken back."""
        fact = self.chance.choice(self.facts)
        if fact.undo is None or not fact.stands:
            return
        answer = await self.chain.http.post(fact.undo[0], json=fact.undo[1])
        assert answer.status_code in {200, 201, 409}, answer.text
        fact.stands = not answer.is_success

    async def merge(self) -> None:
        one, other = self.person(), self.person()
        if one != other:
            await ask(self.chain, f"/v1/members/{one}/merge", {"other_id": other})
            self.holder[other] = one
            for who in (one, other):
                self.passes[who] = self.passes[one]

    def first_facts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for fact in self.facts:
            if fact.stands:
                found.setdefault(self.whose(fact.who), fact.id)
        return found


async def kept(chain: Chain) -> dict[str, str]:
    return {str(row["member_id"]): str(row["source_id"]) for row in await rows(chain, "usage_member")}


@pytest.mark.parametrize("seed", range(4))
async def test_any_history(chain: Chain, drain: Any, seed: int) -> None:
    shop = Shop(chain, random.Random(seed), await reward(chain))  # noqa: S311 - a seed replays it
    for _ in range(6):
        await shop.join()
    for _ in range(60):
        what = shop.chance.choices([shop.act, shop.take_back, shop.merge], [6, 3, 1] if shop.facts else [1, 0, 0])[0]
        await what()
        if shop.chance.random() < 0.2:
            await run(chain, drain)
            assert await kept(chain) == shop.first_facts()
    await run(chain, drain)
    await run(chain, drain)
    assert await kept(chain) == shop.first_facts()
    async with tenant_scope(chain.tenant_id):
        period = await period_at(await tenant_now())
        assert period is not None
        plain = await connection().fetchval(PLAIN, chain.tenant_id, period.start, period.end)
        assert plain == await prove(period) == len(shop.first_facts())


async def _count(chain: Chain) -> int:
    async with tenant_scope(chain.tenant_id):
        period = await period_at(await tenant_now())
        assert period is not None
        return await count(period)


async def test_two_counts_at_once(chain: Chain) -> None:
    people = [await member(chain) for _ in range(5)]
    for who in people:
        await buy(chain, who)
    assert await asyncio.gather(*(_count(chain) for _ in range(4))) == [5] * 4
    assert len(await kept(chain)) == 5


async def test_a_count_beside_tills(chain: Chain) -> None:
    people = [await member(chain) for _ in range(12)]

    async def sell() -> None:
        for who in people:
            await buy(chain, who)

    async def go_on_counting() -> None:
        for _ in range(6):
            await _count(chain)

    await asyncio.gather(sell(), go_on_counting(), go_on_counting())
    assert await _count(chain) == 12


async def test_a_wrong_count_is_found_before_it_is_billed(chain: Chain, caplog: Any) -> None:
    people = [await member(chain) for _ in range(3)]
    for who in people:
        await buy(chain, who)
    assert await _count(chain) == 3
    async with tenant_scope(chain.tenant_id):
        period = await period_at(await tenant_now())
        assert isinstance(period, Period)
        await connection().execute(
            "DELETE FROM usage_member WHERE tenant_id = $1 AND member_id = $2", chain.tenant_id, people[0]
        )
        await connection().execute(
            "UPDATE usage_period SET facts_from = seen_to + interval '2 hours' WHERE tenant_id = $1", chain.tenant_id
        )
        assert await prove(period) == 3
    assert "miscounted" in caplog.text
    assert len(await kept(chain)) == 3
