"""The tea shop: levels by points earned, from spending and from top-ups, kept by a year's points."""

from typing import Any

import pytest
from support.story import NewChain, Story


@pytest.fixture
async def story(new_chain: NewChain, drain: Any) -> Story:
    return await Story.begin(new_chain, drain, "tea", "2031-03-02")


async def _earns(story: Story, who: str, *, spent: int = 0, topped_up: int = 0) -> None:
    """So many yuan spent, or topped up: a point each, spent ones times what the level gives."""
    if topped_up:
        assert (await story.tops_up(who, topped_up))["points_earned"] == topped_up
    if spent:
        await story.buys(who, spent)


async def test_spending_and_topping_up_both_lead_to_silver_and_gold(story: Story) -> None:
    guest = await story.joins()
    await _earns(story, guest, spent=499)
    await _earns(story, guest, topped_up=500)
    assert await story.tier(guest) == "regular"  # 999
    await _earns(story, guest, spent=1)
    assert await story.tier(guest) == "silver"
    await _earns(story, guest, topped_up=3000)
    assert await story.tier(guest) == "silver"
    await _earns(story, guest, spent=1000)
    assert await story.tier(guest) == "gold"
    assert {"type": "gift", "occasion": "birthday", "coupon": "birthday-gold"} in await story.benefits(guest)


async def test_a_year_with_too_few_points_costs_one_step_after_notice(story: Story) -> None:
    idle, faithful = await story.joins(), await story.joins()
    for who in (idle, faithful):
        await _earns(story, who, spent=5000)
        assert await story.tier(who) == "gold"
    await story.until("2032-06-01")
    await _earns(story, faithful, spent=2500)
    await _earns(story, idle, spent=600)
    await story.until("2032-12-31", "2032-12-02")  # valid until 31 December of the year after
    assert await story.tier(idle) == "gold"
    told = (await story.chain.http.get(f"/v1/members/{idle}/tier")).json()
    assert told["current"]["valid_until"] == "2032-12-31"
    await story.until("2033-01-02")
    assert [await story.tier(x) for x in (idle, faithful)] == ["silver", "gold"]
    assert [why for _, _, why in await story.decided(faithful, "level")] == ["upgrade", "renew"]
