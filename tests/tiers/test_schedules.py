"""Schedules by the chain's own midnight: each fires once, missed ones in order, none lost to a new programme."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.till import bought, member, rows

from saas.scheduler import fire_due
from tenants.nightly import NIGHTLY, QUIET

NewChain = Callable[..., Awaitable[Chain]]
Json = dict[str, Any]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(text: str, zone: Any = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def monthly(document: Json, gte: int = 10_000) -> Json:
    """One tier above the base, decided when a month has ended by what was spent in it, until the next."""
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:2]
    ladder["tiers"][1]["qualify"] = {"metric": "spend", "window": {"type": "calendar_month"}, "gte": gte}
    ladder["policy"] |= {
        "upgrade": "scheduled",
        "schedule": {"type": "monthly"},
        "validity": {"type": "until_next_schedule"},
        "max_drop": None,
    }
    return document


async def begin(chain: Chain, instant: datetime) -> None:
    """The chain's clock jumps to `instant`, with nothing left over from before."""
    await set_clock(chain.tenant_id, instant)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1", chain.tenant_id)


async def release(chain: Chain, document: Json) -> None:
    assert (await chain.http.put("/v1/programme/draft", json=document)).status_code == 200
    assert (await chain.http.post("/v1/programme/draft/publish", json={})).status_code == 200
    # What every night brings is another test's.
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'tiers'", chain.tenant_id)


@pytest.fixture
async def monthly_chain(new_chain: NewChain) -> Chain:
    chain = await new_chain(timezone="Asia/Shanghai")
    await begin(chain, at("2031-01-10 12:00"))
    await release(chain, monthly((await chain.http.get("/v1/programme")).json()))
    return chain


async def work(chain: Chain, drain: Any) -> int:
    """Fires and works until nothing is due, as scheduler and worker do; how often something fired."""
    fired = 0
    while True:
        now = await fire_due(chain.tenant_id)
        done = await drain(chain.tenant_id)
        assert done.failed == done.dead == 0
        fired += now
        if not now and not done.done:
            return fired


async def decisions(chain: Chain) -> list[tuple[str, str, str]]:
    found = sorted(await rows(chain, "decision"), key=lambda row: row["id"])
    return [
        (row["effective_at"].astimezone(SHANGHAI).isoformat()[:16], row["from_tier"], row["to_tier"]) for row in found
    ]


async def next_at(chain: Chain) -> datetime:
    (schedule,) = await rows(chain, "schedule")
    found: datetime = schedule["next_at"]
    return found.astimezone(SHANGHAI)


async def test_a_month_is_decided_when_it_has_ended_and_once(monthly_chain: Chain, drain: Any) -> None:
    one = await member(monthly_chain)
    made = await bought(monthly_chain, "1", 15_000, member_id=one)
    assert made["tier"]["after"] == "regular"
    await set_clock(monthly_chain.tenant_id, at("2031-01-31 23:59:50"))
    assert await work(monthly_chain, drain) == 0
    await set_clock(monthly_chain.tenant_id, at("2031-02-01 00:00:01"))
    assert await work(monthly_chain, drain) == 1
    assert await work(monthly_chain, drain) == 0
    assert await decisions(monthly_chain) == [("2031-02-01T00:00", "regular", "silver")]
    assert await next_at(monthly_chain) == at("2031-03-01 00:00")
    (run,) = await rows(monthly_chain, "recalculation")
    assert (run["cause"], run["as_of"].astimezone(SHANGHAI)) == ("schedule", at("2031-02-01 00:00"))


