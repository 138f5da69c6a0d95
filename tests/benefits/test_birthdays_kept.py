"""Birthdays at the chain's midnight: gifts of the tiers held and points, once a member and year."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from rules import at, gift, set_tier, with_benefits
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import pass_time, work
from support.programme import change_programme
from support.till import bought, member, rows

from saas.outbox import enqueue
from saas.scope import tenant_scope
from tenants.programme.versions import current_programme
from tenants.tiers.schedules import install_schedules

NewChain = Callable[..., Awaitable[Chain]]
NAMES = {"zh-CN": "礼", "en": "A gift"}


async def begin(chain: Chain, instant: str, zone: str = "Asia/Shanghai") -> None:
    """The chain's clock begins here, as if it had signed up now."""
    await set_clock(chain.tenant_id, at(instant, ZoneInfo(zone)))
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)
    async with tenant_scope(chain.tenant_id):
        await install_schedules(await current_programme(), zone)


async def nights(chain: Chain, drain: Any, *days: str) -> None:
    """These midnights come one after the other. Those between, at which nothing of the test happens, are skipped."""
    for day in days:
        midnight = at(f"{day} 00:00")
        await (await owner()).execute(
            "UPDATE schedule SET next_at = $2 WHERE tenant_id = $1 AND next_at < $2", chain.tenant_id, midnight
        )
        await set_clock(chain.tenant_id, midnight + timedelta(milliseconds=1))
        await work(chain, drain)


async def kept_until(chain: Chain) -> date:
    found: date = await (await owner()).fetchval("SELECT day FROM birthday_run WHERE tenant_id = $1", chain.tenant_id)
    return found


async def coupon(chain: Chain, code: str) -> None:
    body = {"code": code, "names": NAMES, "value": {"type": "amount", "amount": 1000}, "valid_days": 7}
    assert (await chain.http.post("/v1/coupons", json=body)).status_code == 201


async def points_of_birthdays(chain: Chain, points: int, **changes: Any) -> None:
    rules = (await chain.http.get("/v1/programme")).json()
    beside = {"top_up": "0", "activities": [], "referral": 0, "birthday": points}
    await change_programme(chain, points=rules["points"] | {"beside": beside}, **changes)


async def kept(chain: Chain) -> list[tuple[str, str, int]]:
    """Whose birthday was kept with which tier's gift, and the year of it."""
    return sorted((str(row["member_id"]), row["tier"], row["year"]) for row in await rows(chain, "gift"))


@pytest.fixture
async def tea(chain: Chain) -> Chain:
    """Everybody gets a cup on the birthday, gold a bigger one."""
    await begin(chain, "2026-11-22 12:00")
    for code in ("cup", "big-cup"):
        await coupon(chain, code)
    await with_benefits(chain, regular=[gift("cup", "birthday")], gold=[gift("big-cup", "birthday")])
    return chain


async def test_whoever_has_a_birthday_gets_what_the_tier_gives(tea: Chain, drain: Any) -> None:
    plain = await member(tea, birthday="1990-11-25", joined_on="2020-01-01")
    gold = await member(tea, birthday="1990-11-25", joined_on="2020-01-01")
    silver = await member(tea, birthday="1990-11-25", joined_on="2020-01-01")
    await member(tea, birthday="1990-11-26", joined_on="2020-01-01")
    await member(tea, joined_on="2020-01-01")
    await set_tier(tea, gold, "gold")
    await set_tier(tea, silver, "silver")
    await pass_time(tea, drain, at("2026-11-24 23:59"))
    assert await kept(tea) == []
    await pass_time(tea, drain, at("2026-11-25 08:00"))
    assert await kept(tea) == sorted([(plain, "regular", 2026), (gold, "gold", 2026)])
    for row in await rows(tea, "coupon_grant"):
        assert (row["occasion"], str(row["valid_from"]), str(row["valid_until"])) == (
            "birthday",
            "2026-11-25",
            "2026-12-01",
        )
    assert await kept_until(tea) == date(2026, 11, 25)


