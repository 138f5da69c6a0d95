"""The pharmacy: four months through the classes D, C, B and A, up and down; the card beside it; health checks."""

from typing import Any

import pytest
from support.story import NewChain, Story


@pytest.fixture
async def story(new_chain: NewChain, drain: Any) -> Story:
    return await Story.begin(new_chain, drain, "pharmacy", "2031-01-05")


async def test_a_members_four_months_through_the_classes(story: Story) -> None:
    wang = await story.joins(joined_on="2031-01-05")
    assert await story.tier(wang) == "d"

    await story.buys(wang, 700)
    await story.buys(wang, "799.99")
    assert await story.tier(wang) == "d"  # the month decides when it has ended
    await story.until("2031-02-03")
    assert await story.tier(wang) == "b"  # 1499.99: one fen short of A

    await story.buys(wang, 1500)
    await story.until("2031-03-03")
    assert await story.tier(wang) == "a"  # exactly 1500

    await story.buys(wang, 500)
    await story.until("2031-04-02")
    assert await story.tier(wang) == "c"  # two classes down at once; the lower edge belongs to C

    await story.until("2031-05-02")
    assert await story.tier(wang) == "d"  # a month without a purchase is a month of 0
    assert await story.decided(wang, "class") == [
        ("2031-02-01", "b", "upgrade"),
        ("2031-03-01", "a", "upgrade"),
        ("2031-04-01", "c", "downgrade"),
        ("2031-05-01", "d", "downgrade"),
    ]

    await story.buys(wang, 2000)
    await story.until("2031-06-02")
    assert await story.tier(wang) == "a"  # and three up


@pytest.mark.parametrize(
    ("yuan", "held"), [("1500", "a"), ("1499.99", "b"), ("1000", "b"), ("999.99", "c"), ("500", "c"), ("499.99", "d")]
)
async def test_the_edges_of_the_classes(story: Story, yuan: str, held: str) -> None:
    someone = await story.joins()
    await story.buys(someone, yuan)
    await story.until("2031-02-01")
    assert await story.tier(someone) == held


async def test_the_card_rises_at_once_and_has_no_part_in_the_class(story: Story) -> None:
    li = await story.joins()
    await story.buys(li, 600)
    assert (await story.tier(li), await story.tier(li, "card")) == ("d", "advanced")
    await story.buys(li, 2400)
    assert await story.tier(li, "card") == "platinum"
    await story.buys(li, 5000)
    assert await story.tier(li, "card") == "diamond"
    await story.until("2031-02-02")
    assert (await story.tier(li), await story.tier(li, "card")) == ("a", "diamond")


async def test_a_health_check_needs_its_own_consent(story: Story) -> None:
    chen = await story.joins()
    check = {"member_id": chen, "kind": "pressure_check", "external_id": "P1"}
    check |= {"data": {"systolic": 120, "diastolic": 80}}
    refused = await story.chain.http.post("/v1/activities", json=check)
    assert refused.json()["type"].endswith("/health-consent-missing")
    agreed = await story.chain.http.patch(f"/v1/members/{chen}", json={"consents": {"health": True}})
    assert agreed.status_code == 200
    assert (await story.chain.http.post("/v1/activities", json=check)).status_code == 201
    await story.does(chen, "glucose_check", value=5.6)
    await story.does(await story.joins(name="赵兰"), "lecture")  # a lecture measures nothing
