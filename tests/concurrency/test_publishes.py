"""Tills, activities, refunds, staff and recalculations while the owner publishes again and again, with every
transition, and rolls back: what was decided is what the rules and facts give one after the other, in the order of each
member's numbers.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from fractions import Fraction
from typing import Any

from oracle import publishing
from oracle.documents import tier_json
from oracle.plain import Chain as Oracle
from oracle.versions import TRANSITIONS
from support.chains import Chain
from support.clock import owner
from support.drift import drift
from support.proof import unproved
from support.till import member, rows
from test_mixed_writers import LIFE, Storm, numbers_have_no_gap, rules

Drain = Callable[..., Awaitable[Any]]
Json = dict[str, Any]
WRITERS, BUSY = 6, 503
PUBLISHES = 9  # each transition, and twice back
FACTS = ("purchase", "refund", "activity", "tier_act")


def spend(gte: int) -> Json:
    return {"metric": "spend", "window": LIFE, "gte": gte}


def with_tiers(*tiers: tuple[str, int]) -> Json:
    document = rules()
    made = [tier_json("base", 0), *(tier_json(code, n, spend(gte)) for n, (code, gte) in enumerate(tiers, start=1))]
    document["ladders"][0]["tiers"] = made
    return document


# One tier between, one renamed, all dearer; two changed places; one dropped, all cheaper.
DRAFTS: tuple[tuple[Json, Json], ...] = (
    (with_tiers(("silver", 40_000), ("pearl", 70_000), ("gold", 110_000), ("jade", 180_000)), {"diamond": "jade"}),
    (with_tiers(("gold", 20_000), ("silver", 60_000), ("jade", 90_000)), {"pearl": "silver", "diamond": "jade"}),
    (with_tiers(("silver", 15_000), ("diamond", 50_000)), {"pearl": "silver", "gold": "silver", "jade": "diamond"}),
    (with_tiers(("silver", 30_000), ("gold", 90_000), ("diamond", 150_000)), {"pearl": "gold", "jade": "diamond"}),
)


class Owner:
    """Publishes one draft after the other, each with the next transition; every fourth time it goes back instead."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.published = 0
        self.refused: Counter[str] = Counter()

    async def once(self) -> bool:
        number = self.published
        if number % 4 == 3:
            answer = await self.chain.http.post(f"/v1/programme/versions/{number}/rollback", json={})
        else:
            document, named = DRAFTS[number % len(DRAFTS)]
            assert (await self.chain.http.put("/v1/programme/draft", json=document)).status_code == 200
            in_force = (await self.chain.http.get("/v1/programme")).json()["ladders"][0]["tiers"]
            own = {tier["code"] for tier in document["ladders"][0]["tiers"]}
            holders = {tier["code"]: named[tier["code"]] for tier in in_force if tier["code"] not in own}
            body = {"transition": TRANSITIONS[number % len(TRANSITIONS)], "holders": {"card": holders}}
            answer = await self.chain.http.post("/v1/programme/draft/publish", json=body)
        if answer.status_code == 200:
            self.published += 1
        else:
            self.refused[answer.json()["type"]] += 1
        return answer.status_code == 200


class Sellers(Storm):
    kinds = (*["buy"] * 5, *["refund"] * 2, *["do"] * 2, "set", "unlock")

    async def _post(self, url: str, body: Json) -> tuple[int, Json]:
        """A till that waited in vain for a member that everybody wants asks again."""
        while (answer := await self.chain.http.post(url, json=body)).status_code == BUSY:
            await asyncio.sleep(0.1)
        assert answer.status_code < BUSY, answer.text
        return answer.status_code, answer.json()


async def test_publishes_of_every_transition_beside_all_writers(chain: Chain, drain: Drain) -> None:
    assert (await chain.http.put("/v1/programme/draft", json=rules())).status_code == 200
    first = {"transition": "grandfather"}
    assert (await chain.http.post("/v1/programme/draft/publish", json=first)).status_code == 200
    members = [await member(chain, name=f"n{n}") for n in range(6)]
    storm, boss = Sellers(chain, members, []), Owner(chain)

    async def writes(number: int) -> None:
        while boss.published < PUBLISHES:
            await storm.write(number)
            number += WRITERS

    writing = asyncio.gather(*(writes(number) for number in range(WRITERS)))

    async def publishing_and_recalculating() -> None:
        while not writing.done():
            if await boss.once():  # else the run of the one before is still under way
                assert (await chain.http.post("/v1/programme/recalculate", json={})).status_code == 202
            await asyncio.sleep(0.02)

    async def working() -> None:
        while not writing.done():
            done = await drain(chain.tenant_id)
            assert done.failed == done.dead == 0
            await asyncio.sleep(0.02)

    await asyncio.gather(publishing_and_recalculating(), working(), writing)
    done = await drain(chain.tenant_id)
    assert done.failed == done.dead == 0
    refused = {key: times for key, times in storm.answers.items() if key[1] >= 400}
    # A refund may be more than is left; staff may name a tier that has just gone, or find the member busy.
    assert refused.keys() <= {("refund", 422), ("set", 422), ("set", BUSY), ("unlock", BUSY)}, refused
    assert boss.refused.keys() <= {"/problems/recalculation-running"}
    assert await drift(chain) == []
    await numbers_have_no_gap(chain)
    await tiers_are_those_in_force(chain)
    made, told = await decided(chain), await one_after_the_other(chain)
    assert {who: (made[who], told[who]) for who in made.keys() | told.keys() if made[who] != told[who]} == {}
    assert await unproved(chain.tenant_id) == []


