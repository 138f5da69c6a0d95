"""The garage: tiers of the last 12 months with a month of grace, and a warning about the large top-up."""

from typing import Any

import pytest
from support.story import NewChain, Story


@pytest.fixture
async def story(new_chain: NewChain, drain: Any) -> Story:
    return await Story.begin(new_chain, drain, "auto_service", "2031-03-02")


async def test_a_year_of_gold_and_one_step_down(story: Story) -> None:
    driver = await story.joins(attributes={"plate": "沪A12345"})
    await story.buys(driver, "1999.99")
    assert await story.tier(driver) == "regular"
    await story.buys(driver, "0.01")
    assert await story.tier(driver) == "silver"
    await story.buys(driver, 6000)
    assert await story.tier(driver) == "gold"
    await story.until("2031-12-01")
    await story.buys(driver, 2500)
    await story.does(driver, "upkeep", value=15_000)

    await story.until("2032-03-31", "2032-03-02")  # over, but within the 30 days of grace
    assert await story.tier(driver) == "gold"
    await story.until("2032-04-01")
    assert await story.tier(driver) == "silver"  # 2500 in the last 12 months
    assert await story.decided(driver, "card") == [
        ("2031-03-02", "silver", "upgrade"),
        ("2031-03-02", "gold", "upgrade"),
        ("2032-04-01", "silver", "downgrade"),
    ]


async def test_one_top_up_of_10000_is_gold(story: Story) -> None:
    driver = await story.joins()
    for _ in range(2):
        assert (await story.tops_up(driver, "9999.99"))["bonus"] == 0
    assert await story.tier(driver) == "regular"  # two of a little less are none of 10,000
    assert (await story.tops_up(driver, 10_000))["bonus"] == 200_000
    assert await story.tier(driver) == "gold"


async def test_the_large_top_up_is_warned_about_before_it_is_chosen(story: Story) -> None:
    shown = (await story.chain.http.get("/v1/templates/auto_service")).json()
    assert [(w["pointer"], w["code"], w["params"]["amount"], w["params"]["limit"]) for w in shown["warnings"]] == [
        ("/wallet/top_up_bonus/0/amount", "top-up-above-limit", 1_000_000, 500_000),
        ("/ladders/0/tiers/2/qualify/any/1", "tier-above-limit", 1_000_000, 500_000),
    ]
