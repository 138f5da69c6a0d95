"""What campaigns find by themselves, night after night, with a moved clock."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from marketing import coupons, jobs, opened, points, segment, start, switch, switch_on, texts
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import pass_time, work
from support.programme import change_programme
from support.till import bought, member, rows

from saas.running import run_due
from saas.scheduler import fire_due
from tenants.messages.daytime import until_morning

ZONE = ZoneInfo("Asia/Shanghai")


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=ZONE)


@pytest.fixture
async def chain(new_chain: Any) -> Chain:
    """On 12 March 2031, a Wednesday, at noon."""
    return await opened(new_chain, noon("2031-03-12"))


_HASTEN = "UPDATE outbox SET next_at = clock_timestamp() WHERE tenant_id = $1 AND name <> 'campaigns.tell'"


async def until(chain: Chain, drain: Any, day: str) -> None:
    await pass_time(chain, drain, noon(day))
    await work(chain, drain)


async def periods(chain: Chain) -> list[str]:
    return sorted(row["period"] for row in await rows(chain, "campaign_share"))


async def test_a_birthday_gift_comes_seven_days_before_once_a_year(chain: Chain, drain: Any) -> None:
    await switch_on(chain, "birthday-gift")
    soon, later, none = [await member(chain, birthday=day) for day in ("1990-03-21", "1990-03-22", None)]
    await until(chain, drain, "2031-03-13")
    assert [await coupons(chain, one) for one in (soon, later, none)] == [[], [], []]
    await until(chain, drain, "2031-03-14")
    assert [await coupons(chain, one) for one in (soon, later, none)] == [["birthday"], [], []]
    await until(chain, drain, "2031-03-16")
    assert [await coupons(chain, one) for one in (soon, later, none)] == [["birthday"], ["birthday"], []]
    assert await periods(chain) == ["2031", "2031"]


async def test_a_birthday_counts_for_its_own_year(chain: Chain, drain: Any) -> None:
    """One of 3 January is kept from 27 December on, in the year before: its next one isn't the second of a year."""
    await set_clock(chain.tenant_id, noon("2031-12-26"))
    await work(chain, drain)
    await switch_on(chain, "birthday-gift")
    someone = await member(chain, birthday="1990-01-03")
    await until(chain, drain, "2031-12-28")
    assert await coupons(chain, someone) == ["birthday"]
    assert await periods(chain) == ["2032"]


async def test_lunar_and_leap_birthdays_are_kept_on_their_days(chain: Chain, drain: Any) -> None:
    await start(chain, "day", "grant", {"type": "birthday"}, points=10)
    await set_clock(chain.tenant_id, noon("2031-02-27"))
    leap = await member(chain, birthday="1992-02-29")
    lunar = await member(chain, birthday="1990-01-27", birthday_calendar="lunar")  # 正月初一
    await set_clock(chain.tenant_id, noon("2031-02-27"))
    await (await owner()).execute(
        "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1",
        chain.tenant_id,
        datetime(2031, 2, 28, tzinfo=ZONE),
    )
    await until(chain, drain, "2031-02-28")
    assert [await points(chain, one) for one in (leap, lunar)] == [10, 0]
    await (await owner()).execute(
        "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1",
        chain.tenant_id,
        datetime(2032, 2, 11, tzinfo=ZONE),
    )
    await until(chain, drain, "2032-02-11")  # 壬子年正月初一
    assert [await points(chain, one) for one in (leap, lunar)] == [10, 10]


async def test_nights_that_were_missed_are_made_up_for_where_it_is_somebodys_birthday(chain: Chain, drain: Any) -> None:
    await start(chain, "day", "grant", {"type": "birthday"}, points=10)
    await work(chain, drain)
    someone = await member(chain, birthday="1990-03-14")
    await set_clock(chain.tenant_id, noon("2031-03-17"))  # nobody worked for four nights
    await work(chain, drain)
    assert await points(chain, someone) == 10


