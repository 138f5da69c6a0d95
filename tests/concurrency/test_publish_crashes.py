"""`kill -9` of the worker while new rules are brought to everybody, and while a night proves the chain: afterwards all
is done, nothing twice, and what the proof says is what it would have said.
"""

import asyncio
from collections import Counter
from functools import partial
from typing import Any
from uuid import UUID

import httpx
from crash_site import CrashSite, until
from support.feed import TOLD
from test_crashes import full_run

MEMBERS = 40_000
BATCH = 10_000
LIFE = {"type": "lifetime"}
Moves = Counter[tuple[str, str, str]]


# --- a publish ----------------------------------------------------------------------------------------------


def spend(gte: int) -> dict[str, Any]:
    return {"metric": "spend", "window": LIFE, "gte": gte}


def with_tiers(document: dict[str, Any], **gte: int) -> dict[str, Any]:
    """The same rules with these tiers above the base."""
    ladder = document["ladders"][0]
    base = {**ladder["tiers"][0], "code": "regular"}
    made = [
        {**base, "code": code, "rank": n, "names": {"zh-CN": code, "en": code}, "qualify": spend(least)}
        for n, (code, least) in enumerate(gte.items(), start=1)
    ]
    return {**document, "ladders": [{**ladder, "tiers": [base, *made]}, *document["ladders"][1:]]}


OLD = {"silver": 20_000, "gold": 100_000, "diamond": 300_000}
NEW = {"argent": 50_000, "gold": 200_000}


def tier_of(amount: int, rules: dict[str, int]) -> str:
    return next((code for code in reversed(rules) if amount >= rules[code]), "regular")


def expected() -> Moves:
    """Who has spent enough for another tier, or holds one that has another name now, each once."""
    spent = {str(n): n * 7919 % 600_000 for n in range(1, MEMBERS + 1)}
    moves = {who: (tier_of(amount, OLD), tier_of(amount, NEW)) for who, amount in spent.items()}
    return Counter((who, was, now) for who, (was, now) in moves.items() if was != now)


async def decided(site: CrashSite, tenant_id: UUID) -> Moves:
    found = await site.sql(
        "SELECT m.name, d.from_tier, d.to_tier FROM decision d JOIN member m USING (tenant_id)"
        " WHERE d.tenant_id = $1 AND m.id = d.member_id AND d.reason = 'programme_change'",
        tenant_id,
    )
    return Counter((row["name"], row["from_tier"], row["to_tier"]) for row in found)


async def publish(http: httpx.AsyncClient, tiers: dict[str, int], body: dict[str, Any]) -> None:
    document = with_tiers((await http.get("/v1/programme")).json(), **tiers)
    answer = await http.put("/v1/programme/draft", json=document)
    assert answer.status_code == 200, answer.text
    answer = await http.post("/v1/programme/draft/publish", json=body)
    assert answer.status_code == 200, answer.text


async def hurried(site: CrashSite, tenant_id: UUID, sql: str) -> bool:
    """Whether the statement finds something within half a second; what the dead had taken is free again."""
    await site.hurry(tenant_id)
    for _ in range(10):
        if await site.sql(sql, tenant_id):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_the_worker_killed_while_new_rules_are_brought_to_everybody(site: CrashSite) -> None:
    run = await full_run(site, MEMBERS)
    await run.finishes()
    await publish(run.http, OLD, {"transition": "grandfather"})
    holders = {"card": {"silver": "argent", "diamond": "gold"}}
    await publish(run.http, NEW, {"transition": "now", "holders": holders})
    running = "SELECT evaluated FROM recalculation WHERE tenant_id = $1 AND cause = 'programme'"
    at_work = "SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND state = 'active' AND query LIKE 'WITH m AS%'"

    async def in_the_middle() -> bool:
        (row,) = await site.sql(running, run.tenant_id)
        return 0 < row["evaluated"] <= MEMBERS - 2 * BATCH and bool(await site.sql(at_work))

    for _ in range(2):
        await until(in_the_middle, 20, lambda: site.log("worker"))
        site.kill("worker")
        (before,) = await site.sql(running, run.tenant_id)
        assert 0 < before["evaluated"] < MEMBERS
        assert 0 < (await decided(site, run.tenant_id)).total() < expected().total()
        site.start("worker")
        await site.hurry(run.tenant_id)
    through = f"{running} AND finished_at IS NOT NULL"
    await until(partial(hurried, site, run.tenant_id, through), 40, lambda: site.log("worker"))
    (after,) = await site.sql(running, run.tenant_id)
    assert after["evaluated"] == MEMBERS
    assert await decided(site, run.tenant_id) == expected()
    held = await site.sql(
        "SELECT tier, rank, count(*) AS n FROM member_tier WHERE tenant_id = $1 AND rank > 0 GROUP BY 1, 2 ORDER BY 2",
        run.tenant_id,
    )
    now = Counter(tier_of(n * 7919 % 600_000, NEW) for n in range(1, MEMBERS + 1))
    assert [tuple(row) for row in held] == [("argent", 1, now["argent"]), ("gold", 2, now["gold"])]


