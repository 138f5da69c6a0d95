"""The restaurant: ten visits in a month, the meal for the whole family in the next; a VIP by one top-up of 800."""

from typing import Any

import pytest
from support.story import NewChain, Story


@pytest.fixture
async def story(new_chain: NewChain, drain: Any) -> Story:
    return await Story.begin(new_chain, drain, "catering", "2031-03-02")


async def test_ten_visits_bring_the_family_meal(story: Story) -> None:
    other = await story.chain.http.post("/v1/branches", json={"code": "west", "name": "西店"})
    family, nearly = await story.joins(), await story.joins()
    for n in range(10):
        where = {"branch_id": other.json()["id"]} if n % 2 else {}
        await story.buys(family, 30, **where)
    for _ in range(9):
        await story.buys(nearly, 300)
    await story.until("2031-03-31")
    assert await story.tier(family, "visits") == "guest"
    await story.until("2031-04-01")
    assert [await story.tier(x, "visits") for x in (family, nearly)] == ["family", "guest"]
    rules = (await story.chain.http.get("/v1/programme")).json()
    meal = {"type": "allowance", "product": "family_set_meal", "per": "month", "count": 1}
    assert meal in rules["ladders"][1]["tiers"][1]["benefits"]

    await story.buys(family, 30)
    await story.until("2031-05-01")
    assert await story.tier(family, "visits") == "guest"  # each month anew
    assert await story.decided(family, "visits") == [
        ("2031-04-01", "family", "upgrade"),
        ("2031-05-01", "guest", "downgrade"),
    ]


async def test_a_visit_given_back_is_no_visit(story: Story) -> None:
    someone = await story.joins()
    tickets = [await story.buys(someone, 30) for _ in range(10)]
    await story.returns(tickets[0], 10)  # a part: still a visit
    await story.returns(tickets[1], 30)
    await story.until("2031-04-01")
    assert await story.tier(someone, "visits") == "guest"


async def test_one_top_up_of_800_makes_a_vip(story: Story) -> None:
    small, vip = await story.joins(), await story.joins()
    for _ in range(2):  # 1000 in two isn't one of 800
        assert (await story.tops_up(small, 500))["bonus"] == 20_000
    assert (await story.tops_up(vip, 800))["bonus"] == 40_000
    assert [await story.tier(x) for x in (small, vip)] == ["regular", "vip"]


async def test_taste_and_address_are_kept_with_the_member(story: Story) -> None:
    wishes = {"delivery_address": "学府路 8 号 3 单元 501", "taste": "少盐，不要香菜", "spicy": "mild"}
    someone = await story.joins(attributes=wishes)
    assert (await story.chain.http.get(f"/v1/members/{someone}")).json()["attributes"] == wishes