async def test_a_birthday_too_long_ago_is_over(chain: Chain, drain: Any) -> None:
    """The chain was suspended for ten weeks: 25 March's gift, due on the 18th, is too late by then, 2 May's isn't."""
    await switch_on(chain, "birthday-gift")
    early, late = await member(chain, birthday="1990-03-25"), await member(chain, birthday="1990-05-02")
    become = "UPDATE tenant SET status = $2 WHERE tenant_id = $1"
    await (await owner()).execute(become, chain.tenant_id, "suspended")
    await until(chain, drain, "2031-05-21")
    assert [await coupons(chain, one) for one in (early, late)] == [[], []]
    await (await owner()).execute(become, chain.tenant_id, "active")
    await work(chain, drain)
    assert [await coupons(chain, one) for one in (early, late)] == [[], ["birthday"]]


async def test_what_could_not_be_said_in_two_days_is_said_no_more(chain: Chain, drain: Any) -> None:
    """Counted from the share on: the job that tells may come late, too."""
    text = (await chain.http.get("/v1/message-texts?limit=1")).json()["data"][0]["code"]
    await start(chain, "hello", "message", "joined", channel="sms", message=text)
    await work(chain, drain)
    await member(chain, phone="13800138000", consents={"sms": True})
    assert await run_due(chain.tenant_id) == ["done"]
    assert await jobs(chain) == ["campaigns.tell"]
    become = "UPDATE tenant SET status = $2 WHERE tenant_id = $1"
    await (await owner()).execute(become, chain.tenant_id, "suspended")
    await until(chain, drain, "2031-03-15")
    await (await owner()).execute(become, chain.tenant_id, "active")
    await work(chain, drain)
    (message,) = await rows(chain, "message")
    assert (message["state"], message["error"]) == ("failed", "too-late")


async def test_who_comes_into_a_segment_is_given_to_each_time(chain: Chain, drain: Any) -> None:
    """The first night everybody in it has come in; who leaves and comes back has come in again."""
    await segment(chain, "quiet", {"metric": "days_since_purchase", "gte": 2})
    inside, other = await member(chain), await member(chain)
    await bought(chain, "T1", 100, member_id=inside)
    await until(chain, drain, "2031-03-16")
    await start(chain, "back", "grant", {"type": "segment_entered"}, points=10, audience="quiet")
    await work(chain, drain)
    assert await periods(chain) == ["2031-03-16"]  # found at the start
    await until(chain, drain, "2031-03-18")
    assert await periods(chain) == ["2031-03-16"]
    for n, one in enumerate((inside, other)):
        await bought(chain, f"T{n + 2}", 100, member_id=one)
    await until(chain, drain, "2031-03-22")
    shares = await rows(chain, "campaign_share")
    assert sorted((row["period"], str(row["member_id"])) for row in shares) == sorted(
        [("2031-03-16", inside), ("2031-03-20", inside), ("2031-03-20", other)]
    )


async def test_who_was_in_it_under_another_record_has_not_come_in(chain: Chain, drain: Any) -> None:
    await segment(chain, "quiet", {"metric": "days_since_purchase", "gte": 2})
    older, inside, newer = [await member(chain) for _ in range(3)]
    await bought(chain, "T1", 100, member_id=inside)
    await until(chain, drain, "2031-03-16")
    await start(chain, "back", "grant", {"type": "segment_entered"}, points=10, audience="quiet")
    await work(chain, drain)
    for survivor, other in ((older, inside), (newer, older)):
        merged = await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
        assert merged.status_code == 200, merged.text
        await until(chain, drain, "2031-03-17" if survivor == older else "2031-03-18")
        assert await periods(chain) == ["2031-03-16"]
        assert [str(row["member_id"]) for row in await rows(chain, "campaign_inside")] == [survivor]


