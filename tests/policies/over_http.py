"""A row's story told by the product: over HTTP, with a moved clock."""

import json
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from oracle.local_days import local_day
from policies.happening import Event, Told, start_of
from policies.policy_rules import Rules
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import pass_time, work

Json = dict[str, Any]


class Story:
    """One chain with the row's rules and one member."""

    def __init__(self, chain: Chain, rules: Rules, drain: Any) -> None:
        self.chain, self.rules, self.drain = chain, rules, drain
        self.zone = ZoneInfo(rules.zone)
        self.member = ""
        self.purchases: list[str] = []
        self.branches: dict[str | None, str] = {None: chain.branch_id}
        self.number = 0

    async def begin(self, at: datetime, *, warnings: bool) -> None:
        await set_clock(self.chain.tenant_id, at)
        await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", self.chain.tenant_id)
        await self._ask("PUT", "/v1/programme/draft", self.rules.programme)
        await self._ask("POST", "/v1/programme/draft/publish", {})
        if not warnings:  # nights at which nothing else happens needn't pass one by one
            nights = "DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'tiers'"
            await (await owner()).execute(nights, self.chain.tenant_id)
        self.member = await self._enrol(joined_on=self.rules.joined_on.isoformat())

    async def tell(self, events: list[Event]) -> None:
        for event in events:
            await pass_time(self.chain, self.drain, event.at)
            self.number += 1
            await getattr(self, f"_{event.kind}")(event, event.what)
            await work(self.chain, self.drain)

    async def outcome(self) -> list[Told]:
        """Decisions and warnings of the member."""
        answer = await self._ask("GET", f"/v1/members/{self.member}/decisions?limit=200")
        made = [self._decided(one) for one in reversed(answer["data"])]
        warned = await (await owner()).fetch(
            "SELECT at, data FROM event WHERE tenant_id = $1 AND type = 'tier.expiring' AND member_id = $2::text::uuid"
            " ORDER BY id",
            self.chain.tenant_id,
            self.member,
        )
        return [*made, *(self._warned(row["at"], json.loads(row["data"])) for row in warned)]

    def _decided(self, one: Json) -> Told:
        at = datetime.fromisoformat(one["effective_at"])
        return Told(local_day(at, self.zone), one["reason"], one["to_tier"], _day(one["valid_until"]))

    def _warned(self, at: datetime, data: Json) -> Told:
        return Told(local_day(at, self.zone), "told", data["tier"], _day(data["valid_until"]))

    # What may happen

    async def _buy(self, event: Event, what: Json) -> None:
        amounts: Json = {"amount": what["parts"][0][1]}
        if what["parts"] != [(None, amounts["amount"])]:
            lines = [{"category": category, "amount": amount} for category, amount in what["parts"]]
            amounts = {"lines": [{k: v for k, v in line.items() if v is not None} for line in lines]}
        branch = await self._branch(what["branch"])
        await self._purchase(event, self.member, branch, amounts)

    async def _purchase(self, event: Event, member: str, branch: str, amounts: Json) -> None:
        body = {
            "member_id": member,
            "branch_id": branch,
            "external_id": f"T{self.number}",
            "external_amounts": True,
            "occurred_at": event.occurred_at.isoformat(),
        }
        made = await self._ask("POST", "/v1/purchases", body | amounts)
        if member == self.member:
            self.purchases.append(made["id"])

    async def _refund(self, event: Event, what: Json) -> None:
        purchase, amount = self.purchases[what["number"] - 1], what["amount"]
        if amount is None:
            paid = "SELECT amount FROM purchase WHERE tenant_id = $1 AND id = $2::text::uuid"
            amount = await (await owner()).fetchval(paid, self.chain.tenant_id, purchase)
        body = {"amount": amount, "external_id": f"R{self.number}"}
        await self._ask("POST", f"/v1/purchases/{purchase}/refunds", body)

    async def _activity(self, event: Event, what: Json) -> None:
        body = {
            "member_id": self.member,
            "kind": what["kind"],
            "occurred_at": event.occurred_at.isoformat(),
            "external_id": f"A{self.number}",
        }
        await self._ask("POST", "/v1/activities", body | ({} if what["value"] is None else {"value": what["value"]}))

    async def _set(self, event: Event, what: Json) -> None:
        body = {"tier": what["tier"], "reason": "by hand"}
        if what["until"] is not None:
            body["locked_until"] = what["until"].isoformat()
        await self._ask("PUT", f"/v1/members/{self.member}/tier", body)

    async def _unlock(self, event: Event, what: Json) -> None:
        await self._ask("DELETE", f"/v1/members/{self.member}/tier")

    async def _friend(self, event: Event, what: Json) -> None:
        friend = await self._enrol(referrer_id=self.member)
        await self._purchase(event, friend, self.chain.branch_id, {"amount": what["amount"]})

    async def _look(self, event: Event, what: Json) -> None:
        """Time has passed already."""

    async def _enrol(self, **fields: str) -> str:
        made: str = (await self._ask("POST", "/v1/members", {"name": "王秀", **fields}))["id"]
        return made

    async def _branch(self, code: str | None) -> str:
        if code not in self.branches:
            made = await self._ask("POST", "/v1/branches", {"code": code, "name": f"{code}"})
            self.branches[code] = made["id"]
        return self.branches[code]

    async def _ask(self, method: str, url: str, body: Json | None = None) -> Json:
        answer: httpx.Response = await self.chain.http.request(method, url, json=body)
        assert answer.is_success, f"{method} {url}: {answer.text}"
        found: Json = answer.json() if answer.content else {}
        return found


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


async def outcome(chain: Chain, rules: Rules, events: list[Event], drain: Any, *, warnings: bool) -> list[Told]:
    """Decisions and warnings as the product tells them."""
    story = Story(chain, rules, drain)
    await story.begin(start_of(events, rules.joined_on, rules.zone), warnings=warnings)
    await story.tell(events)
    return await story.outcome()