async def test_missed_months_are_caught_up_in_order(monthly_chain: Chain, drain: Any) -> None:
    one = await member(monthly_chain)
    for number, day in enumerate(("2031-01-15", "2031-03-20", "2031-04-05")):
        await set_clock(monthly_chain.tenant_id, at(f"{day} 12:00"))
        await bought(monthly_chain, str(number), 15_000, member_id=one)
    await set_clock(monthly_chain.tenant_id, at("2031-06-15 08:00"))
    assert await work(monthly_chain, drain) == 5
    assert await decisions(monthly_chain) == [
        ("2031-02-01T00:00", "regular", "silver"),
        ("2031-03-01T00:00", "silver", "regular"),
        ("2031-04-01T00:00", "regular", "silver"),
        ("2031-06-01T00:00", "silver", "regular"),
    ]
    runs = sorted(await rows(monthly_chain, "recalculation"), key=lambda run: run["id"])
    assert [run["as_of"].astimezone(SHANGHAI).month for run in runs] == [2, 3, 4, 5, 6]
    finished = [run["finished_at"] for run in runs]
    assert finished == sorted(finished)
    assert await next_at(monthly_chain) == at("2031-07-01 00:00")


async def test_a_suspended_chain_decides_when_it_is_back(monthly_chain: Chain, drain: Any) -> None:
    one = await member(monthly_chain)
    await bought(monthly_chain, "1", 15_000, member_id=one)
    await set_clock(monthly_chain.tenant_id, at("2031-02-01 08:00"))
    assert await fire_due(monthly_chain.tenant_id) == 1  # and before its job runs:
    become = "UPDATE tenant SET status = $2 WHERE tenant_id = $1"
    await (await owner()).execute(become, monthly_chain.tenant_id, "suspended")
    await set_clock(monthly_chain.tenant_id, at("2031-03-15 08:00"))
    assert await work(monthly_chain, drain) == 0
    assert await decisions(monthly_chain) == await rows(monthly_chain, "recalculation") == []
    await (await owner()).execute(become, monthly_chain.tenant_id, "active")
    assert await work(monthly_chain, drain) == 1
    assert await decisions(monthly_chain) == [
        ("2031-02-01T00:00", "regular", "silver"),
        ("2031-03-01T00:00", "silver", "regular"),
    ]


async def test_two_schedulers_fire_once(monthly_chain: Chain, drain: Any) -> None:
    import asyncio

    await member(monthly_chain)
    await set_clock(monthly_chain.tenant_id, at("2031-02-01 00:00:05"))
    fired = await asyncio.gather(*(fire_due(monthly_chain.tenant_id) for _ in range(8)))
    assert sum(fired) == 1
    await drain(monthly_chain.tenant_id)
    assert len(await rows(monthly_chain, "recalculation")) == 1


async def test_a_publish_loses_no_instant_that_was_due(monthly_chain: Chain, drain: Any) -> None:
    """The scheduler was away over the month's end; the owner publishes before it is back."""
    one = await member(monthly_chain)
    await bought(monthly_chain, "1", 15_000, member_id=one)
    await set_clock(monthly_chain.tenant_id, at("2031-02-03 09:00"))
    await release(monthly_chain, (await monthly_chain.http.get("/v1/programme")).json())
    assert await work(monthly_chain, drain) == 1
    assert await decisions(monthly_chain) == [("2031-02-01T00:00", "regular", "silver")]
    assert await next_at(monthly_chain) == at("2031-03-01 00:00")


async def test_a_publish_moves_the_schedule_to_the_new_rules(monthly_chain: Chain, drain: Any) -> None:
    document = (await monthly_chain.http.get("/v1/programme")).json()
    for schedule, expected in (
        ({"type": "daily"}, "2031-01-11"),
        ({"type": "quarterly"}, "2031-04-01"),
        ({"type": "yearly", "month": 1, "day": 10}, "2032-01-10"),
        ({"type": "yearly", "month": 2, "day": 29}, "2031-02-28"),
    ):
        document["ladders"][0]["policy"]["schedule"] = schedule
        await release(monthly_chain, document)
        assert await next_at(monthly_chain) == at(f"{expected} 00:00")
    await set_clock(monthly_chain.tenant_id, at("2031-02-28 00:00:01"))
    assert await work(monthly_chain, drain) == 1
    assert await next_at(monthly_chain) == at("2032-02-29 00:00")


