"""`kill -9` of anything at any time: nothing acknowledged is missing, nothing is doubled, tiers as without it."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from crash_site import CrashSite, until

MEMBERS = 40_000
BATCH = 10_000


# --- purchases ----------------------------------------------------------------------------------------------


@dataclass
class Till:
    """Sends numbered tickets, each with its key, and remembers what it was told about each."""

    http: httpx.AsyncClient
    branch_id: str
    name: str
    members: list[str]
    acknowledged: dict[str, dict[str, Any]] = field(default_factory=dict)
    in_doubt: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    def ticket(self, number: str) -> dict[str, Any]:
        which = int(number.rpartition("-")[2])
        return {
            "member_id": self.members[which % len(self.members)],
            "branch_id": self.branch_id,
            "external_id": number,
            "amount": 1000 + which,
            "external_amounts": True,
        }

    async def send(self, number: str) -> bool:
        headers = {"Idempotency-Key": number}
        try:
            answer = await self.http.post("/v1/purchases", json=self.ticket(number), headers=headers)
        except httpx.HTTPError:
            return False
        self.statuses[answer.status_code] += 1
        if answer.status_code not in {200, 201}:
            return False
        self.acknowledged[number] = answer.json()
        return True

    async def sell(self, until_set: asyncio.Event) -> None:
        number = 0
        while not until_set.is_set():
            ticket = f"{self.name}-{number}"
            number += 1
            if not await self.send(ticket):
                self.in_doubt.append(ticket)
                await asyncio.sleep(0.05)

    async def make_good(self) -> None:
        """Sends again whatever it has heard nothing good about, until it has."""
        for number in self.in_doubt:
            for _ in range(100):
                if await self.send(number):
                    break
                await asyncio.sleep(0.1)
        self.in_doubt.clear()


async def open_tills(site: CrashSite, count: int) -> tuple[UUID, list[Till]]:
    tenant_id, http, branch_id = await site.sign_up()
    members = [(await http.post("/v1/members", json={"name": f"m{n}"})).json()["id"] for n in range(4)]
    return tenant_id, [Till(http, branch_id, f"till{n}", members) for n in range(count)]


async def busy(tills: list[Till], each: int) -> None:
    """Every till has had so many more tickets acknowledged."""
    goal = [len(till.acknowledged) + each for till in tills]

    async def reached() -> bool:
        return all(len(till.acknowledged) >= many for till, many in zip(tills, goal, strict=True))

    await until(reached, 15)


async def nothing_missing_nothing_doubled(site: CrashSite, tenant_id: UUID, tills: list[Till]) -> None:
    stored = await site.sql("SELECT id, external_id, amount FROM purchase WHERE tenant_id = $1", tenant_id)
    by_number = {row["external_id"]: row for row in stored}
    assert len(by_number) == len(stored)
    told = {number: answer for till in tills for number, answer in till.acknowledged.items()}
    assert by_number.keys() == told.keys()
    assert {number: (str(row["id"]), row["amount"]) for number, row in by_number.items()} == {
        number: (answer["id"], answer["amount"]) for number, answer in told.items()
    }
    drifted = await site.sql(
        "SELECT member_id FROM (SELECT member_id, sum(amount) AS spend, count(*) AS purchases FROM purchase"
        " WHERE tenant_id = $1 GROUP BY 1) p FULL JOIN (SELECT member_id, spend, purchases FROM member_total"
        " WHERE tenant_id = $1) t USING (member_id)"
        " WHERE (p.spend, p.purchases) IS DISTINCT FROM (t.spend, t.purchases)",
        tenant_id,
    )
    assert drifted == []
    # Tiers are what the sums give: regular below 500.00, silver from there, gold from 1,000.00, diamond from 3,000.00.
    wrong = await site.sql(
        "SELECT t.member_id FROM member_total t LEFT JOIN member_tier s USING (tenant_id, member_id)"
        " WHERE t.tenant_id = $1 AND coalesce(s.rank, 0) <>"
        " CASE WHEN spend >= 300000 THEN 3 WHEN spend >= 100000 THEN 2 WHEN spend >= 50000 THEN 1 ELSE 0 END",
        tenant_id,
    )
    assert wrong == []


async def test_the_api_killed_during_purchases(site: CrashSite) -> None:
    tenant_id, tills = await open_tills(site, 6)
    done = asyncio.Event()
    selling = asyncio.gather(*(till.sell(done) for till in tills))
    for _ in range(2):
        await busy(tills, 5)
        site.kill("api")
        await site.serving()
    await busy(tills, 3)
    done.set()
    await selling
    assert sum(len(till.in_doubt) for till in tills) > 0
    for till in tills:
        await till.make_good()
    assert {status for till in tills for status in till.statuses} == {201}
    await nothing_missing_nothing_doubled(site, tenant_id, tills)
    # And who asks again is told the same.
    before = dict(tills[0].acknowledged)
    for number in list(before)[-5:]:
        assert await tills[0].send(number)
    assert tills[0].acknowledged == before


async def test_postgresql_killed_during_purchases(site: CrashSite) -> None:
    tenant_id, tills = await open_tills(site, 6)
    done = asyncio.Event()
    selling = asyncio.gather(*(till.sell(done) for till in tills))
    postgres = site.servers.postgres
    for _ in range(2):
        await busy(tills, 5)
        assert postgres.process is not None
        postgres.process.kill()
        postgres.process.wait()
        await asyncio.sleep(0.2)
        postgres.start()
    await busy(tills, 3)
    done.set()
    await selling
    for till in tills:
        await till.make_good()
    assert {status for till in tills for status in till.statuses} <= {201, 503, 409}
    await nothing_missing_nothing_doubled(site, tenant_id, tills)


# --- recalculation ------------------------------------------------------------------------------------------

_FILL = (
    (
        "INSERT INTO member (tenant_id, id, joined_on, name, source, created_at)"
        " SELECT $1, uuidv7(), '2020-01-01', n::text, 'import', now() FROM generate_series(1, $2::int) n"
    ),
    (
        "INSERT INTO member_total (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)"
        " SELECT tenant_id, id, name::int * 7919 % 600000, 1, name::int * 7919 % 600000, current_date - 60, now()"
        " FROM member WHERE tenant_id = $1 AND $2::int > 0"
    ),
    (
        "INSERT INTO member_month (tenant_id, member_id, month, spend, purchases, max_purchase)"
        " SELECT tenant_id, member_id, date_trunc('month', current_date - 60)::date, spend, 1, spend FROM member_total"
        " WHERE tenant_id = $1 AND $2::int > 0"
    ),
    (
        "INSERT INTO member_day (tenant_id, member_id, day, spend, purchases, max_purchase)"
        " SELECT tenant_id, member_id, current_date - 60, spend, 1, spend FROM member_total"
        " WHERE tenant_id = $1 AND $2::int > 0"
    ),
)


@dataclass(frozen=True)
class Run:
    """A recalculation of a chain full of members."""

    site: CrashSite
    tenant_id: UUID
    http: httpx.AsyncClient
    job_id: str

    async def evaluated(self) -> int:
        rows = await self.site.sql("SELECT evaluated FROM recalculation WHERE tenant_id = $1", self.tenant_id)
        found: int = rows[0]["evaluated"]
        return found

    async def in_the_middle(self) -> bool:
        """A batch is through, another one is being worked on, and the last is not."""
        at_work = (
            "SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND state = 'active' AND query LIKE 'WITH m AS%'"
        )
        return 0 < await self.evaluated() <= MEMBERS - 2 * BATCH and bool(await self.site.sql(at_work))

    async def done(self) -> bool:
        return bool((await self.http.get(f"/v1/jobs/{self.job_id}")).json()["state"] == "done")

    async def finishes(self) -> dict[str, Any]:
        """Its result. A message that a worker drops while its own connection is still dead waits for its lease too:
        the leases run out again and again, and jobs that run twice work once.
        """

        async def done_or_hurried() -> bool:
            await self.site.hurry(self.tenant_id)
            await asyncio.sleep(0.3)
            return await self.done()

        await until(done_or_hurried, 25, lambda: self.site.log("worker"))
        result: dict[str, Any] = (await self.http.get(f"/v1/jobs/{self.job_id}")).json()["result"]
        return result

    async def decisions(self) -> Counter[tuple[str, str, str]]:
        rows = await self.site.sql(
            "SELECT m.name, d.from_tier, d.to_tier FROM decision d JOIN member m ON m.tenant_id = d.tenant_id"
            " AND m.id = d.member_id WHERE d.tenant_id = $1",
            self.tenant_id,
        )
        return Counter((row["name"], row["from_tier"], row["to_tier"]) for row in rows)


async def full_run(site: CrashSite, members: int) -> Run:
    tenant_id, http, _ = await site.sign_up()
    for statement in _FILL:
        await site.sql(statement, tenant_id, members)
    await site.sql("ANALYZE member, member_total, member_month, member_day")
    for what in ("relay", "worker"):
        if what not in site.processes:
            site.start(what)
    job_id = (await http.post("/v1/programme/recalculate", json={})).json()["job_id"]
    return Run(site, tenant_id, http, job_id)


def expected(members: int) -> Counter[tuple[str, str, str]]:
    """What the general template decides about members who bought once, within its twelve months."""
    found: Counter[tuple[str, str, str]] = Counter()
    for n in range(1, members + 1):
        spend = n * 7919 % 600_000
        tiers = (("diamond", 300_000), ("gold", 100_000), ("silver", 20_000))
        tier = next((tier for tier, least in tiers if spend >= least), None)
        if tier is not None:
            found[str(n), "regular", tier] += 1
    return found


async def test_the_worker_killed_during_a_recalculation(site: CrashSite) -> None:
    run = await full_run(site, MEMBERS)
    await until(run.in_the_middle, 15, lambda: site.log("worker"))
    before = await run.evaluated()
    site.kill("worker")
    assert before < MEMBERS
    assert not await run.done()
    site.start("worker")
    result = await run.finishes()
    assert result["evaluated"] == MEMBERS
    assert await run.decisions() == expected(MEMBERS)


async def test_valkey_and_relay_killed_during_a_recalculation(site: CrashSite) -> None:
    run = await full_run(site, MEMBERS)
    await until(run.in_the_middle, 15, lambda: site.log("worker"))
    valkey = site.servers.valkey
    assert valkey.process is not None
    valkey.process.kill()
    valkey.process.wait()
    site.kill("relay")
    await asyncio.sleep(0.5)
    valkey.start()
    site.start("relay")
    result = await run.finishes()
    assert result["evaluated"] == MEMBERS
    assert await run.decisions() == expected(MEMBERS)


async def test_postgresql_killed_during_a_recalculation(site: CrashSite) -> None:
    run = await full_run(site, MEMBERS)
    await until(run.in_the_middle, 15, lambda: site.log("worker"))
    postgres = site.servers.postgres
    assert postgres.process is not None
    postgres.process.kill()
    postgres.process.wait()
    postgres.start()
    await site.serving()
    result = await run.finishes()
    assert result["evaluated"] == MEMBERS
    assert await run.decisions() == expected(MEMBERS)
