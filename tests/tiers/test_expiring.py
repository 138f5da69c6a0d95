"""The event before a validity ends: who gets it, once, with what would keep the tier."""

import json
from typing import Any

import pytest
from policy_chains import MONTH, Drain, NewChain, at, chain_with, ladder, numbers_are_one_order
from support.chains import Chain
from support.clock import owner, set_clock
from support.explained import numbers
from support.feed import told_of
from support.midnights import pass_time, work
from support.till import bought, member, rows

from saas.running import run_due
from saas.scheduler import fire_due
from saas.scope import tenant_scope
from tenants.tiers import expiring
from tenants.tiers.expiring import run_notices

RULES = {"validity": {"type": "months", "months": 2}, "grace_days": 5, "schedule": {"type": "daily"}}


@pytest.fixture
async def shop(new_chain: NewChain) -> Chain:
    """Silver is kept by 300 in a month; now: 1 January 2031, noon."""
    retain = {"metric": "spend", "window": MONTH, "gte": 300}
    return await chain_with(new_chain, at("2031-01-01 12:00"), ladder(retain=retain, **RULES), notices=True)


async def told(chain: Chain) -> list[dict[str, Any]]:
    found = await told_of(chain.tenant_id, "tier.expiring")
    return [{**row, "data": json.loads(row["data"])} for row in found]


async def test_the_event_tells_until_when_and_what_would_keep_the_tier(shop: Chain, drain: Drain) -> None:
    one, kept = await member(shop), await member(shop)
    for number, who in enumerate((one, kept)):
        await bought(shop, f"{number}", 1000, member_id=who)
    await set_clock(shop.tenant_id, at("2031-01-28 12:00"))
    await pass_time(shop, drain, at("2031-01-29 23:59"))
    assert await told(shop) == []
    await bought(shop, "k", 100, member_id=one)
    await pass_time(shop, drain, at("2031-02-02 00:01"))
    await bought(shop, "k2", 300, member_id=kept)
    events = await told(shop)
    assert {str(event["member_id"]) for event in events} == {one, kept}  # February has begun without purchases
    (event,) = (event for event in events if str(event["member_id"]) == one)
    assert (event["type"], event["at"].date().isoformat()) == ("tier.expiring", "2031-02-02")
    assert event["data"].pop("text") == (
        "“card”将于2031年2月28日到期，宽限至2031年3月5日；保级条件：本月消费满 ¥3.00。"
    )
    assert numbers(event["data"]) == {
        "ladder": "card",
        "tier": "silver",
        "valid_until": "2031-02-28",
        "grace_until": "2031-03-05",
        "keeps": {
            "holds": False,
            "conditions": {
                "metric": "spend",
                "window": {"type": "calendar_month", "offset": 0},
                "gte": 300,
                "value": 0,
                "met": False,
                "missing": 300,
            },
        },
    }
    notices = await rows(shop, "tier_notice")
    assert {(row["event_id"], str(row["valid_until"])) for row in notices} == {
        (row["id"], "2031-02-28") for row in events
    }
    await pass_time(shop, drain, at("2031-02-28 12:00"))
    assert len(await told(shop)) == 2
    await numbers_are_one_order(shop)


async def test_many_in_batches_and_the_job_twice(shop: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiring, "BATCH", 3)
    for number in range(8):
        await bought(shop, f"{number}", 1000, member_id=await member(shop))
    await pass_time(shop, drain, at("2031-02-02 00:01"))
    assert len(await told(shop)) == 8
    for _ in range(2):
        async with tenant_scope(shop.tenant_id):
            await run_notices({"schedule": "tier-notices"})
    await drain(shop.tenant_id)
    assert len(await told(shop)) == len(await rows(shop, "tier_notice")) == 8