async def test_each_ladder_goes_by_its_own_schedule(monthly_chain: Chain, drain: Any) -> None:
    document = (await monthly_chain.http.get("/v1/programme")).json()
    second = {**document["ladders"][0], "code": "club"}
    second["policy"] = {**second["policy"], "schedule": {"type": "quarterly"}}
    document["ladders"].append(second)
    await release(monthly_chain, document)
    await set_clock(monthly_chain.tenant_id, at("2031-04-02 00:00"))
    assert await work(monthly_chain, drain) == 3
    runs = sorted(await rows(monthly_chain, "recalculation"), key=lambda run: run["id"])
    assert [run["ladders"] for run in runs] == [["card"], ["card"], ["card", "club"]]


async def test_the_last_second_of_a_month_belongs_to_it(monthly_chain: Chain, drain: Any) -> None:
    late, early = await member(monthly_chain), await member(monthly_chain)
    await set_clock(monthly_chain.tenant_id, at("2031-02-02 12:00"))
    await bought(monthly_chain, "1", 10_000, member_id=late, occurred_at="2031-01-31T23:59:59.999999+08:00")
    await bought(monthly_chain, "2", 10_000, member_id=early, occurred_at="2031-02-01T00:00:00+08:00")
    (decision,) = await rows(monthly_chain, "decision")  # the first came too late for the schedule, and repeated it
    assert (str(decision["member_id"]), decision["reason"]) == (late, "late")
    assert await work(monthly_chain, drain) == 1
    assert len(await rows(monthly_chain, "decision")) == 1


async def test_a_zone_without_midnight_that_day_fires_when_the_day_begins(new_chain: NewChain, drain: Any) -> None:
    """Santiago skips from 24:00 of 6 September 2031 to 01:00."""
    chain = await new_chain(timezone="America/Santiago")
    zone = ZoneInfo("America/Santiago")
    await begin(chain, at("2031-09-06 12:00", zone))
    await release(chain, (await chain.http.get("/v1/programme")).json())
    (schedule,) = await rows(chain, "schedule")
    due: datetime = schedule["next_at"]
    assert due == datetime(2031, 9, 7, 4, tzinfo=UTC)
    assert (due - timedelta(seconds=1)).astimezone(zone).day == 6
    await set_clock(chain.tenant_id, due + timedelta(seconds=1))
    assert await work(chain, drain) == 1
    (run,) = await rows(chain, "recalculation")
    assert str(run["day"]) == "2031-09-07"


async def test_a_change_of_zone_before_the_first_fact_moves_the_midnights(new_chain: NewChain) -> None:
    chain = await new_chain(timezone="Asia/Shanghai")
    await set_clock(chain.tenant_id, at("2031-01-10 12:00"))
    assert (await chain.http.patch("/v1/tenant", json={"timezone": "America/New_York"})).status_code == 200
    midnight = datetime(2031, 1, 10, 5, tzinfo=UTC)
    moved = {row["name"]: row["next_at"] for row in await rows(chain, "schedule") if row["name"] not in QUIET}
    assert moved == dict.fromkeys(("tiers", *NIGHTLY), midnight)
    quiet = {row["name"]: row["next_at"] for row in await rows(chain, "schedule") if row["name"] in QUIET}
    assert quiet.keys() == QUIET.keys()
    assert {midnight + timedelta(hours=3) <= each < midnight + timedelta(hours=4) for each in quiet.values()} == {True}


async def test_a_sign_up_has_its_schedule_at_once(new_chain: NewChain) -> None:
    chain = await new_chain(timezone="UTC")
    now: datetime = await (await owner()).fetchval("SELECT clock_timestamp()")
    for schedule in await rows(chain, "schedule"):
        assert now < schedule["next_at"] <= now + timedelta(days=1)
        assert schedule["next_at"].time() == datetime.min.time() or schedule["name"] in QUIET
