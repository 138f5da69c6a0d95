"""The courier: a sender's way to platinum, and what each card gives on the way."""

from typing import Any

import pytest
from support.story import NewChain, Story


@pytest.fixture
async def story(new_chain: NewChain, drain: Any) -> Story:
    return await Story.begin(new_chain, drain, "courier", "2031-03-01")


async def _given(story: Story, who: str) -> tuple[str, str, str | None]:
    """Discount, points multiplier, welcome gift."""
    found: dict[str, str] = {}
    for benefit in await story.benefits(who):
        if benefit["type"] != "text":
            found[benefit["type"]] = benefit.get("percent") or benefit.get("multiplier") or benefit["coupon"]
    return found["discount"], found["points_multiplier"], found.get("gift")


async def test_a_senders_way_to_platinum(story: Story) -> None:
    sender = await story.joins(birthday="1990-05-01")
    assert (await story.tier(sender), await _given(story, sender)) == ("regular", ("5", "1", None))

    first = await story.buys(sender, "499.99")
    assert first["tier"] == {"ladder": "card", "before": "regular", "after": "regular"}
    second = await story.buys(sender, "0.01")  # exactly 500
    assert second["tier"] == {"ladder": "card", "before": "regular", "after": "silver"}
    assert await _given(story, sender) == ("10", "1.5", "welcome-silver")

    await story.until("2031-05-20")
    await story.buys(sender, 500)
    assert (await story.tier(sender), await _given(story, sender)) == ("gold", ("15", "2", "welcome-gold"))
    await story.buys(sender, 1999)
    assert (await story.explained(sender))["next"]["missing"][0]["amount"] == 100
    third = await story.buys(sender, 1)
    assert third["tier"] == {"ladder": "card", "before": "gold", "after": "platinum"}
    assert await _given(story, sender) == ("20", "2.5", "welcome-platinum")
    texts = [benefit["names"]["en"] for benefit in await story.benefits(sender) if benefit["type"] == "text"]
    assert texts == ["Own service contact", "First access to new services", "Members' events"]

    await story.until("2033-05-20")  # two silent years: a card is kept for good
    assert await story.tier(sender) == "platinum"


async def test_a_large_parcel_skips_cards(story: Story) -> None:
    company = await story.joins(kind="company", name="远航贸易")
    await story.buys(company, 3000, tenders=[{"type": "bank_transfer", "amount": 300_000}])
    assert await story.tier(company) == "platinum"
    assert await story.decided(company, "card") == [("2031-03-01", "platinum", "upgrade")]


async def test_only_adults_and_companies_join(story: Story) -> None:
    young = await story.chain.http.post("/v1/members", json={"name": "小林", "birthday": "2013-03-02"})
    assert (young.status_code, young.json()["errors"][0]["code"]) == (422, "too-young")
    old_enough = await story.chain.http.post("/v1/members", json={"name": "大林", "birthday": "2013-03-01"})
    assert old_enough.status_code == 201


async def test_everybody_may_come_to_an_event(story: Story) -> None:
    await story.does(await story.joins(birthday="1990-05-01"), "event")