async def test_every_year_again_across_years_ends(tea: Chain, drain: Any) -> None:
    last = await member(tea, birthday="1990-12-31", joined_on="2020-01-01")
    first = await member(tea, birthday="1990-01-01", joined_on="2020-01-01")
    leap = await member(tea, birthday="2000-02-29", joined_on="2020-01-01")
    turn = ("2026-12-31", "2027-01-01", "2027-02-27", "2027-02-28", "2027-03-01", "2027-12-31", "2028-01-01")
    await nights(tea, drain, *turn, "2028-02-28", "2028-02-29", "2028-03-01")
    assert await kept(tea) == sorted(
        [(who, "regular", year) for who in (first, leap) for year in (2027, 2028)]
        + [(last, "regular", year) for year in (2026, 2027)]
    )
    days = {row["valid_from"] for row in await rows(tea, "coupon_grant") if str(row["member_id"]) == leap}
    assert days == {date(2027, 2, 28), date(2028, 2, 29)}


async def test_lunar_birthdays_move_through_the_solar_year(tea: Chain, drain: Any) -> None:
    """正月初一, 除夕 of a long last month (29 days in 2026 and 2027), and one in a leap month."""
    born = {"new year": "1990-01-27", "eve": "1990-01-26", "leap": "1984-11-23", "mid-autumn": "1949-10-06"}
    who = {
        name: await member(tea, birthday=day, birthday_calendar="lunar", joined_on="2020-01-01")
        for name, day in born.items()
    }
    new_year = ("2027-02-04", "2027-02-05", "2027-02-06", "2027-02-07")
    await nights(
        tea, drain, *new_year, "2027-09-14", "2027-09-15", "2027-09-16", "2027-10-28", "2027-10-29", "2027-12-01"
    )
    found: dict[str, list[str]] = {name: [] for name in born}
    for row in await rows(tea, "coupon_grant"):
        name = next(name for name, one in who.items() if one == str(row["member_id"]))
        found[name].append(str(row["valid_from"]))
    assert {name: sorted(days) for name, days in found.items()} == {
        "new year": ["2027-02-06"],
        "eve": ["2027-02-05"],
        "leap": ["2027-10-29"],
        "mid-autumn": ["2027-09-15"],
    }


async def test_a_lunar_birthday_comes_once_in_its_own_year(tea: Chain, drain: Any) -> None:
    """The first of the twelfth month fell into 2024 twice, and into 2025 not at all."""
    await begin(tea, "2023-12-31 12:00")
    who = await member(tea, birthday="1991-01-16", birthday_calendar="lunar", joined_on="2020-01-01")
    (row,) = [row for row in await rows(tea, "member") if str(row["id"]) == who]
    assert row["kept_on"] == 1201
    await nights(tea, drain, "2024-01-10", "2024-01-11", "2024-12-30", "2024-12-31")
    nothing = [date(2025, 1, 1) + timedelta(days=40 * n) for n in range(1, 10)]  # each looks back as far
    await nights(tea, drain, *map(str, nothing), "2026-01-18", "2026-01-19", "2026-01-20")
    assert sorted(str(row["valid_from"]) for row in await rows(tea, "coupon_grant")) == [
        "2024-01-11",
        "2024-12-31",
        "2026-01-19",
    ]


async def test_the_same_night_again_gives_once(tea: Chain, drain: Any) -> None:
    await member(tea, birthday="1990-11-25", joined_on="2020-01-01")
    await pass_time(tea, drain, at("2026-11-25 08:00"))
    for day in (date(2026, 11, 24), date(2026, 11, 20)):
        await (await owner()).execute("UPDATE birthday_run SET day = $2 WHERE tenant_id = $1", tea.tenant_id, day)
        async with tenant_scope(tea.tenant_id):
            await enqueue("birthdays.keep", {"due_at": "2026-11-24T16:00:00+00:00", "schedule": "birthdays"})
        await work(tea, drain)
    assert len(await rows(tea, "gift")) == len(await rows(tea, "coupon_grant")) == 1


async def test_missed_nights_are_made_up_for(tea: Chain, drain: Any) -> None:
    people = [await member(tea, birthday=f"1990-12-{day:02}", joined_on="2020-01-01") for day in range(1, 11)]
    await pass_time(tea, drain, at("2026-11-30 12:00"))
    await set_clock(tea.tenant_id, at("2026-12-10 12:00"))  # no scheduler for ten nights
    await work(tea, drain)
    assert await kept(tea) == sorted((who, "regular", 2026) for who in people)
    assert {str(row["valid_from"]) for row in await rows(tea, "coupon_grant")} == {"2026-12-10"}
    assert await kept_until(tea) == date(2026, 12, 10)