async def test_ten_visits_in_a_month_bring_the_family_meal_once_a_month(new_chain: Any, drain: Any) -> None:
    chain = await opened(new_chain, noon("2031-03-12"), template="catering")
    ten = {"metric": "purchases", "window": {"type": "calendar_month", "offset": 0}, "gte": 10}
    await segment(chain, "regulars", ten)
    meal = {"code": "family-set", "names": {"zh-CN": "全家套餐", "en": "Family set"}, "valid_days": 30}
    made = await chain.http.post("/v1/coupons", json=meal | {"value": {"type": "fixed_price", "price": 0}})
    assert made.status_code == 201, made.text
    campaign = {"audience": "regulars", "once": "month", "coupon": "family-set"}
    await start(chain, "family-meal", "grant", {"type": "purchase"}, **campaign)
    family, nearly = await member(chain), await member(chain)
    for n in range(12):
        await bought(chain, f"F{n}", 3000, member_id=family)
        await work(chain, drain)
        assert await coupons(chain, family) == (["family-set"] if n >= 9 else [])
        if n < 9:
            await bought(chain, f"N{n}", 3000, member_id=nearly)
    await work(chain, drain)
    assert await coupons(chain, nearly) == []
    await set_clock(chain.tenant_id, noon("2031-04-02"))
    for n in range(10):
        await bought(chain, f"A{n}", 3000, member_id=family)
    await work(chain, drain)
    assert await coupons(chain, family) == ["family-set", "family-set"]


async def test_who_is_two_visits_short_hears_how_many(new_chain: Any, drain: Any) -> None:
    chain = await opened(new_chain, noon("2031-03-12"), template="catering")
    await switch_on(chain, "two-to-go")
    wechat = {"app_id": "wx1", "openid": "o1"}
    someone = await member(chain, name="林晓", wechat=wechat, consents={"wechat": True})
    for n in range(8):
        await bought(chain, f"T{n}", 3000, member_id=someone)
    await until(chain, drain, "2031-03-13")
    assert await texts(chain, someone) == ["林晓，本月再来2次，青禾连锁请全家吃套餐！"]


async def test_points_that_end_soon_are_told_with_their_number_and_day(chain: Chain, drain: Any) -> None:
    await start(
        chain, "ending", "message", {"type": "points_expiring", "days": 10}, channel="sms", message="points-expiring"
    )
    someone = await member(chain, name="林晓", phone="13800001111")
    for number, day in ((500, "2031-03-25"), (70, "2031-03-24"), (3, "2031-03-24")):
        given = {"member_id": someone, "points": number, "reason": "x", "expires_on": day}
        assert (await chain.http.post("/v1/points/adjust", json=given)).status_code == 201
    await until(chain, drain, "2031-03-13")
    assert await texts(chain, someone) == []
    await until(chain, drain, "2031-03-14")
    assert await texts(chain, someone) == ["林晓，您在青禾连锁的73积分将于2031年3月24日到期，请及时使用。"]
    await until(chain, drain, "2031-03-16")
    assert len(await texts(chain, someone)) == 2
    assert await periods(chain) == ["2031-03-24", "2031-03-25"]


async def test_who_would_lose_a_tier_hears_what_would_keep_it(chain: Chain, drain: Any) -> None:
    rules = (await chain.http.get("/v1/programme")).json()
    ladder = rules["ladders"][0]
    spend = {"metric": "spend", "window": {"type": "rolling_months", "months": 12}}
    ladder["tiers"] = ladder["tiers"][:2]
    ladder["tiers"][1] |= {"qualify": spend | {"gte": 50_000}, "retain": spend | {"gte": 70_000}}
    ladder["policy"] |= {"upgrade": "immediate", "validity": {"type": "months", "months": 1}, "grace_days": 0}
    await change_programme(chain, ladders=[ladder])
    someone = await member(chain, name="林晓", phone="13800001111")
    await bought(chain, "T1", 50_000, member_id=someone)
    await switch_on(chain, "tier-notice")
    await until(chain, drain, "2031-03-15")
    (said,) = await texts(chain, someone)
    assert (
        said == f"林晓，您的{ladder['tiers'][1]['names']['zh-CN']}将于2031年4月11日到期，再有¥200.00即可保级。青禾连锁"
    )
    await until(chain, drain, "2031-03-17")
    assert len(await texts(chain, someone)) == 1


