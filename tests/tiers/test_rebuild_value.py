"""A rebuild walks top-ups and points, each net of what was taken back, where they happened."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from policy_chains import LIFE, Json, at, chain_with, ladder
from support.chains import Chain
from support.clock import set_clock
from support.counter import paid_out, topped_up
from support.drift import drift
from support.midnights import work
from support.programme import change_programme
from support.till import bought, given_back, member, rows
from uuid_utils.compat import uuid7

from saas.scope import tenant_scope
from tenants.members.row import lock_member
from tenants.points.book import Fact
from tenants.points.ledger import accrue_beside
from tenants.programme.versions import current_programme
from tenants.tiers.evaluate import evaluate_fact

NewChain = Callable[..., Awaitable[Chain]]
Drain = Callable[..., Awaitable[Any]]
POINTS: Json = {
    "per_unit": "1",
    "expiry": {"type": "never"},
    "beside": {"top_up": "2", "activities": [], "referral": 50, "birthday": 0},
}


def asking(metric: str, silver: int, gold: int, **policy: Any) -> Json:
    card = ladder("card", LIFE, **policy)
    for tier, gte in zip(card["tiers"][1:], (silver, gold), strict=True):
        tier["qualify"] = {"metric": metric, "window": LIFE, "gte": gte}
    return card


async def rebuilt(chain: Chain, drain: Drain) -> list[tuple[str, str, str, str]]:
    """Day and time, reason, tier and cause of each decision made anew; the sums are those of before."""
    kept = {table: await rows(chain, table) for table in ("measure_day", "measure_month", "member_day")}
    answer = await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})
    assert answer.status_code == 202, answer.text
    await work(chain, drain)
    assert (await chain.http.get(f"/v1/jobs/{answer.json()['job_id']}")).json()["state"] == "done"
    for table, before in kept.items():
        after = sorted(await rows(chain, table), key=str)
        assert after == sorted((row for row in before if not _is_nothing(row)), key=str), table
    assert await drift(chain) == []
    return await decided(chain)


def _is_nothing(row: Json) -> bool:
    return not any(row.get(name) for name in ("total", "facts", "valued", "most", "spend", "purchases"))


async def decided(chain: Chain) -> list[tuple[str, str, str, str]]:
    made = sorted(await rows(chain, "decision"), key=lambda row: (row["effective_at"], row["seq"]))
    return [(f"{r['effective_at']:%m-%d %H:%M}", r["reason"], r["to_tier"], r["cause"]) for r in made]


async def test_a_tier_earned_by_a_top_up(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), asking("top_ups", 10_000, 30_000))
    who = await member(chain)
    await set_clock(chain.tenant_id, at("2031-01-10 12:00"))
    await topped_up(chain, who, "U1", 10_000)
    await set_clock(chain.tenant_id, at("2031-02-10 12:00"))
    await topped_up(chain, who, "U2", 25_000)
    live = await decided(chain)
    assert [row[1:] for row in live] == [("upgrade", "silver", "top_up"), ("upgrade", "gold", "top_up")]
    assert await rebuilt(chain, drain) == live


async def test_net_of_what_was_paid_back_or_undone(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), asking("max_top_up", 10_000, 30_000))
    who = await member(chain)
    await set_clock(chain.tenant_id, at("2031-01-10 12:00"))
    first = await topped_up(chain, who, "U1", 30_000)
    await paid_out(chain, who, "P1", 20_000, top_up_id=first["id"])
    gone = await topped_up(chain, who, "U2", 40_000)
    await paid_out(chain, who, "P2", 40_000, top_up_id=gone["id"])
    undone = await topped_up(chain, who, "U3", 30_001)
    assert (await chain.http.post(f"/v1/wallet/top-ups/{undone['id']}/undo", json={})).status_code == 200
    assert [row[1:] for row in await rebuilt(chain, drain)] == [("upgrade", "silver", "top_up")]


async def test_points_come_with_what_gave_them(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), asking("points_earned", 100, 300))
    await change_programme(chain, points=POINTS)
    who = await member(chain)
    await set_clock(chain.tenant_id, at("2031-01-10 09:00"))
    sale = await bought(chain, "S1", 9_900, member_id=who)  # 99
    await set_clock(chain.tenant_id, at("2031-01-10 18:00"))
    await topped_up(chain, who, "U1", 1_000)  # 20: silver at six, not at nine
    await set_clock(chain.tenant_id, at("2031-02-01 10:00"))
    friend = await member(chain, referrer_id=who)
    await bought(chain, "S2", 100, member_id=friend)
    await work(chain, drain)
    await set_clock(chain.tenant_id, at("2031-02-02 10:00"))
    await bought(chain, "S3", 20_000, member_id=who)
    live = await decided(chain)
    assert [row[2:] for row in live] == [("silver", "top_up"), ("gold", "purchase")]
    assert await rebuilt(chain, drain) == live
    await given_back(chain, sale["id"], "R1", 9_000)  # 9 left: 29, 79, 279
    assert [row[:1] + row[2:] for row in await rebuilt(chain, drain)] == [("02-02 10:00", "silver", "purchase")]


async def test_a_campaigns_points_are_a_fact_of_their_own(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), asking("points_earned", 100, 300))
    who = UUID(await member(chain))
    await set_clock(chain.tenant_id, at("2031-01-10 09:00"))
    async with tenant_scope(chain.tenant_id):
        locked = await lock_member(who)
        rules, source_id, now = await current_programme(), uuid7(), locked["locked_at"]
        fact = Fact(who, locked["seq"], source_id, now, now.date(), "job")
        await accrue_beside(fact, "campaign", 150, now.date(), rules.points)
        await evaluate_fact(who, rules.version, now, "UTC", "campaign", source_id, None)
    live = await decided(chain)
    assert live == [("01-10 09:00", "upgrade", "silver", "campaign")]
    assert await rebuilt(chain, drain) == live
