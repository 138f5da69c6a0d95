"""Quarters, years and clocks that change, through the scheduler with a moved clock."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from policy_chains import Drain, Json, NewChain, at, chain_with, ladder
from support.chains import Chain
from support.clock import set_clock
from support.midnights import pass_time
from support.till import bought, member, rows

YEARLY: Json = {"type": "yearly", "month": 2, "day": 29}


async def fired(chain: Chain, zone: str = "UTC") -> list[str]:
    """The local days at whose beginning a schedule fired, in order."""
    runs = sorted(await rows(chain, "recalculation"), key=lambda run: run["id"])
    found = [run["as_of"].astimezone(ZoneInfo(zone)) for run in runs]
    assert [str(day.date()) for day in found] == [str(run["day"]) for run in runs]
    return [f"{day:%Y-%m-%d %H:%M}" for day in found]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ({"type": "quarterly"}, ["2031-04-01", "2031-07-01", "2031-10-01", "2032-01-01", "2032-04-01"]),
        (YEARLY, ["2031-02-28", "2032-02-29"]),
        ({"type": "yearly", "month": 1, "day": 1}, ["2032-01-01"]),
        ({"type": "yearly", "month": 4, "day": 30}, ["2031-04-30", "2032-04-30"]),
    ],
)
async def test_quarters_and_years(schedule: Json, expected: list[str], new_chain: NewChain, drain: Drain) -> None:
    rules = ladder(schedule=schedule, upgrade="scheduled", validity={"type": "forever"})
    chain = await chain_with(new_chain, at("2031-01-10 12:00"), rules)
    one = await member(chain)
    await bought(chain, "1", 1000, member_id=one)
    await pass_time(chain, drain, at("2032-05-01 12:00"), nights=["tiers"])
    assert await fired(chain) == [f"{day} 00:00" for day in expected]
    (decision,) = await rows(chain, "decision")
    assert f"{decision['effective_at']:%Y-%m-%d}" == expected[0]


async def test_a_quarter_fires_once_when_the_scheduler_was_away(new_chain: NewChain, drain: Drain) -> None:
    chain = await chain_with(new_chain, at("2031-01-10 12:00"), ladder(schedule={"type": "quarterly"}))
    await member(chain)
    await set_clock(chain.tenant_id, at("2031-08-15 12:00"))
    await pass_time(chain, drain, at("2031-08-15 12:00"), nights=["tiers"])
    assert await fired(chain) == ["2031-04-01 00:00", "2031-07-01 00:00"]


@pytest.mark.parametrize(
    ("zone", "around", "instants"),
    [
        # Santiago skips the midnight of 7 September 2031: the day begins at 01:00.
        ("America/Santiago", "2031-09-07", ["2031-09-06T04:00Z", "2031-09-07T04:00Z", "2031-09-08T03:00Z"]),
        # It has 23:00 to 24:00 of 5 April 2031 twice: the day after begins behind the second.
        ("America/Santiago", "2031-04-06", ["2031-04-05T03:00Z", "2031-04-06T04:00Z", "2031-04-07T04:00Z"]),
        # Havana goes back from 01:00 to 00:00 of 2 November 2031: two midnights, the first one fires.
        ("America/Havana", "2031-11-02", ["2031-11-01T04:00Z", "2031-11-02T04:00Z", "2031-11-03T05:00Z"]),
        # And skips the one of 9 March.
        ("America/Havana", "2031-03-09", ["2031-03-08T05:00Z", "2031-03-09T05:00Z", "2031-03-10T04:00Z"]),
        # Lord Howe moves by half an hour.
        ("Australia/Lord_Howe", "2031-04-06", ["2031-04-04T13:00Z", "2031-04-05T13:00Z", "2031-04-06T13:30Z"]),
        ("America/New_York", "2031-03-09", ["2031-03-08T05:00Z", "2031-03-09T05:00Z", "2031-03-10T04:00Z"]),
    ],
)
async def test_each_day_fires_once_where_clocks_change(
    zone: str, around: str, instants: list[str], new_chain: NewChain, drain: Drain
) -> None:
    """What is bought in an hour that comes twice is of its own day, and decided with it."""
    expected = [datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC) for text in instants]
    rules = ladder(schedule={"type": "daily"}, upgrade="scheduled", window={"type": "rolling_days", "days": 1})
    chain = await chain_with(new_chain, expected[0] - timedelta(hours=3), rules, zone=zone)
    one = await member(chain, joined_on="2031-01-01")
    for number, instant in enumerate(expected[1:]):
        await pass_time(chain, drain, instant - timedelta(minutes=5))
        await bought(chain, f"{number}", 1000, member_id=one)
    await pass_time(chain, drain, expected[-1] + timedelta(hours=1))
    runs = sorted(await rows(chain, "recalculation"), key=lambda run: run["id"])
    assert [run["as_of"] for run in runs] == expected
    days = [run["day"] for run in runs]
    assert str(days[1]) == around
    assert [later - earlier for earlier, later in pairwise(days)] == [timedelta(days=1)] * 2
    (decision,) = await rows(chain, "decision")
    assert (decision["effective_at"], decision["day"]) == (expected[1], days[0])


async def test_a_late_sale_of_the_hour_that_comes_twice(new_chain: NewChain, drain: Drain) -> None:
    """Its day hasn't ended at the first of two midnights, so it isn't late for it."""
    chain = await chain_with(
        new_chain,
        datetime(2031, 11, 2, 3, tzinfo=UTC),
        ladder(schedule={"type": "daily"}, upgrade="scheduled"),
        zone="America/Havana",
    )
    one = await member(chain, joined_on="2031-01-01")
    await pass_time(chain, drain, datetime(2031, 11, 2, 4, 30, tzinfo=UTC))  # 00:30 for the first time
    await bought(chain, "1", 1000, member_id=one)
    await set_clock(chain.tenant_id, datetime(2031, 11, 2, 5, 30, tzinfo=UTC))  # and for the second
    await bought(chain, "2", 1, member_id=one)
    assert await rows(chain, "decision") == []
    await pass_time(chain, drain, datetime(2031, 11, 3, 6, tzinfo=UTC))
    (decision,) = await rows(chain, "decision")
    assert str(decision["day"]) == "2031-11-02"


async def test_two_ladders_at_one_midnight_are_one_run(new_chain: NewChain, drain: Drain) -> None:
    rules: list[Any] = [ladder("a"), ladder("b", schedule={"type": "quarterly"}), ladder("c", schedule=YEARLY)]
    chain = await chain_with(new_chain, at("2031-03-10 12:00"), *rules)
    await member(chain)
    await pass_time(chain, drain, at("2031-04-02 12:00"))
    (run,) = await rows(chain, "recalculation")
    assert run["ladders"] == ["a", "b"]
