"""What a refund puts in question: marks, the recheck at a schedule and at the end of a day, its decisions."""

import json
from typing import Any

import pytest
from policy_chains import (
    LIFE,
    MONTH,
    Drain,
    NewChain,
    at,
    chain_with,
    ladder,
    numbers_are_one_order,
    publish,
    standings_are_the_last_decisions,
    told,
)
from runs_over_http import ran
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import pass_time, work
from support.till import bought, given_back, member, rows

from saas.running import run_due
from saas.scope import tenant_scope
from tenants.tiers import batches, recheck, rechecks
from tenants.tiers.rechecks import run_rechecks

DAILY = {"refund_recheck": "end_of_day"}


async def sold(chain: Chain, number: int, amount: int = 1000) -> tuple[list[str], list[str]]:
    """So many members and a purchase of each."""
    members = [await member(chain) for _ in range(number)]
    sales = [await bought(chain, f"s{n}", amount, member_id=one) for n, one in enumerate(members)]
    return members, [sale["id"] for sale in sales]


async def test_a_refund_marks_and_decides_nothing(new_chain: NewChain) -> None:
    rules = [ladder("monthly"), ladder("nightly", **DAILY), ladder("far", schedule={"type": "quarterly"})]
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), *rules)
    _, (sale,) = await sold(chain, 1)
    first = await given_back(chain, sale, "r1", 1)
    await set_clock(chain.tenant_id, at("2031-01-16 12:00"))
    await given_back(chain, sale, "r2", 1)
    marks = {row["ladder"]: row for row in await rows(chain, "tier_recheck")}
    assert {code: row["due_at"] for code, row in marks.items()} == {
        "monthly": at("2031-02-01"),
        "nightly": at("2031-01-16"),
        "far": at("2031-04-01"),
    }
    assert {str(row["refund_id"]) for row in marks.values()} == {first["id"]}
    assert len(await rows(chain, "decision")) == 3


async def test_the_base_tier_is_not_in_question(new_chain: NewChain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder())
    _, (sale,) = await sold(chain, 1, 999)
    await given_back(chain, sale, "r", 1)
    assert await rows(chain, "tier_recheck") == []


@pytest.mark.parametrize("policy", [{}, DAILY])
async def test_many_members_in_batches_once(
    policy: dict[str, Any], new_chain: NewChain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "BATCH", 3)
    monkeypatch.setattr(rechecks, "BATCH", 3)
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(**policy))
    members, sales = await sold(chain, 8)
    refunds = [(await given_back(chain, sale, f"r{n}", 1 + n % 2 * 999))["id"] for n, sale in enumerate(sales[:7])]
    await pass_time(chain, drain, at("2031-02-01 00:01"))
    made = [row for row in await rows(chain, "decision") if row["reason"] == "refund"]
    assert {str(row["member_id"]) for row in made} == set(members[:7])
    assert {str(row["cause_id"]) for row in made} == set(refunds)
    assert {row["cause"] for row in made} == {"refund"}
    assert {row["effective_at"] for row in made} == {at("2031-01-16" if policy else "2031-02-01")}
    # The values are those of the decision that was made again: of its own day, net of what was given back.
    assert {str(row["day"]) for row in made} == {"2031-01-15"}
    assert {json.loads(row["facts"])["spend/lifetime"] for row in made} == {999, 0}
    assert await rows(chain, "tier_recheck") == []
    await standings_are_the_last_decisions(chain)
    await numbers_are_one_order(chain)


async def test_the_job_twice_writes_once(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(**DAILY))
    _, sales = await sold(chain, 3)
    for n, sale in enumerate(sales):
        await given_back(chain, sale, f"r{n}", 1000)
    await set_clock(chain.tenant_id, at("2031-01-16 00:01"))
    for _ in range(2):
        async with tenant_scope(chain.tenant_id):
            await run_rechecks({"due_at": at("2031-01-16").isoformat(), "schedule": "tiers"})
    assert [row[1] for row in await told(chain)] == ["upgrade"] * 3 + ["refund"] * 3


