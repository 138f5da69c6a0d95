"""What the industries' templates promise about stored value, as members meet it at the counter."""

from typing import Any

import pytest
from support.counter import change_wallet, paid_out, top_up, topped_up, wallet
from support.story import NewChain, Story
from support.till import rows
from support.wallet_check import check_wallets

DAY = "2031-03-02"


async def begin(new_chain: NewChain, drain: Any, template: str) -> Story:
    return await Story.begin(new_chain, drain, template, DAY)


async def test_catering_500_becomes_700_and_800_becomes_1200(new_chain: NewChain, drain: Any) -> None:
    story = await begin(new_chain, drain, "catering")
    ordinary, vip = await story.joins(), await story.joins()
    made = await topped_up(story.chain, ordinary, "U1", 50_000)
    assert sum(made["wallet"].values()) == 70_000
    assert made["tier"] == {"ladder": "card", "before": "regular", "after": "regular"}
    made = await topped_up(story.chain, vip, "U2", 80_000)
    assert made["wallet"] == {"principal": 80_000, "bonus": 40_000}
    assert made["tier"] == {"ladder": "card", "before": "regular", "after": "vip"}  # by this very top-up
    assert [c["ladder"] for c in made["tiers"]] == ["card"]
    (decision,) = await rows(story.chain, "decision")
    assert (decision["cause"], str(decision["cause_id"])) == ("top_up", made["id"])
    await check_wallets(story.chain)


async def test_a_step_of_the_vips_is_theirs_alone(new_chain: NewChain, drain: Any) -> None:
    """As the market's document has it: ordinary 500 → 700, VIP 800 → 1200."""
    story = await begin(new_chain, drain, "catering")
    steps = [{"amount": 50_000, "bonus": 20_000}, {"amount": 80_000, "bonus": 40_000, "tiers": ["vip"]}]
    await change_wallet(story.chain, top_up_bonus=steps)
    who = await story.joins()
    first = await topped_up(story.chain, who, "U1", 80_000)
    assert (first["bonus"], first["tier"]["after"]) == (20_000, "vip")  # the tier held before it decides
    second = await topped_up(story.chain, who, "U2", 80_000)
    assert (second["bonus"], second["wallet"]) == (40_000, {"principal": 160_000, "bonus": 60_000})


async def test_auto_service_10000_becomes_12000_above_the_limit(new_chain: NewChain, drain: Any) -> None:
    story = await begin(new_chain, drain, "auto_service")
    who = await story.joins()
    refused = await top_up(story.chain, who, "U1", 1_000_000)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/balance-limit")
    assert (refused.json()["limit"], refused.json()["most"]) == (500_000, 500_000)
    assert (await wallet(story.chain, who))["data"] == []
    limits = {"named": 1_500_000, "unnamed": 100_000, "bonus_counts": False}
    await change_wallet(story.chain, limits=limits)
    made = await topped_up(story.chain, who, "U1", 1_000_000)
    assert made["wallet"] == {"principal": 1_000_000, "bonus": 200_000}
    assert made["tier"]["after"] == "gold"
    await check_wallets(story.chain)


async def test_studio_1000_brings_a_thing_worth_398(new_chain: NewChain, drain: Any) -> None:
    story = await begin(new_chain, drain, "studio")
    who = await story.joins()
    assert (await topped_up(story.chain, who, "U1", 99_999))["gift"] is None
    made = await topped_up(story.chain, who, "U2", 100_000)
    assert (made["bonus"], made["gift"]["value"]) == (0, 39_800)
    assert set(made["gift"]["names"]) == {"zh-CN", "en"}
    assert made["wallet"] == {"principal": 199_999, "bonus": 0}


async def test_studio_more_than_5000_and_10000_topped_up_is_strict(new_chain: NewChain, drain: Any) -> None:
    story = await begin(new_chain, drain, "studio")
    await change_wallet(story.chain, limits={"named": 2_000_000, "unnamed": 100_000, "bonus_counts": False})
    who = await story.joins()
    for number, (fen, held) in enumerate([(500_000, "registered"), (1, "vip"), (499_999, "vip"), (1, "vvip")]):
        made = await topped_up(story.chain, who, f"U{number}", fen)
        assert made["tier"]["after"] == held, fen
        assert await story.tier(who) == held


async def test_tea_levels_rise_by_the_points_of_top_ups(new_chain: NewChain, drain: Any) -> None:
    story = await begin(new_chain, drain, "tea")
    who = await story.joins()
    made = await topped_up(story.chain, who, "U1", 99_999)
    assert (made["points_earned"], made["bonus"], made["tier"]["after"]) == (999, 3_000, "regular")
    made = await topped_up(story.chain, who, "U2", 100)
    assert (made["points_earned"], made["tier"]) == (
        1,
        {"ladder": "level", "before": "regular", "after": "silver"},
    )
    made = await topped_up(story.chain, who, "U3", 399_900)
    assert (made["points_earned"], made["tier"]["after"]) == (3_999, "silver")
    made = await topped_up(story.chain, who, "U4", 1)
    assert (made["points_earned"], made["tier"]["after"]) == (0, "silver")  # 4,999 points
    await check_wallets(story.chain)


@pytest.mark.parametrize(("kept", "after"), [(80_000, "vip"), (79_999, "regular")])
async def test_a_tier_of_a_refunded_top_up_goes_at_its_recheck(
    new_chain: NewChain, drain: Any, kept: int, after: str
) -> None:
    story = await begin(new_chain, drain, "catering")
    who = await story.joins()
    made = await topped_up(story.chain, who, "U1", 80_010)
    assert await story.tier(who) == "vip"
    await paid_out(story.chain, who, "P1", 80_010 - kept, top_up_id=made["id"])
    assert await story.tier(who) == "vip"  # nothing is decided at once
    await story.until("2031-04-01")
    assert await story.tier(who) == after
    await check_wallets(story.chain)
