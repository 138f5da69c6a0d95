"""Shoes and apparel: cards by members brought, each counted from its own first purchase."""

from typing import Any

import pytest
from support.story import NewChain, Story


@pytest.fixture
async def story(new_chain: NewChain, drain: Any) -> Story:
    return await Story.begin(new_chain, drain, "shoes_apparel", "2031-03-01")


async def _brings(story: Story, who: str, friends: int) -> list[str]:
    """Friends who join through `who` and buy once each."""
    made = [await story.joins(name="新会员", referrer_id=who) for _ in range(friends)]
    for friend in made:
        await story.buys(friend, 100)
    await story.works()
    return made


async def test_ten_and_a_hundred_members_brought(story: Story) -> None:
    host = await story.joins(phone="13800000001")
    assert (await story.benefits(host))[0] == {"type": "discount", "percent": "5"}
    friends = await _brings(story, host, 9)
    idle = await story.joins(name="只看不买", referrer_id=host)
    await story.works()
    assert await story.tier(host) == "regular"  # nine, and one who hasn't bought
    await story.buys(idle, 1)
    await story.works()
    assert await story.tier(host) == "silver"
    assert (await story.benefits(host))[0] == {"type": "discount", "percent": "10"}
    await story.buys(friends[0], 500)  # a second purchase counts for nobody

    friends += await _brings(story, host, 89)
    assert await story.tier(host) == "silver"  # 99
    await _brings(story, friends[0], 2)
    assert await story.tier(host) == "silver"  # who they bring in turn isn't the host's
    await _brings(story, host, 1)
    assert await story.tier(host) == "gold"
    assert (await story.benefits(host))[0] == {"type": "discount", "percent": "15"}
    assert [code for _, code, _ in await story.decided(host, "card")] == ["silver", "gold"]


async def test_own_purchases_lift_nobody(story: Story) -> None:
    buyer = await story.joins()
    await story.buys(buyer, 100_000)
    assert await story.tier(buyer) == "regular"
