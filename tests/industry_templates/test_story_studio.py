"""The studio: a package makes a member, and “more than” is strict."""

from typing import Any

import pytest
from support.story import NewChain, Story


@pytest.fixture
async def story(new_chain: NewChain, drain: Any) -> Story:
    return await Story.begin(new_chain, drain, "studio", "2031-03-02")


@pytest.mark.parametrize("category", ["package", "套系", "套餐"])
async def test_a_package_makes_a_member(story: Story, category: str) -> None:
    someone, album = await story.joins(), await story.joins()
    await story.buys(album, 999, lines=[{"category": "album", "amount": 99_900}])
    await story.buys(someone, 999, lines=[{"category": category, "amount": 99_900}])
    assert [await story.tier(x) for x in (album, someone)] == ["registered", "member"]
    assert {"type": "price_list", "code": "member"} in await story.benefits(someone)


async def test_more_than_10000_spent_is_strict(story: Story) -> None:
    someone = await story.joins()
    await story.buys(someone, 10_000)
    assert await story.tier(someone) == "registered"
    await story.buys(someone, "0.01")
    assert await story.tier(someone) == "vvip"


async def test_more_than_5000_and_10000_topped_up_is_strict(story: Story) -> None:
    someone = await story.joins()
    for yuan, held in [(5_000, "registered"), ("0.01", "vip"), ("4999.99", "vip"), ("0.01", "vvip")]:
        await story.tops_up(someone, yuan)
        assert await story.tier(someone) == held, yuan


async def test_a_vvip_stays_one(story: Story) -> None:
    someone = await story.joins()
    await story.buys(someone, 10_001)
    await story.until("2033-03-02")
    assert await story.tier(someone) == "vvip"