async def test_a_birthday_too_long_ago_is_over(tea: Chain, drain: Any) -> None:
    late = await member(tea, birthday="1990-12-20", joined_on="2020-01-01")
    await member(tea, birthday="1990-11-30", joined_on="2020-01-01")
    await nights(tea, drain, "2026-11-23", "2027-01-15")
    assert await kept(tea) == [(late, "regular", 2026)]


async def test_who_joined_after_the_day_waits_for_the_next(tea: Chain, drain: Any) -> None:
    late = await member(tea, birthday="1990-11-22", joined_on="2026-11-23")
    born = await member(tea, birthday="2026-11-22", joined_on="2026-11-22")
    await (await owner()).execute("INSERT INTO birthday_run (tenant_id, day) VALUES ($1, '2026-11-20')", tea.tenant_id)
    await nights(tea, drain, "2026-11-23")
    assert await kept(tea) == []
    await nights(tea, drain, "2027-11-22")
    assert await kept(tea) == sorted([(late, "regular", 2027), (born, "regular", 2027)])


async def test_nights_in_a_zone_whose_clocks_change(new_chain: NewChain, drain: Any) -> None:
    """In Santiago the day of the change begins at one o'clock: midnight doesn't exist."""
    chain = await new_chain(timezone="America/Santiago")
    await begin(chain, "2026-09-03 12:00", "America/Santiago")
    await coupon(chain, "cup")
    await with_benefits(chain, regular=[gift("cup", "birthday")])
    people = [await member(chain, birthday=f"1990-09-0{day}", joined_on="2020-01-01") for day in (5, 6, 7)]
    await pass_time(chain, drain, at("2026-09-07 12:00", ZoneInfo("America/Santiago")))
    found = {str(row["member_id"]): str(row["valid_from"]) for row in await rows(chain, "coupon_grant")}
    assert found == dict(zip(people, ("2026-09-05", "2026-09-06", "2026-09-07"), strict=True))


async def test_tiers_of_the_same_midnight_are_decided_first(chain: Chain, drain: Any) -> None:
    await begin(chain, "2026-11-22 12:00")
    await coupon(chain, "cup")
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    ladders[0]["policy"] |= {"upgrade": "scheduled", "schedule": {"type": "monthly"}}
    ladders[0]["tiers"][1]["benefits"] = [gift("cup", "birthday")]
    await change_programme(chain, ladders=ladders)
    who = await member(chain, birthday="1990-12-01", joined_on="2020-01-01")
    await bought(chain, "T1", 50_000, member_id=who)
    await pass_time(chain, drain, at("2026-12-01 12:00"))
    assert await kept(chain) == [(who, "silver", 2026)]


async def test_birthdays_give_points_once(tea: Chain, drain: Any) -> None:
    await points_of_birthdays(tea, 50)
    who = await member(tea, birthday="1990-11-25", joined_on="2020-01-01")
    await pass_time(tea, drain, at("2026-11-25 08:00"))
    await (await owner()).execute("UPDATE birthday_run SET day = '2026-11-20' WHERE tenant_id = $1", tea.tenant_id)
    async with tenant_scope(tea.tenant_id):
        await enqueue("birthdays.keep", {"due_at": "2026-11-24T16:00:00+00:00", "schedule": "birthdays"})
    await work(tea, drain)
    (entry,) = await rows(tea, "points_entry")
    assert (entry["kind"], entry["points"], str(entry["day"])) == ("birthday", 50, "2026-11-25")
    (grant,) = await rows(tea, "coupon_entry")
    assert grant["seq"] == entry["seq"]
    assert (await tea.http.get(f"/v1/members/{who}")).json()["points"]["balance"] == 50


