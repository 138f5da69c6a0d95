"""Rows' stories told by the product: over HTTP, with a moved clock. Rows of the same rules are members of one chain."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from oracle.local_days import local_day
from policies.happening import Event, Told, start_of
from policies.policy_rules import Rules
from support.chains import Chain
from support.clock import owner, set_clock
from support.feed import told_of
from support.midnights import pass_time, work

Json = dict[str, Any]


class Story:
    """One member of a chain, to whom a row's events happen."""

    def __init__(self, chain: Chain, name: str, zone: ZoneInfo, branches: dict[str | None, str]) -> None:
        self.chain, self.name, self.zone, self.branches = chain, name, zone, branches
        self.member = ""
        self.purchases: list[str] = []
        self.number = 0

    async def begin(self, joined_on: date) -> None:
        self.member = await self._enrol(joined_on=joined_on.isoformat())

    async def happen(self, event: Event) -> None:
        self.number += 1
        await getattr(self, f"_{event.kind}")(event, event.what)

    async def outcome(self) -> list[Told]:
        """Decisions and warnings of the member."""
        answer = await ask(self.chain, "GET", f"/v1/members/{self.member}/decisions?limit=200")
        made = [self._decided(one) for one in reversed(answer["data"])]
        warned = await told_of(self.chain.tenant_id, "tier.expiring")
        ours = [row for row in warned if str(row["member_id"]) == self.member]
        return [*made, *(self._warned(row["at"], json.loads(row["data"])) for row in ours)]

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
            "external_id": f"{self.name}-T{self.number}",
            "external_amounts": True,
            "occurred_at": event.occurred_at.isoformat(),
        }
        made = await ask(self.chain, "POST", "/v1/purchases", body | amounts)
        if member == self.member:
            self.purchases.append(made["id"])

    async def _refund(self, event: Event, what: Json) -> None:
        purchase, amount = self.purchases[what["number"] - 1], what["amount"]
        if amount is None:
            paid = "SELECT amount FROM purchase WHERE tenant_id = $1 AND id = $2::text::uuid"
            amount = await (await owner()).fetchval(paid, self.chain.tenant_id, purchase)
        body = {"amount": amount, "external_id": f"{self.name}-R{self.number}"}
        await ask(self.chain, "POST", f"/v1/purchases/{purchase}/refunds", body)

    async def _activity(self, event: Event, what: Json) -> None:
        body = {
            "member_id": self.member,
            "kind": what["kind"],
            "occurred_at": event.occurred_at.isoformat(),
            "external_id": f"{self.name}-A{self.number}",
        }
        await ask(
            self.chain, "POST", "/v1/activities", body | ({} if what["value"] is None else {"value": what["value"]})
        )

    async def _set(self, event: Event, what: Json) -> None:
        body = {"tier": what["tier"], "reason": "by hand"}
        if what["until"] is not None:
            body["locked_until"] = what["until"].isoformat()
        await ask(self.chain, "PUT", f"/v1/members/{self.member}/tier", body)

    async def _unlock(self, event: Event, what: Json) -> None:
        await ask(self.chain, "DELETE", f"/v1/members/{self.member}/tier")

    async def _friend(self, event: Event, what: Json) -> None:
        friend = await self._enrol(referrer_id=self.member)
        await self._purchase(event, friend, self.chain.branch_id, {"amount": what["amount"]})

    async def _look(self, event: Event, what: Json) -> None:
        """Time has passed already."""

    async def _enrol(self, **fields: str) -> str:
        made: str = (await ask(self.chain, "POST", "/v1/members", {"name": "王秀", **fields}))["id"]
        return made

    async def _branch(self, code: str | None) -> str:
        if code not in self.branches:
            made = await ask(self.chain, "POST", "/v1/branches", {"code": code, "name": f"{code}"})
            self.branches[code] = made["id"]
        return self.branches[code]


async def ask(chain: Chain, method: str, url: str, body: Json | None = None) -> Json:
    answer: httpx.Response = await chain.http.request(method, url, json=body)
    assert answer.is_success, f"{method} {url}: {answer.text}"
    found: Json = answer.json() if answer.content else {}
    return found


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


async def outcomes(
    chain: Chain, rules: Rules, told: Mapping[str, list[Event]], drain: Any, *, warnings: bool
) -> dict[str, list[Told]]:
    """Decisions and warnings up to each story's last event, by the stories' names. The chain is new."""
    begins = min(start_of(events, rules.joined_on, rules.zone) for events in told.values())
    await _set_up(chain, rules, begins)
    zone, branches = ZoneInfo(rules.zone), {None: chain.branch_id}
    stories = {name: Story(chain, name, zone, branches) for name in told}
    for story in stories.values():
        await story.begin(rules.joined_on)
    nights = ("tiers", "tier-notices") if warnings else ("tiers",)
    happenings = ((event.at, name, event) for name, events in told.items() for event in events)
    came_out: dict[str, list[Told]] = {}
    for at, name, event in sorted(happenings, key=lambda one: one[0]):
        await pass_time(chain, drain, at, nights=nights)
        await stories[name].happen(event)
        await work(chain, drain)
        if stories[name].number == len(told[name]):  # the row ends here, the chain may not
            came_out[name] = await stories[name].outcome()
    return came_out


async def _set_up(chain: Chain, rules: Rules, at: datetime) -> None:
    await set_clock(chain.tenant_id, at)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    await ask(chain, "PUT", "/v1/programme/draft", rules.programme)
    await ask(chain, "POST", "/v1/programme/draft/publish", {})
