"""What happens to a member wakes campaigns: each gives once, to those it is for, and nothing after its stop."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from marketing import coupons, jobs, opened, points, segment, start, switch, switch_on, texts
from support.chains import Chain
from support.clock import set_clock
from support.midnights import work
from support.till import bought, give_back, member, rows

from saas.outbox import enqueue
from saas.scope import tenant_scope

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
async def chain(new_chain: Any) -> Chain:
    """On a Wednesday, at noon."""
    return await opened(new_chain, datetime(2031, 3, 12, 12, tzinfo=ZONE))


async def test_a_new_member_is_welcomed_with_a_coupon_and_a_message(chain: Chain, drain: Any) -> None:
    await switch_on(chain, "welcome-gift")
    someone = await member(chain, name="林晓", phone="13800001111", consents={"sms": True})
    assert await jobs(chain) == ["campaigns.walk", "campaigns.joined"]
    await work(chain, drain)
    assert await coupons(chain, someone) == ["welcome"]
    (said,) = await texts(chain, someone)
    assert said.startswith("林晓您好，欢迎成为青禾连锁会员！送您一张“")
    assert "2031" in said  # the coupon's last day


async def test_without_consent_there_is_the_gift_and_no_message(chain: Chain, drain: Any) -> None:
    await switch_on(chain, "welcome-gift")
    someone = await member(chain, phone="13800001111")
    await work(chain, drain)
    assert (await coupons(chain, someone), await texts(chain, someone)) == (["welcome"], [])


async def test_who_was_a_member_before_is_not_welcomed_again(chain: Chain, drain: Any) -> None:
    first = await member(chain, phone="13800001111")
    await switch_on(chain, "welcome-gift")
    assert (await chain.http.delete(f"/v1/members/{first}")).status_code == 204
    again = await member(chain, phone="13800001111")
    await work(chain, drain)
    assert await coupons(chain, again) == []
    assert await rows(chain, "campaign_share") == []


async def test_an_import_wakes_nobody(chain: Chain, drain: Any) -> None:
    await switch_on(chain, "welcome-gift")
    await start(chain, "buy", "grant", {"type": "purchase"}, points=5)
    await start(chain, "rise", "grant", "tier_reached", points=7)
    await work(chain, drain)
    for kind, text in (
        ("members", "external_id,name\nX1,甲\n"),
        ("purchases", "external_id,member,occurred_at,amount\nP1,X1,2031-03-01T12:00:00,90000.00\n"),
    ):
        files = {"file": ("m.csv", text.encode(), "text/csv")}
        sent = await chain.http.post("/v1/imports", files=files, data={"options": f'{{"kind": "{kind}"}}'})
        assert sent.status_code == 202, sent.text
        await work(chain, drain)
    assert await rows(chain, "decision") != []
    assert await rows(chain, "campaign_share") == []


async def test_a_purchase_of_enough_earns_what_the_campaign_gives(chain: Chain, drain: Any) -> None:
    await start(chain, "spring", "grant", {"type": "purchase", "min_amount": 5000}, points=30, coupon="welcome")
    someone = await member(chain)
    before = await points(chain, someone)
    small = await bought(chain, "T1", 4999, member_id=someone)
    assert await jobs(chain) == ["campaigns.walk"]  # too small: nothing to look at
    await work(chain, drain)
    for number in ("T2", "T3"):
        await bought(chain, number, 5000, member_id=someone)
    await work(chain, drain)
    assert await coupons(chain, someone) == ["welcome", "welcome"]
    entries = [row for row in await rows(chain, "points_entry") if row["kind"] == "campaign"]
    assert [(row["points"], row["member_id"]) for row in entries] == [(30, UUID(someone))] * 2
    assert await points(chain, someone) == before + small["points_earned"] + 50 + 50 + 60


async def test_once_a_month_is_once_a_month(chain: Chain, drain: Any) -> None:
    await start(chain, "spring", "grant", {"type": "purchase"}, points=30, once="month")
    someone = await member(chain)
    for day in ("2031-03-12", "2031-03-31", "2031-04-01"):
        await set_clock(chain.tenant_id, datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=ZONE))
        await bought(chain, f"T{day}", 100, member_id=someone)
        await work(chain, drain)
    shares = await rows(chain, "campaign_share")
    assert sorted(row["period"] for row in shares) == ["2031-03", "2031-04"]


async def test_a_job_that_runs_again_gives_nothing_more(chain: Chain, drain: Any) -> None:
    await start(chain, "spring", "grant", {"type": "purchase"}, points=30, coupon="welcome")
    someone = await member(chain)
    sale = await bought(chain, "T1", 100, member_id=someone)
    async with tenant_scope(chain.tenant_id):
        for _ in range(3):
            await enqueue("campaigns.purchase", {"purchase_id": sale["id"]})
    await work(chain, drain)
    assert await coupons(chain, someone) == ["welcome"]
    assert len(await rows(chain, "campaign_share")) == 1
    numbers = [row["seq"] for row in await rows(chain, "points_entry") if row["kind"] == "campaign"]
    assert len(numbers) == 1
    (row,) = [row for row in await rows(chain, "member") if str(row["id"]) == someone]
    assert row["seq"] == numbers[0]  # repeats took no number


async def test_a_stopped_campaign_gives_nothing_of_what_was_queued(chain: Chain, drain: Any) -> None:
    spring = await start(chain, "spring", "grant", {"type": "purchase"}, points=30)
    welcome = await switch_on(chain, "welcome-gift")
    someone = await member(chain, phone="13800001111", consents={"sms": True})
    await bought(chain, "T1", 100, member_id=someone)
    for campaign_id in (spring, welcome):
        await switch(chain, campaign_id, "stop")
    await work(chain, drain)
    assert await rows(chain, "campaign_share") == []
    assert await texts(chain, someone) == []


async def test_nor_does_it_tell_anybody_in_the_morning(chain: Chain, drain: Any) -> None:
    await set_clock(chain.tenant_id, datetime(2031, 3, 12, 22, tzinfo=ZONE))
    welcome = await switch_on(chain, "welcome-gift")
    someone = await member(chain, phone="13800001111", consents={"sms": True})
    await drain(chain.tenant_id)
    assert await coupons(chain, someone) == ["welcome"]
    assert await jobs(chain) == ["campaigns.tell"]  # not at ten in the evening
    await switch(chain, welcome, "stop")
    await work(chain, drain)
    assert await texts(chain, someone) == []


async def test_an_undone_purchase_is_none(chain: Chain, drain: Any) -> None:
    await start(chain, "spring", "grant", {"type": "purchase"}, points=30)
    someone = await member(chain)
    sale = await bought(chain, "T1", 100, member_id=someone)
    assert (await chain.http.post(f"/v1/purchases/{sale['id']}/undo", json={})).is_success
    await work(chain, drain)
    assert await rows(chain, "campaign_share") == []


async def test_only_the_audience_is_given_to(chain: Chain, drain: Any) -> None:
    await segment(chain, "big", {"metric": "spend", "window": {"type": "lifetime"}, "gte": 10_000})
    await start(chain, "spring", "grant", {"type": "purchase"}, points=30, audience="big", once="ever")
    big, small = await member(chain), await member(chain)
    await bought(chain, "T1", 10_000, member_id=big)
    await bought(chain, "T2", 9_999, member_id=small)
    await work(chain, drain)
    assert [str(row["member_id"]) for row in await rows(chain, "campaign_share")] == [big]


async def test_who_is_raised_by_a_purchase_or_by_hand_is_congratulated(chain: Chain, drain: Any) -> None:
    await switch_on(chain, "congratulation")
    await start(chain, "rise", "grant", "tier_reached", points=50)
    rules = (await chain.http.get("/v1/programme")).json()
    tiers = [tier["code"] for tier in rules["ladders"][0]["tiers"]]
    by_hand, buyer = [await member(chain, phone=f"1380000111{n}") for n in (1, 2)]
    raised = await chain.http.put(f"/v1/members/{by_hand}/tier", json={"tier": tiers[-1], "reason": "x"})
    assert raised.status_code == 200
    sale = await bought(chain, "T1", 10_000_000, member_id=buyer)
    assert sale["tier"]["after"] != sale["tier"]["before"]
    await work(chain, drain)
    (said,) = await texts(chain, by_hand)
    assert rules["ladders"][0]["tiers"][-1]["names"]["zh-CN"] in said
    assert len(await texts(chain, buyer)) == 1
    assert await points(chain, by_hand) == 50
    lowered = await chain.http.put(f"/v1/members/{by_hand}/tier", json={"tier": tiers[1], "reason": "x"})
    assert lowered.status_code == 200
    await work(chain, drain)
    assert len(await texts(chain, by_hand)) == 1


async def test_points_of_a_campaign_lift_a_tier_that_asks_for_points(new_chain: Any, drain: Any) -> None:
    chain = await new_chain(template="tea")
    someone = await member(chain)
    await start(chain, "rise", "grant", {"type": "purchase"}, points=100_000)
    await bought(chain, "T1", 100, member_id=someone)
    await work(chain, drain)
    (decision,) = [row for row in await rows(chain, "decision") if str(row["member_id"]) == someone]
    (share,) = await rows(chain, "campaign_share")
    assert (decision["reason"], decision["cause"], decision["cause_id"]) == ("upgrade", "campaign", share["id"])


async def test_a_friend_brings_something_to_both_sides_once(chain: Chain, drain: Any) -> None:
    await switch_on(chain, "bring-a-friend")
    host = await member(chain)
    friend = await member(chain, referrer_id=host)
    await work(chain, drain)
    assert (await coupons(chain, host), await coupons(chain, friend)) == ([], [])  # nothing before the first purchase
    sale = await bought(chain, "T1", 100, member_id=friend)
    await work(chain, drain)
    assert (await coupons(chain, host), await coupons(chain, friend)) == (["friend"], ["friend"])
    given = [row for row in await rows(chain, "points_entry") if row["kind"] == "campaign"]
    assert {(str(row["member_id"]), row["points"]) for row in given} == {(host, 100), (friend, 100)}
    assert (await give_back(chain, sale["id"], "R1", 100)).status_code == 201
    await work(chain, drain)
    await bought(chain, "T2", 100, member_id=friend)  # counted anew, given once
    await work(chain, drain)
    assert (await coupons(chain, host), await coupons(chain, friend)) == (["friend"], ["friend"])
    await bought(chain, "T3", 100, member_id=await member(chain, referrer_id=host))
    await work(chain, drain)
    assert await coupons(chain, host) == ["friend", "friend"]


async def test_a_friend_who_was_a_member_before_gets_nothing(chain: Chain, drain: Any) -> None:
    await switch_on(chain, "bring-a-friend")
    host, old = await member(chain), await member(chain, phone="13800001111")
    assert (await chain.http.delete(f"/v1/members/{old}")).status_code == 204
    again = await member(chain, phone="13800001111", referrer_id=host)
    await bought(chain, "T1", 100, member_id=again)
    await work(chain, drain)
    assert (await coupons(chain, host), await coupons(chain, again)) == (["friend"], [])


async def test_nine_friends_bring_a_pair_of_shoes_once(new_chain: Any, drain: Any) -> None:
    """带 9 位送一双: the template's own campaign."""
    chain = await new_chain(template="shoes_apparel")
    await switch_on(chain, "nine-friends")
    host = await member(chain)
    for n in range(11):
        friend = await member(chain, referrer_id=host)
        await bought(chain, f"T{n}", 100, member_id=friend)
        await work(chain, drain)
        assert await coupons(chain, host) == (["free-pair"] if n >= 8 else [])


async def test_what_a_merged_record_had_its_survivor_had(chain: Chain, drain: Any) -> None:
    await start(chain, "spring", "grant", {"type": "purchase"}, points=30, once="ever")
    first, second = await member(chain), await member(chain)
    await bought(chain, "T1", 100, member_id=first)
    await work(chain, drain)
    merged = await chain.http.post(f"/v1/members/{second}/merge", json={"other_id": first})
    assert merged.status_code == 200, merged.text
    await bought(chain, "T2", 100, member_id=second)
    await work(chain, drain)
    assert len(await rows(chain, "campaign_share")) == 1