async def test_member_day_is_announced_on_its_day_in_the_morning(chain: Chain, drain: Any) -> None:
    await switch_on(chain, "member-day")
    wechat = {"app_id": "wx1", "openid": "o1"}
    someone = await member(chain, name="林晓", wechat=wechat, consents={"wechat": True})
    silent = await member(chain)
    await until(chain, drain, "2031-03-17")
    assert await texts(chain, someone) == []
    await set_clock(chain.tenant_id, datetime(2031, 3, 18, 0, 0, 1, tzinfo=ZONE))
    await fire_due(chain.tenant_id)
    for _ in range(3):  # it waits for the ladders, and for who they tell
        await drain(chain.tenant_id)
        await (await owner()).execute(_HASTEN, chain.tenant_id)
    assert (await texts(chain, someone), await jobs(chain)) == ([], ["campaigns.tell"])  # at nine, not at midnight
    await until(chain, drain, "2031-03-19")
    assert await texts(chain, someone) == ["林晓，2031年3月18日是青禾连锁会员日，当天消费双倍积分，欢迎光临。"]
    assert await texts(chain, silent) == []
    await until(chain, drain, "2031-04-18")
    assert len(await texts(chain, someone)) == 2


async def test_an_audience_is_given_to_while_the_days_last_each_member_once(chain: Chain, drain: Any) -> None:
    when = {"type": "between", "from": "2031-03-14", "to": "2031-03-15"}
    campaign_id = await start(chain, "spring", "grant", when, points=10)
    early = await member(chain)
    await until(chain, drain, "2031-03-13")
    assert await points(chain, early) == 0
    await until(chain, drain, "2031-03-14")
    in_time = await member(chain)
    await until(chain, drain, "2031-03-15")
    too_late = await member(chain)
    await until(chain, drain, "2031-03-18")
    assert [await points(chain, one) for one in (early, in_time, too_late)] == [10, 10, 0]
    await switch(chain, campaign_id, "stop")


async def test_who_could_not_be_told_by_evening_is_told_in_the_morning(chain: Chain, drain: Any) -> None:
    """The job was queued by day, and the worker came at night."""
    text = (await chain.http.get("/v1/message-texts?limit=1")).json()["data"][0]["code"]
    await start(chain, "hello", "message", "joined", channel="sms", message=text)
    await work(chain, drain)
    await set_clock(chain.tenant_id, datetime(2031, 3, 12, 20, 59, tzinfo=ZONE))
    one = await member(chain, phone="13800138000", consents={"sms": True})
    (welcomed,) = await run_due(chain.tenant_id)
    assert (welcomed, await jobs(chain)) == ("done", ["campaigns.tell"])
    await pass_time(chain, drain, datetime(2031, 3, 12, 21, 0, tzinfo=ZONE))
    await work(chain, drain)
    assert (await texts(chain, one), await jobs(chain)) == ([], ["campaigns.tell"])
    await pass_time(chain, drain, datetime(2031, 3, 13, 8, 59, 59, tzinfo=ZONE))
    assert await texts(chain, one) == []
    await pass_time(chain, drain, datetime(2031, 3, 13, 9, 1, tzinfo=ZONE))
    assert len(await texts(chain, one)) == 1


def test_members_are_told_from_nine_to_nine_by_the_chains_own_clock() -> None:
    shanghai, berlin = ZONE, ZoneInfo("Europe/Berlin")
    at = datetime(2031, 3, 12, 8, 59, tzinfo=shanghai)
    assert until_morning(at, shanghai) == timedelta(minutes=1)
    assert until_morning(datetime(2031, 3, 12, 9, 0, tzinfo=shanghai), shanghai) is None
    assert until_morning(datetime(2031, 3, 12, 20, 59, tzinfo=shanghai), shanghai) is None
    assert until_morning(datetime(2031, 3, 12, 21, 0, tzinfo=shanghai), shanghai) == timedelta(hours=12)
    before = datetime(2031, 3, 29, 21, 0, tzinfo=berlin)  # summer time begins in this night
    assert until_morning(before, berlin) == timedelta(hours=11)
