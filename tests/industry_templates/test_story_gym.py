"""The gym: levels by money, or by less money with classes and reviews, adjusted when a quarter has ended."""

from typing import Any

import pytest
from support.story import NewChain, Story


@pytest.fixture
async def story(new_chain: NewChain, drain: Any) -> Story:
    return await Story.begin(new_chain, drain, "gym", "2031-01-10")


async def test_levels_by_spend_are_adjusted_each_quarter(story: Story) -> None:
    rich, edge, short = await story.joins(), await story.joins(), await story.joins()
    await story.buys(rich, 5000)
    await story.buys(edge, 1000)
    await story.buys(short, "999.99")
    await story.until("2031-03-31")
    assert {await story.tier(x) for x in (rich, edge, short)} == {"junior"}  # the quarter isn't over
    await story.until("2031-04-01")
    assert [await story.tier(x) for x in (rich, edge, short)] == ["senior", "intermediate", "junior"]

    await story.buys(edge, 3999)
    await story.buys(short, "0.01")
    await story.until("2031-07-02")
    assert [await story.tier(x) for x in (rich, edge, short)] == ["senior", "intermediate", "intermediate"]
    await story.buys(edge, 1)
    await story.until("2031-10-01")
    assert await story.tier(edge) == "senior"
    assert await story.decided(edge, "level") == [
        ("2031-04-01", "intermediate", "upgrade"),
        ("2031-10-01", "senior", "upgrade"),
    ]
    await story.until("2032-01-02")
    assert await story.tier(rich) == "senior"  # a level is kept: spend counts over the whole life


async def test_classes_and_reviews_make_up_for_money(story: Story) -> None:
    keen = await story.joins()
    await story.buys(keen, 600)
    await story.does(keen, "class", 24)
    await story.does(keen, "review", 2, value=1)
    await story.until("2031-04-02")
    assert await story.tier(keen) == "junior"  # two reviews are one too few
    await story.does(keen, "review", value=1)  # how many, not how kind
    await story.until("2031-07-02")
    assert await story.tier(keen) == "intermediate"
    assert {"type": "allowance", "product": "group_class", "per": "month", "count": 4} in await story.benefits(keen)

    await story.buys(keen, 2400)
    await story.does(keen, "training_camp", 5)
    await story.does(keen, "review", 5, value=5)
    await story.until("2031-10-02")
    assert await story.tier(keen) == "senior"


async def test_without_the_lower_spend_participation_is_not_enough(story: Story) -> None:
    visitor = await story.joins()
    await story.does(visitor, "class", 30)
    await story.does(visitor, "review", 10)
    await story.buys(visitor, "599.99")
    await story.until("2031-04-02")
    assert await story.tier(visitor) == "junior"
    explained = await story.explained(visitor)
    (step,) = [tier for tier in explained["tiers"] if tier["code"] == "intermediate"]
    leaves = step["conditions"]["any"][1]["all"]
    assert [leaves[0]["missing"], leaves[1]["any"][0]["met"], leaves[2]["met"]] == [1, True, True]


async def test_a_refund_lowers_the_level_at_the_next_quarter(story: Story) -> None:
    someone = await story.joins()
    ticket = await story.buys(someone, 1200)
    await story.until("2031-04-02")
    assert await story.tier(someone) == "intermediate"
    await story.returns(ticket, 300)
    assert await story.tier(someone) == "intermediate"
    await story.until("2031-07-02")
    assert await story.tier(someone) == "junior"
