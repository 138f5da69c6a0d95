"""Tiers under locks and behind rebuilds, as they are shown; warnings behind a run that waits."""

from typing import Any

from policy_chains import MONTH, Drain, Json, NewChain, at, chain_with, ladder
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import pass_time, work
from support.till import bought, member, rows, ticket

from saas.scope import tenant_scope
from tenants.tiers.expiring import run_notices
from tenants.tiers.recalculate import Request, start_recalculation
from tenants.tiers.schedules import fire

BY_MONTH: Json = {"upgrade": "scheduled", "validity": {"type": "until_next_schedule"}}


async def tier_of(chain: Chain, one: str) -> Json:
    found: Json = (await chain.http.get(f"/v1/members/{one}/tier")).json()
    return found


async def put(chain: Chain, one: str, tier: str, until: str) -> Json:
    body = {"tier": tier, "reason": "老客户", "locked_until": until}
    answer = await chain.http.put(f"/v1/members/{one}/tier", json=body)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


async def unlocked(chain: Chain, one: str) -> Json:
    answer = await chain.http.delete(f"/v1/members/{one}/tier")
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


async def test_unlocked_and_kept_until_the_next_schedule(new_chain: NewChain) -> None:
    """No run has been yet that could have moved the validity on."""
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder("card", MONTH, **BY_MONTH), notices=True)
    one = await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    await put(chain, one, "silver", "2031-06-30")
    told = await unlocked(chain, one)
    assert (told["code"], told["valid_until"], told["locked_until"]) == ("silver", "2031-01-31", None)
    assert (await tier_of(chain, one))["current"]["valid_until"] == "2031-01-31"


async def test_what_runs_moved_on_is_shown_behind_an_unlock(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder("card", MONTH, **BY_MONTH), notices=True)
    one = await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    await pass_time(chain, drain, at("2031-02-15 12:00"))
    await bought(chain, "S2", 1000, member_id=one)
    await pass_time(chain, drain, at("2031-03-15 12:00"))
    told = await unlocked(chain, one)  # there is no lock
    assert (told["code"], told["valid_until"]) == ("silver", "2031-03-31")


async def test_a_lock_that_is_over_is_not_shown(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(grace_days=20), notices=True)
    one = await member(chain)
    await put(chain, one, "silver", "2031-01-20")
    assert (await tier_of(chain, one))["current"]["locked_until"] == "2031-01-20"
    await pass_time(chain, drain, at("2031-01-21 12:00"))
    assert (await tier_of(chain, one))["current"]["locked_until"] is None


async def test_warnings_wait_for_a_schedule_that_waits_for_a_run(new_chain: NewChain, drain: Drain) -> None:
    """An owner's run is under way at midnight: the schedule's waits, and so do those who would be told."""
    nightly = ladder("card", MONTH, validity={"type": "months", "months": 1}, schedule={"type": "daily"})
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), nightly, notices=True)
    one = await member(chain)
    await bought(chain, "S1", 1000, member_id=one)
    await set_clock(chain.tenant_id, at("2031-02-10 00:00:01"))
    await (await owner()).execute(
        "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1", chain.tenant_id, at("2031-02-11 00:00")
    )
    async with tenant_scope(chain.tenant_id):
        await start_recalculation(Request("request"))
        await fire(at("2031-02-10 00:00"), "tiers")
        await run_notices({})
    assert await rows(chain, "tier_notice") == []
    await work(chain, drain)
    assert len(await rows(chain, "tier_notice")) == 1


async def test_a_sale_is_answered_alike_behind_a_rebuild(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-15 12:00"), ladder(), notices=True)
    one = await member(chain)
    sales = [await bought(chain, f"S{n}", amount, member_id=one) for n, amount in enumerate((100, 900, 100, 4000, 1))]
    tiers = [sale["tier"] for sale in sales]
    await set_clock(chain.tenant_id, at("2031-01-16 12:00"))
    assert (await chain.http.post("/v1/programme/recalculate", json={"rebuild": True})).status_code == 202
    await work(chain, drain)
    for n, (amount, told) in enumerate(zip((100, 900, 100, 4000, 1), tiers, strict=True)):
        again: Any = await chain.http.post("/v1/purchases", json=ticket(chain, f"S{n}", amount, member_id=one))
        assert again.status_code == 200, again.text
        assert again.json()["tier"] == told, n
