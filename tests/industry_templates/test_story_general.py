"""General retail's four ladders to choose from at sign-up, and what each does."""

import json
from typing import Any

from support.feed import told_of
from support.story import NewChain, Story
from support.till import rows

DAY = "2031-03-02"


async def test_the_standard_card_is_what_one_gets_without_a_choice(new_chain: NewChain, drain: Any) -> None:
    story = await Story.begin(new_chain, drain, "general", DAY)
    assert (await story.chain.http.get("/v1/tenant")).json()["variant"] == "standard"
    once, often, year = await story.joins(), await story.joins(), await story.joins()
    await story.buys(once, "199.99")
    assert await story.tier(once) == "regular"
    await story.buys(once, 200)  # one purchase of 200
    assert await story.tier(once) == "silver"
    for _ in range(5):
        await story.buys(often, 100)  # 500 in small ones
    assert await story.tier(often) == "silver"
    await story.buys(year, 1000)
    assert await story.tier(year) == "gold"
    await story.buys(year, 2000)
    assert await story.tier(year) == "diamond"  # 3000 within 12 months
    await story.until("2032-03-03", "2032-03-02")
    assert await story.tier(year) == "diamond"  # the year that ended had the 3000
    await story.until("2033-03-03", "2033-03-02")
    assert await story.tier(year) == "gold"  # one step down: the 3000 of the whole life keep it
    assert await story.tier(once) == "silver"


async def test_a_sellers_order_counts_and_a_changed_rule_waits_for_the_next_purchase(
    new_chain: NewChain, drain: Any
) -> None:
    story = await Story.begin(new_chain, drain, "general", DAY, variant="marketplace")
    amount, orders, waiting = await story.joins(), await story.joins(), await story.joins()
    await story.buys(amount, "999.99")
    assert await story.tier(amount) == "regular"
    await story.buys(amount, "0.01")
    for _ in range(5):
        assert await story.tier(orders) == "regular"
        await story.buys(orders, 1)
    assert [await story.tier(x) for x in (amount, orders)] == ["advanced", "advanced"]
    assert (await story.benefits(orders))[0] == {"type": "discount", "percent": "10"}
    await story.buys(amount, 4000)
    assert await story.tier(amount) == "vip"
    await story.buys(amount, 15_000)
    assert await story.tier(amount) == "supreme"

    await story.buys(waiting, 800)
    rules = (await story.chain.http.get("/v1/programme")).json()
    rules["ladders"][0]["tiers"][1]["qualify"]["any"][0]["gte"] = 80_000
    assert (await story.chain.http.put("/v1/programme/draft", json=rules)).status_code == 200
    assert (await story.chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    await story.until("2031-06-15")
    assert await story.tier(waiting) == "regular"  # months pass, nothing but a purchase decides
    await story.buys(waiting, 1)
    assert await story.tier(waiting) == "advanced"


async def test_big_tickets(new_chain: NewChain, drain: Any) -> None:
    story = await Story.begin(new_chain, drain, "general", DAY, variant="big_ticket")
    client = await story.joins(kind="company", name="恒信置业")
    for yuan, held in [
        ("49999.99", "regular"),
        ("0.01", "middle"),
        ("449999.99", "middle"),
        ("0.01", "high"),
        ("2500000", "noble"),
        ("1999999.99", "noble"),
        ("0.01", "top"),
        ("6000000", "top"),  # beyond 10 million it is still the top
    ]:
        await story.buys(client, yuan)
        assert await story.tier(client) == held, yuan
    shown = (await story.chain.http.get("/v1/templates/general")).json()
    (variant,) = [variant for variant in shown["variants"] if variant["code"] == "big_ticket"]
    assert variant["shares"][0] == {"code": "a", "names": {"zh-CN": "A 白金客户", "en": "A platinum"}, "percent": "80"}


async def test_growth_value_rises_by_all_that_a_member_does(new_chain: NewChain, drain: Any) -> None:
    story = await Story.begin(new_chain, drain, "general", DAY, variant="growth")
    busy = await story.joins(phone="13800000001")
    await story.buys(busy, "759.90")  # 759, and 10 for the visit
    await story.does(busy, "review", 6, value=5)  # 120
    friend = await story.joins(referrer_id=busy)
    await story.buys(friend, 5)
    await story.works()  # 100
    assert await story.tier(busy) == "regular"
    explained = await story.explained(busy)
    assert explained["next"]["missing"][0]["amount"] == 11  # 989 of 1000
    await story.buys(busy, 1)  # 1, and 10
    assert await story.tier(busy) == "silver"


async def test_growth_value_falls_one_step_after_notice(new_chain: NewChain, drain: Any) -> None:
    story = await Story.begin(new_chain, drain, "general", DAY, variant="growth")
    idle, faithful = await story.joins(), await story.joins()
    for who in (idle, faithful):
        await story.buys(who, 5000)
        assert await story.tier(who) == "gold"
    await story.until("2032-03-03", "2032-03-02")
    assert [why for _, _, why in await story.decided(idle, "card")] == ["upgrade", "renew"]  # by the year of the 5000

    await story.until("2033-02-20", "2033-02-01")
    told = await told_of(story.chain.tenant_id, "tier.expiring")
    assert {str(row["member_id"]) for row in told if json.loads(row["data"])["valid_until"] == "2033-03-01"} == {
        idle,
        faithful,
    }
    await story.buys(faithful, 1490)  # and 10 for the visit: the yearly minimum
    await story.until("2033-03-03", "2033-03-02")
    assert [await story.tier(x) for x in (idle, faithful)] == ["silver", "gold"]
    await story.until("2034-03-03", "2034-03-02")
    assert await story.tier(idle) == "regular"


async def test_a_variant_that_is_not_there_is_refused_and_a_template_without_any_takes_none(client: Any) -> None:
    body = {
        "company": "青禾",
        "email": "nobody@example.com",
        "password": "correct horse battery",
        "locale": "zh-CN",
        "timezone": "Asia/Shanghai",
        "currency": "CNY",
    }
    for template, variant in [("general", "colours"), ("pharmacy", "standard")]:
        answer = await client.post("/v1/signup", json={**body, "template": template, "variant": variant})
        assert answer.status_code == 422
        assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [("/variant", "unknown-variant")]


async def test_a_chain_starts_with_its_variants_segments(new_chain: NewChain) -> None:
    chain = await new_chain(template="general", variant="growth")
    kept = {row["code"]: row for row in await rows(chain, "segment")}
    assert {"sleeping", "prospects", "birthday_this_month", "rfm_champion", "stage_lost"} <= kept.keys()
    assert {row["source"] for row in kept.values()} == {"template"}
    assert json.loads(kept["one_step_below"]["condition"])["any"][0]["all"][1]["metric"] == "score"
    standard = {row["code"]: row for row in await rows(await new_chain(template="general"), "segment")}
    assert json.loads(standard["one_step_below"]["condition"])["any"][0]["all"][1]["metric"] == "spend"
    assert json.loads(standard["sleeping"]["names"]) == {
        "zh-CN": "沉睡会员（90 天未消费）",
        "en": "Sleeping: no purchase for 90 days",
    }