@pytest.mark.parametrize("policy", [{}, DAILY])
async def test_a_batch_that_dies_leaves_all_as_it_was_and_comes_again(
    policy: dict[str, Any], new_chain: NewChain, drain: Drain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes down behind its decisions, before the marks are gone."""
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(**policy))
    _, sales = await sold(chain, 3)
    for n, sale in enumerate(sales):
        await given_back(chain, sale, f"r{n}", 1000)
    before = await rows(chain, "member_tier")
    await set_clock(chain.tenant_id, at("2031-01-16 00:01" if policy else "2031-02-01 00:01"))
    with monkeypatch.context() as broken:

        async def dies(*_: Any) -> None:
            raise RuntimeError("the process was killed here")

        broken.setattr(recheck, "_postpone", dies)
        from saas.scheduler import fire_due

        await fire_due(chain.tenant_id)
        for _ in range(3):
            await run_due(chain.tenant_id)
    assert await rows(chain, "member_tier") == before
    assert len(await rows(chain, "tier_recheck")) == 3
    await (await owner()).execute("UPDATE outbox SET next_at = now() WHERE tenant_id = $1", chain.tenant_id)
    await work(chain, drain)
    assert [row[1] for row in await told(chain)] == ["upgrade"] * 3 + ["refund"] * 3
    assert await rows(chain, "tier_recheck") == []


async def test_what_was_decided_behind_the_instant_waits_for_the_next_recheck(
    new_chain: NewChain, drain: Drain
) -> None:
    """The night's job is late: the member has risen meanwhile, and history isn't rewritten."""
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(**DAILY))
    (one,), (sale,) = await sold(chain, 1)
    await given_back(chain, sale, "r1", 500)
    await set_clock(chain.tenant_id, at("2031-01-16 09:00"))
    gold = await bought(chain, "gold", 4500, member_id=one)
    await given_back(chain, gold["id"], "r2", 4500)
    await work(chain, drain)
    (mark,) = await rows(chain, "tier_recheck")
    assert mark["due_at"] == at("2031-01-17")
    await pass_time(chain, drain, at("2031-01-17 00:01"))
    # The upgrade to gold fails, back to silver: its own decision isn't asked, only the last one.
    assert await told(chain) == [
        ("card", "upgrade", "base", "silver"),
        ("card", "upgrade", "silver", "gold"),
        ("card", "refund", "gold", "silver"),
    ]
    assert await rows(chain, "tier_recheck") == []


async def test_a_decision_is_made_again_by_its_own_rules(new_chain: NewChain, drain: Drain) -> None:
    """Since then silver asks for more: what was earned under the old rules stays, what wasn't goes."""
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder())
    _, sales = await sold(chain, 2, 1500)
    harder = ladder()
    harder["tiers"][1]["qualify"]["gte"] = 3000
    await publish(chain, harder)
    await given_back(chain, sales[0], "r0", 500)
    await given_back(chain, sales[1], "r1", 501)
    await pass_time(chain, drain, at("2031-02-01 00:01"))
    assert [row[1] for row in await told(chain)] == ["upgrade", "upgrade", "refund"]
    versions = {row["reason"]: row["programme_version"] for row in await rows(chain, "decision")}
    assert versions["refund"] == versions["upgrade"]


async def test_the_next_evaluation_starts_from_what_is_left(new_chain: NewChain, drain: Drain) -> None:
    """Not at the recheck's own instant: that schedule has decided about the member already."""
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder())
    (one,), (sale,) = await sold(chain, 1)
    await given_back(chain, sale, "r", 1000)
    await set_clock(chain.tenant_id, at("2031-01-20 12:00"))
    await bought(chain, "again", 1000, member_id=one)
    await pass_time(chain, drain, at("2031-02-01 00:01"))
    assert [row[1] for row in await told(chain)] == ["upgrade", "refund"]
    await pass_time(chain, drain, at("2031-03-01 00:01"))
    assert [row[1] for row in await told(chain)] == ["upgrade", "refund", "upgrade"]


async def test_with_grace_a_schedule_that_leaves_the_tier_alone_rechecks_it(new_chain: NewChain, drain: Drain) -> None:
    """Under `until_next_schedule` with grace a firing doesn't decide anew before grace is over."""
    rules = ladder(window=MONTH, validity={"type": "until_next_schedule"}, grace_days=10, upgrade="scheduled")
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), rules)
    (one,), (sale,) = await sold(chain, 1)
    await pass_time(chain, drain, at("2031-02-10 12:00"))
    await bought(chain, "february", 1000, member_id=one)
    await given_back(chain, sale, "r", 1)
    await pass_time(chain, drain, at("2031-03-01 00:01"))
    assert [row[1] for row in await told(chain)] == ["upgrade", "refund"]


async def test_a_requested_run_takes_no_recheck_before_its_time(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder())
    _, (sale,) = await sold(chain, 1)
    await given_back(chain, sale, "r", 1000)
    assert (await ran(chain, drain))["downgraded"] == 0
    assert len(await rows(chain, "tier_recheck")) == 1
    await set_clock(chain.tenant_id, at("2031-02-01 12:00"))
    assert (await ran(chain, drain, "2031-02-01T00:00:00Z"))["downgraded"] == 1
    assert await rows(chain, "tier_recheck") == []


async def test_a_late_decision_is_made_again_from_where_it_began(new_chain: NewChain, drain: Drain) -> None:
    """Not from the fall that it took back: from there a lifetime would count anew, and the smallest refund would
    take a tier away that was rightly kept.
    """
    rules = ladder(
        window=LIFE,
        retain={"metric": "spend", "window": MONTH, "gte": 300},
        validity={"type": "months", "months": 1},
        refund_recheck="end_of_day",
    )
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), rules)
    (one,), _ = await sold(chain, 1)
    await set_clock(chain.tenant_id, at("2031-02-01 09:00"))
    await ran(chain, drain, "2031-02-01T00:00:00Z")  # the tier is kept until 31 January, with January's purchase
    assert [row[1] for row in await told(chain)] == ["upgrade", "renew"]
    await set_clock(chain.tenant_id, at("2031-03-01 09:00"))
    await ran(chain, drain, "2031-03-01T00:00:00Z")
    assert [row[1] for row in await told(chain)][2:] == ["downgrade"]
    late = await bought(chain, "late", 400, member_id=one, occurred_at="2031-02-28T12:00:00Z")
    assert late["tier"]["after"] == "silver"
    await given_back(chain, late["id"], "r1", 100)
    await pass_time(chain, drain, at("2031-03-02 09:00"))
    assert [row[1] for row in await told(chain)][3:] == ["late"]
    await given_back(chain, late["id"], "r2", 1)
    await pass_time(chain, drain, at("2031-03-03 09:00"))
    assert await told(chain) == [
        ("card", "upgrade", "base", "silver"),
        ("card", "renew", "silver", "silver"),
        ("card", "downgrade", "silver", "base"),
        ("card", "late", "base", "silver"),
        ("card", "refund", "silver", "base"),
    ]
    await standings_are_the_last_decisions(chain)
