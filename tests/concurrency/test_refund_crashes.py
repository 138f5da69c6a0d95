"""`kill -9` while money is given back: nothing acknowledged is missing, nothing is given back twice, sums as told."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from crash_site import CrashSite, until
from support.drift import drift_of

LINES = [{"category": "tea", "amount": 700}, {"category": "cake", "amount": 300}]
EACH = 7


@dataclass
class ReturnsDesk:
    """Sells a ticket, then gives it back in pieces, each until it is told so."""

    http: httpx.AsyncClient
    branch_id: str
    name: str
    member_id: str
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)

    async def send(self, url: str, body: dict[str, Any], key: str | None) -> dict[str, Any]:
        """Sends until the answer is heard; `key` None: the caller's own number alone keeps it one."""
        while True:
            try:
                headers = {} if key is None else {"Idempotency-Key": key}
                answer = await self.http.post(url, json=body, headers=headers)
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
                continue
            self.statuses[answer.status_code] += 1
            if answer.status_code in {200, 201}:
                made: dict[str, Any] = answer.json()
                return made
            assert answer.status_code in {409, 503}, answer.text
            await asyncio.sleep(0.05)

    async def work(self, done: asyncio.Event) -> None:
        number = 0
        while not done.is_set():
            number += 1
            ticket = {
                "member_id": self.member_id,
                "branch_id": self.branch_id,
                "external_id": f"{self.name}-{number}",
                "lines": LINES,
                "external_amounts": True,
            }
            sale = await self.send("/v1/purchases", ticket, None)
            for piece in (1, 399, 600):
                mark = f"{self.name}-{number}-{piece}"
                body = {"external_id": mark, "amount": piece}
                key = mark if piece == 1 else None
                self.refunds[mark] = await self.send(f"/v1/purchases/{sale['id']}/refunds", body, key)


async def test_the_api_killed_while_money_is_given_back(site: CrashSite) -> None:
    tenant_id, http, branch_id = await site.sign_up()
    ids = [(await http.post("/v1/members", json={"name": f"m{n}"})).json()["id"] for n in range(3)]
    counters = [ReturnsDesk(http, branch_id, f"c{n}", ids[n % 3]) for n in range(6)]
    done = asyncio.Event()
    working = asyncio.gather(*(one.work(done) for one in counters))
    for _ in range(2):
        goals = [len(one.refunds) + EACH for one in counters]

        async def reached(goals: list[int] = goals) -> bool:
            return all(len(one.refunds) >= goal for one, goal in zip(counters, goals, strict=True))

        await until(reached, 30)
        site.kill("api")
        await site.serving()
    done.set()
    await working
    told = {mark: answer for one in counters for mark, answer in one.refunds.items()}
    stored = await site.sql("SELECT id, external_id, amount FROM refund WHERE tenant_id = $1", tenant_id)
    assert {row["external_id"]: (str(row["id"]), row["amount"]) for row in stored} == {
        mark: (answer["id"], answer["amount"]) for mark, answer in told.items()
    }
    assert len(stored) == len(told)
    conn = await asyncpg.connect(site.servers.postgres.dsn(database="regulars"))
    try:
        assert await drift_of(conn, tenant_id) == []
    finally:
        await conn.close()
    assert {answer["left"] for mark, answer in told.items() if mark.endswith("-600")} == {0}