async def tiers_are_those_in_force(chain: Chain) -> None:
    """Once its run is through, nobody holds what the rules don't have, nor at another rank."""
    ladder = (await chain.http.get("/v1/programme")).json()["ladders"][0]
    ranks = {tier["code"]: tier["rank"] for tier in ladder["tiers"]}
    for row in await rows(chain, "member_tier"):
        assert row["rank"] == 0 or ranks[row["tier"]] == row["rank"], row


async def decided(chain: Chain) -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for row in sorted(await rows(chain, "decision"), key=lambda row: row["seq"]):
        found[str(row["member_id"])].append((row["reason"], row["from_tier"], row["to_tier"]))
    return found


async def one_after_the_other(chain: Chain) -> dict[str, list[tuple[str, str, str]]]:
    """What the plain evaluator decides about each member, with the batches at their place among its facts."""
    tables = {table: await rows(chain, table) for table in (*FACTS, "recalculation_batch", "recalculation")}
    # What staff did doesn't say by which rules it was decided: one who waits for a lock may have seen the ones before.
    decided_by = {row["cause_id"]: row["programme_version"] for row in await rows(chain, "decision")}
    for act in tables["tier_act"]:
        act["programme_version"] = decided_by.get(act["id"])
    versions = sorted(await rows(chain, "programme_version"), key=lambda row: row["version"])
    zone = await (await owner()).fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", chain.tenant_id)
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for one in await rows(chain, "member"):
        walk = Walk(str(one["id"]), one["joined_on"], versions, zone)
        walk.all(tables)
        for made in walk.oracle.decisions:
            found[made.member].append((made.reason, made.from_tier, made.to_tier))
    return found


class Walk:
    """One member through its facts and the batches about it, under the rules that each was decided by."""

    def __init__(self, who: str, joined_on: Any, versions: list[Json], zone: str) -> None:
        self.who, self.versions = who, versions
        self.oracle = Oracle(json.loads(versions[0]["document"]), zone)
        self.oracle.add_member(who, joined_on)

    def all(self, tables: dict[str, list[Json]]) -> None:
        runs = {row["id"]: row for row in tables["recalculation"]}
        own = [(table, row) for table in FACTS for row in tables[table] if str(row["member_id"]) == self.who]
        happened = [(row["recorded_at"], table, row) for table, row in own]
        about_me = [row for row in tables["recalculation_batch"] if self._is_about_me(row)]
        happened += [(row["evaluated_at"], runs[row["recalculation_id"]]["cause"], row) for row in about_me]
        happened.sort(key=lambda one: one[0])
        for n, (at, what, row) in enumerate(happened):
            known = [later["programme_version"] for _, _, later in happened[n:] if later.get("programme_version")]
            self.until(min([*known[:1], self._in_force(at)]))
            self.happen(at, what, row)

    def _is_about_me(self, batch: Json) -> bool:
        if batch["named"] is not None:
            return self.who in map(str, batch["named"])
        after = batch["after_member"]
        return (after is None or str(after) < self.who) and self.who <= str(batch["last_member"])

    def _in_force(self, at: datetime) -> int:
        found: int = max(row["version"] for row in self.versions if row["published_at"] <= at or row["version"] == 1)
        return found

    def until(self, version: int) -> None:
        while self.oracle.versions.now.number < version:
            row = self.versions[self.oracle.versions.now.number]
            at, back = row["published_at"], row["rolled_back_to"]
            if back is not None:
                publishing.roll_back(self.oracle, back, at)
                continue
            codes = {tier["code"] for tier in json.loads(row["document"])["ladders"][0]["tiers"]}
            lineage = json.loads(row["lineage"] or "{}").get("card", {})
            holders = {code: to for code, to in lineage.items() if code not in codes}
            publishing.publish(self.oracle, json.loads(row["document"]), at, row["transition"], {"card": holders})

    def happen(self, at: datetime, what: str, row: Json) -> None:
        oracle, who = self.oracle, self.who
        match what:
            case "purchase":
                lines = json.loads(row["lines"] or "[]")
                parts = [(line.get("category"), line["amount"]) for line in lines]
                name = str(row["id"])
                oracle.record_purchase(who, row["occurred_at"], row["amount"], at, parts=parts, external_id=name)
            case "refund":
                oracle.refund(str(row["purchase_id"]), at, row["amount"])
            case "activity":
                oracle.record_activity(who, row["occurred_at"], row["kind"], at, Fraction(0))
            case "tier_act" if row["act"] == "set":
                oracle.set_tier(who, "card", row["tier"], at, row["locked_until"])
            case "tier_act":
                oracle.unlock(who, "card", at)
            case "programme":
                publishing.bring_over(oracle, who, row["as_of"])
            case _:
                oracle.recalculate(row["as_of"])
