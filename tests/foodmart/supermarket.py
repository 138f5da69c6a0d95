"""A chain with FoodMart's members and purchases whose owner publishes new rules, and what its members then hold."""

import csv
import gzip
import io
import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from foodmart.scale import scaled
from foodmart.test_foodmart import EVERY, MEMBERS, PURCHASES, NewChain, rows
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import begin, work
from support.plan_held import give_plan

from industry_templates.loader import get

Json = dict[str, Any]
Held = tuple[str, date | None, date | None]
"""Tier, since, valid_until; the base tier has neither day."""
Moves = dict[tuple[str, str], tuple[str, str]]
"""By ladder and FoodMart's number: from which tier to which."""
OPENED = datetime(1998, 1, 1, 12, tzinfo=UTC)
TODAY = OPENED.date()


@cache
def chosen() -> frozenset[str]:
    """Who belongs to the sample and had joined when the chain opened."""
    found = [row for row in rows("members.csv.gz") if row["joined_at"][:10] < TODAY.isoformat()]
    return frozenset(row["member_id"] for row in found if int(row["member_id"]) % EVERY == 0)


def sampled(name: str) -> list[dict[str, str]]:
    return [row for row in rows(name) if row["member_id"] in chosen()]


def spent(since: date = date.min) -> Counter[str]:
    """By member, in minor units; all that is known is of 1997."""
    found: Counter[str] = Counter(dict.fromkeys(chosen(), 0))
    for row in sampled("purchases.csv.gz"):
        if date.fromisoformat(row["occurred_at"][:10]) >= since:
            found[row["member_id"]] += int(row["amount_cents"])
    return found


@dataclass(frozen=True)
class Supermarket:
    """It opened on the first noon of 1998 with all its members evaluated."""

    chain: Chain
    drain: Any

    @classmethod
    async def opened(cls, new_chain: NewChain, drain: Any, template: str, factor: str) -> "Supermarket":
        chain = await new_chain(template=template, timezone="UTC")
        await give_plan(chain.tenant_id, "chain")  # it has 24 stores
        await begin(chain, OPENED, "UTC")
        made = cls(chain, drain)
        rules = scaled(get(template).programme, Decimal(factor)).dump()
        rules["eligibility"]["min_age"] = None  # a few were children in 1998
        await made.publish(rules, "grandfather")
        for kind, mapping in (("members", MEMBERS), ("purchases", PURCHASES)):
            state = await made._imported(kind, mapping)
            assert (state["state"], state["failed"]) == ("done", 0), state
        assert (await chain.http.post("/v1/programme/recalculate", json={})).status_code == 202
        await work(chain, drain)
        return made

    async def _imported(self, kind: str, mapping: dict[str, str]) -> Json:
        file = io.StringIO()
        found = sampled(f"{kind}.csv.gz")
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
        options = {"kind": kind, "mapping": mapping, "create_missing": True, "evaluate": False}
        answer = await self.chain.http.post(
            "/v1/imports",
            files={"file": (f"{kind}.csv.gz", gzip.compress(file.getvalue().encode()))},
            data={"options": json.dumps(options)},
        )
        assert answer.status_code == 202, answer.text
        await work(self.chain, self.drain)
        state: Json = (await self.chain.http.get(f"/v1/imports/{answer.json()['import_id']}")).json()
        return state

    async def rules(self) -> Json:
        """The document in force."""
        found: Json = (await self.chain.http.get("/v1/programme")).json()
        return {name: value for name, value in found.items() if name != "pending"}

    async def draft(self, document: Json) -> None:
        answer = await self.chain.http.put("/v1/programme/draft", json=document)
        assert answer.status_code == 200, answer.text

    async def publish(self, document: Json, transition: str, holders: Json | None = None) -> None:
        """With all that this sets off."""
        await self.draft(document)
        body = {"transition": transition, "holders": holders or {}}
        answer = await self.chain.http.post("/v1/programme/draft/publish", json=body)
        assert answer.status_code == 200, answer.text
        await work(self.chain, self.drain)

    async def roll_back(self) -> None:
        """To the version before."""
        now: int = (await self.rules())["version"]
        answer = await self.chain.http.post(
            f"/v1/programme/versions/{now - 1}/rollback", json={"note": "not like this"}
        )
        assert answer.status_code == 200, answer.text
        await work(self.chain, self.drain)

    async def simulated(self, document: Json, transition: str, holders: Json | None = None) -> tuple[Json, Moves]:
        """The simulation's result, and its table of who moves on which ladder."""
        await self.draft(document)
        body = {"transition": transition, "holders": holders or {}}
        answer = await self.chain.http.post("/v1/programme/draft/simulate", json=body)
        assert answer.status_code == 202, answer.text
        job_id = answer.json()["job_id"]
        await work(self.chain, self.drain)
        job: Json = (await self.chain.http.get(f"/v1/jobs/{job_id}")).json()
        assert job["state"] == "done", job
        table = (await self.chain.http.get(f"/v1/programme/simulations/{job_id}/members.csv")).text
        lines = csv.DictReader(io.StringIO(table.removeprefix("\ufeff")))
        moves = {(line["ladder"], line["external_id"]): (line["from"], line["to"]) for line in lines}
        return job["result"], moves

    async def held(self, ladder: str) -> dict[str, Held]:
        """By FoodMart's number."""
        base = next(one for one in (await self.rules())["ladders"] if one["code"] == ladder)["tiers"][0]["code"]
        found = await (await owner()).fetch(
            "SELECT m.external_id, t.tier, t.rank, t.since, t.valid_until FROM member m LEFT JOIN member_tier t"
            " ON t.tenant_id = m.tenant_id AND t.member_id = m.id AND t.ladder = $2 WHERE m.tenant_id = $1",
            self.chain.tenant_id,
            ladder,
        )
        return {
            row["external_id"]: (row["tier"], row["since"], row["valid_until"]) if row["rank"] else (base, None, None)
            for row in found
        }

    async def members(self) -> dict[str, str]:
        """Ids by FoodMart's number."""
        found = await (await owner()).fetch(
            "SELECT external_id, id FROM member WHERE tenant_id = $1", self.chain.tenant_id
        )
        return {row["external_id"]: str(row["id"]) for row in found}

    async def night(self, day: date) -> None:
        """The midnight with which `day` begins; the nights until then bring nothing."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        await (await owner()).execute(
            "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1 AND next_at < $2", self.chain.tenant_id, midnight
        )
        await set_clock(self.chain.tenant_id, midnight + timedelta(milliseconds=1))
        await work(self.chain, self.drain)

    async def history(self, number: str) -> list[tuple[str, str, str, str]]:
        """A member's decisions, the newest first: cause, reason, from, to."""
        member_id = (await self.members())[number]
        found = (await self.chain.http.get(f"/v1/members/{member_id}/decisions")).json()["data"]
        return [(one["cause"], one["reason"], one["from_tier"], one["to_tier"]) for one in found]


def tier_of(amount: int, steps: list[tuple[str, int]]) -> str:
    """The last of the steps, lowest first, that the amount reaches."""
    return [code for code, least in steps if amount >= least][-1]


def tier(document: Json, ladder: str, code: str) -> Json:
    """The tier of a document, to be changed."""
    tiers = next(one for one in document["ladders"] if one["code"] == ladder)["tiers"]
    found: Json = next(one for one in tiers if one["code"] == code)
    return found