async def test_a_night_that_dies_comes_again(shop: Chain, drain: Drain, monkeypatch: pytest.MonkeyPatch) -> None:
    await bought(shop, "1", 1000, member_id=await member(shop))
    await pass_time(shop, drain, at("2031-02-01 12:00"))
    await set_clock(shop.tenant_id, at("2031-02-02 00:01"))
    with monkeypatch.context() as broken:
        broken.setattr(expiring, "_TELL", expiring._TELL + " RETURNING 1 / 0")
        for _ in range(4):
            await fire_due(shop.tenant_id)
            await run_due(shop.tenant_id)
            await (await owner()).execute("UPDATE outbox SET next_at = now() WHERE tenant_id = $1", shop.tenant_id)
    assert await told(shop) == await rows(shop, "tier_notice") == []
    await work(shop, drain)
    assert len(await told(shop)) == 1


async def test_it_waits_for_the_schedules_of_its_midnight(shop: Chain, drain: Drain) -> None:
    """Who is lifted at this very midnight isn't told that the tier before ends."""
    one = await member(shop)
    await bought(shop, "1", 1000, member_id=one)
    await pass_time(shop, drain, at("2031-02-01 12:00"))
    await set_clock(shop.tenant_id, at("2031-02-02 00:01"))
    assert await fire_due(shop.tenant_id) == 2
    # The notices' job first: it finds the other at work and comes back later.
    await (await owner()).execute(
        "UPDATE outbox SET created_at = created_at - interval '1 hour' WHERE tenant_id = $1 AND name = 'tiers.notices'",
        shop.tenant_id,
    )
    assert await run_due(shop.tenant_id) == ["done", "done"]
    waiting = [row["name"] for row in await rows(shop, "outbox")]
    assert sorted(waiting) == ["recalculation.batch", "tiers.notices"]
    assert await told(shop) == []
    await work(shop, drain)
    assert len(await told(shop)) == 1


async def test_nights_that_the_scheduler_missed_are_one(shop: Chain, drain: Drain) -> None:
    await bought(shop, "1", 1000, member_id=await member(shop))
    await set_clock(shop.tenant_id, at("2031-02-20 12:00"))
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1 AND name = 'tiers'", shop.tenant_id)
    assert await fire_due(shop.tenant_id) == 1
    await work(shop, drain)
    assert len(await told(shop)) == 1
    (schedule,) = await rows(shop, "schedule")
    assert schedule["next_at"] == at("2031-02-21")


async def test_who_has_left_hears_nothing(shop: Chain, drain: Drain) -> None:
    one = await member(shop)
    await bought(shop, "1", 1000, member_id=one)
    assert (await shop.http.delete(f"/v1/members/{one}")).is_success
    await pass_time(shop, drain, at("2031-02-10 12:00"))
    assert await told(shop) == []


async def test_each_ladder_and_each_lock_has_its_own(new_chain: NewChain, drain: Drain) -> None:
    """Until the next schedule nobody is told; for ever has no end but a lock's."""
    rules = [
        ladder("yearly", validity={"type": "calendar_year_end"}, window=MONTH),
        ladder("monthly", validity={"type": "until_next_schedule"}, window=MONTH),
        ladder("ever", validity={"type": "forever"}, window=MONTH),
    ]
    chain = await chain_with(new_chain, at("2031-01-01 12:00"), *rules, notices=True)
    one = await member(chain)
    await bought(chain, "1", 1000, member_id=one)
    for code in ("monthly", "ever"):
        body = {"ladder": code, "tier": "gold", "reason": "x", "locked_until": "2031-02-15"}
        assert (await chain.http.put(f"/v1/members/{one}/tier", json=body)).is_success
    await pass_time(chain, drain, at("2031-02-15 12:00"))
    assert [event["data"]["ladder"] for event in await told(chain)] == ["ever"]
    await set_clock(chain.tenant_id, at("2032-12-01 23:00"))
    await work(chain, drain)
    assert [(e["data"]["ladder"], e["data"]["valid_until"]) for e in await told(chain)][1:] == [
        ("yearly", "2032-12-31")
    ]