# --- a night's proof ----------------------------------------------------------------------------------------

PROVED = 5_000
_FILL = (
    "INSERT INTO member (tenant_id, id, joined_on, name, source, created_at)"
    " SELECT $1, uuidv7(), '2020-01-01', n::text, 'import', now() FROM generate_series(1, $2::int) n"
)
# One among the first that are looked at, one in the middle, one among the last.
_FORGE = (
    "INSERT INTO member_total (tenant_id, member_id, spend, purchases, max_purchase, last_day, last_at)"
    " SELECT tenant_id, id, 77, 1, 77, '2026-01-15', '2026-01-15' FROM member WHERE tenant_id = $1 AND name = ANY ($2)"
)
_DIFFERENCES = (
    "SELECT m.name, x.kind FROM proof_difference x JOIN member m USING (tenant_id)"
    " WHERE x.tenant_id = $1 AND m.id = x.member_id ORDER BY x.n"
)
_FORGED = ["7", "2500", "4990"]
_TONIGHT = "UPDATE schedule SET next_at = clock_timestamp() WHERE tenant_id = $1 AND name = 'proof'"
_IN_THE_FIRST_SLICE = """
SELECT 1 FROM proof p
 WHERE p.tenant_id = $1 AND p.members = 0 AND NOT p.walked AND EXISTS (
       SELECT FROM pg_locks k WHERE k.locktype = 'advisory' AND k.granted
          AND k.objid = (hashtext('regulars.proof')::bigint & 4294967295)::oid)"""
_BEHIND_IT = _IN_THE_FIRST_SLICE.replace("p.members = 0", f"p.members BETWEEN 1 AND {PROVED - 1}")


async def test_the_worker_killed_in_a_nights_proof(site: CrashSite) -> None:
    tenant_id, _, _ = await site.sign_up()
    await site.sql(_FILL, tenant_id, PROVED)
    await site.sql(_FORGE, tenant_id, _FORGED)
    await site.sql("ANALYZE member, member_total")
    await site.sql("DELETE FROM schedule WHERE tenant_id <> $1 OR name <> 'proof'", tenant_id)
    await site.sql(_TONIGHT, tenant_id)
    for what in ("relay", "worker", "scheduler"):
        if what not in site.processes:
            site.start(what)

    for at_work in (_IN_THE_FIRST_SLICE, _BEHIND_IT):
        await until(partial(hurried, site, tenant_id, at_work), 60, lambda: site.log("worker"))
        site.kill("worker")
        site.start("worker")
    done = "SELECT 1 FROM proof WHERE tenant_id = $1 AND state = 'done'"
    await until(partial(hurried, site, tenant_id, done), 90, lambda: site.log("worker"))
    (proof,) = await site.sql("SELECT members, erased, differences FROM proof WHERE tenant_id = $1", tenant_id)
    found = await site.sql(_DIFFERENCES, tenant_id)
    assert (proof["members"], proof["erased"], proof["differences"]) == (PROVED, 0, len(_FORGED))
    assert [(row["name"], row["kind"]) for row in found] == [(name, "total") for name in _FORGED]
    told = await site.sql(TOLD, tenant_id, "proof.differs")
    assert len(told) == 1