async def test_points_alone_are_given_once_too(chain: Chain, drain: Any) -> None:
    await begin(chain, "2026-11-22 12:00")
    await with_benefits(chain)
    await points_of_birthdays(chain, 50)
    survivor = await member(chain, birthday="1990-11-25", joined_on="2020-01-01")
    other = await member(chain, birthday="1990-11-24", joined_on="2020-01-01")
    await pass_time(chain, drain, at("2026-11-24 08:00"))
    await chain.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    await pass_time(chain, drain, at("2026-11-26 08:00"))
    assert [row["points"] for row in await rows(chain, "points_entry") if row["kind"] == "birthday"] == [50]
    await nights(chain, drain, "2027-11-25")
    assert [row["points"] for row in await rows(chain, "points_entry") if row["kind"] == "birthday"] == [50, 50]


async def test_a_merged_record_had_its_birthday(tea: Chain, drain: Any) -> None:
    survivor = await member(tea, birthday="1990-11-25", joined_on="2020-01-01")
    other = await member(tea, birthday="1990-11-24", joined_on="2020-01-01")
    await pass_time(tea, drain, at("2026-11-24 08:00"))
    await tea.http.post(f"/v1/members/{survivor}/merge", json={"other_id": other})
    await pass_time(tea, drain, at("2026-11-26 08:00"))
    assert await kept(tea) == [(other, "regular", 2026)]


async def test_points_of_a_birthday_may_lift_a_tier(chain: Chain, drain: Any) -> None:
    await begin(chain, "2026-11-22 12:00")
    ladders = (await chain.http.get("/v1/programme")).json()["ladders"]
    ladders[0]["tiers"] = ladders[0]["tiers"][:2]
    ladders[0]["tiers"][1]["qualify"] = {"metric": "points_earned", "window": {"type": "lifetime"}, "gte": 50}
    ladders[0]["tiers"][1]["benefits"] = [gift("cup")]
    await coupon(chain, "cup")
    await points_of_birthdays(chain, 50, ladders=ladders)
    who = await member(chain, birthday="1990-11-25", joined_on="2020-01-01")
    await pass_time(chain, drain, at("2026-11-25 08:00"))
    (decision,) = await rows(chain, "decision")
    assert (decision["to_tier"], decision["reason"], decision["cause"]) == ("silver", "upgrade", "birthday")
    assert [(str(row["member_id"]), row["occasion"]) for row in await rows(chain, "gift")] == [(who, "upgrade")]


async def test_a_night_goes_in_batches(tea: Chain, drain: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.gifts.birthdays.BATCH", 3)
    people = [await member(tea, birthday="1990-11-25", joined_on="2020-01-01") for _ in range(7)]
    people += [await member(tea, birthday="1990-11-26", joined_on="2020-01-01") for _ in range(3)]
    await pass_time(tea, drain, at("2026-11-24 12:00"))
    await set_clock(tea.tenant_id, at("2026-11-26 12:00"))
    await work(tea, drain)
    assert await kept(tea) == sorted((who, "regular", 2026) for who in people)


async def test_where_birthdays_bring_nothing_nothing_is_made_up_for_later(chain: Chain, drain: Any) -> None:
    await begin(chain, "2026-11-22 12:00")
    await with_benefits(chain)
    await coupon(chain, "cup")
    await member(chain, birthday="1990-11-25", joined_on="2020-01-01")
    await pass_time(chain, drain, at("2026-11-26 12:00"))
    await with_benefits(chain, regular=[gift("cup", "birthday")])
    await pass_time(chain, drain, at("2026-11-30 12:00"))
    assert await kept(chain) == []


async def test_a_suspended_chain_keeps_no_birthdays_until_it_is_back(tea: Chain, drain: Any) -> None:
    who = await member(tea, birthday="1990-11-25", joined_on="2020-01-01")
    conn = await owner()
    await pass_time(tea, drain, at("2026-11-24 12:00"))
    await conn.execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", tea.tenant_id)
    await set_clock(tea.tenant_id, at("2026-11-27 12:00"))
    await work(tea, drain)
    assert await kept(tea) == []
    assert await kept_until(tea) == date(2026, 11, 24)
    await conn.execute("UPDATE tenant SET status = 'active' WHERE tenant_id = $1", tea.tenant_id)
    await work(tea, drain)
    assert await kept(tea) == [(who, "regular", 2026)]
