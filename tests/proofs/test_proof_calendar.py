"""A proof reckons with the same calendar: 29 February and what a year from it is, hours that don't exist or come twice,
and its own hour where the clocks change just then.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from programme.card_chains import ladder, publish
from proving import proof_of, prove
from support.chains import Chain
from support.clock import owner, set_clock
from support.midnights import begin, pass_time
from support.till import bought, given_back, member, rows
from support.zones import NewChain, at, open_at

from saas.scope import tenant_scope
from tenants.programme.versions import current_programme
from tenants.tiers.schedules import install_schedules

_DECIDING_ALONE = "DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'tiers'"
ROLLING = {"type": "rolling_months", "months": 12}


def rolling(schedule: str = "monthly", **policy: Any) -> dict[str, Any]:
    made = ladder(("base", None), ("silver", 1_000), ("gold", 5_000), schedule={"type": schedule}, **policy)
    for tier in made["tiers"][1:]:
        tier["qualify"]["window"] = ROLLING
    return made


async def opened(new_chain: NewChain, begins: str, zone: str, **policy: Any) -> Chain:
    chain = await open_at(new_chain, at(begins, zone), zone)
    answer = await publish(chain, rolling(**policy), transition="grandfather")
    assert answer.status_code == 200, answer.text
    await begin(chain, at(begins, zone), zone)
    await (await owner()).execute(_DECIDING_ALONE, chain.tenant_id)
    return chain


async def proved(chain: Chain, drain: Any) -> None:
    await prove(chain, drain)
    told = await proof_of(chain)
    assert (told["state"], told["differences"]["data"], told["unproved"]) == ("proved", [], []), told
    assert told["members"] > 0


async def test_years_from_and_over_a_leap_day(new_chain: NewChain, drain: Any) -> None:
    chain = await opened(new_chain, "2032-02-28 10:00", "Asia/Shanghai", grace_days=1, max_drop=1)
    joined_today, other = await member(chain), await member(chain)
    await bought(chain, "a", 6_000, member_id=other)
    await set_clock(chain.tenant_id, at("2032-02-29 12:00", "Asia/Shanghai"))
    leap = await member(chain)
    late = await bought(chain, "b", 1_500, member_id=leap)
    await bought(chain, "c", 900, member_id=joined_today)
    await set_clock(chain.tenant_id, at("2032-03-01 00:00", "Asia/Shanghai"))
    occurred = at("2032-02-29 23:59", "Asia/Shanghai").isoformat()
    await bought(chain, "d", 200, member_id=joined_today, occurred_at=occurred)
    await given_back(chain, late["id"], "e", 100)
    ends = {row["member_id"]: row["valid_until"].isoformat() for row in await rows(chain, "member_tier")}
    assert ends[next(m for m in ends if str(m) == leap)] == "2033-02-27"
    await proved(chain, drain)
    await pass_time(chain, drain, at("2033-02-28 12:00", "Asia/Shanghai"), proofs=True)
    await bought(chain, "f", 300, member_id=leap)
    await proved(chain, drain)
    await pass_time(chain, drain, at("2033-03-02 12:00", "Asia/Shanghai"), proofs=True)
    await proved(chain, drain)
    assert {row["reason"] for row in await rows(chain, "decision")} >= {"upgrade", "downgrade"}


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2032-03-14", ["2032-03-14 01:59", "2032-03-14 03:00"]),
        ("2032-11-07", ["2032-11-07 01:30", "2032-11-07 01:30 again"]),
    ],
)
async def test_days_that_arent_24_hours_long(new_chain: NewChain, drain: Any, day: str, hours: list[str]) -> None:
    chain = await opened(new_chain, f"{day} 00:10", "America/New_York", schedule="daily", grace_days=0)
    one, two = await member(chain), await member(chain)
    for n, hour in enumerate(hours):
        text = hour.removesuffix(" again")
        await set_clock(chain.tenant_id, at(text, again=hour.endswith("again")))
        await bought(chain, f"{n}-one", 600, member_id=one)
        await bought(chain, f"{n}-two", 3_000 - n, member_id=two)
    await proved(chain, drain)
    before, after = at(f"{day} 23:59"), at(f"{day} 00:00")
    assert (before - after).total_seconds() / 3600 not in (23.98333, 24.0)
    await pass_time(chain, drain, at(f"{day[:8]}{int(day[8:]) + 2:02} 12:00"), proofs=True)
    await bought(chain, "later", 100, member_id=one)
    await proved(chain, drain)
    assert len({row["day"] for row in await rows(chain, "member_day")}) == 2


@pytest.mark.parametrize(
    ("begins", "ends", "days"),
    [
        ("2033-03-26 12:00", "2033-03-29 12:00", [27, 28, 29]),
        ("2033-10-29 12:00", "2033-11-01 12:00", [30, 31, 1]),
    ],
)
async def test_its_own_hour_is_left_out_or_comes_twice(
    new_chain: NewChain, drain: Any, begins: str, ends: str, days: list[int]
) -> None:
    """In Athens 3 o'clock is 4 o'clock in March, and 4 o'clock is 3 o'clock again in October."""
    zone = ZoneInfo("Europe/Athens")
    chain = await open_at(new_chain, at(begins, zone.key), zone.key)
    await member(chain)
    async with tenant_scope(chain.tenant_id):
        await install_schedules(await current_programme(), zone.key)
    await (await owner()).execute("DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'proof'", chain.tenant_id)
    await pass_time(chain, drain, at(ends, zone.key), proofs=True)
    nights: list[datetime] = [row["started_at"].astimezone(zone) for row in await rows(chain, "proof")]
    assert [night.day for night in nights] == days
    assert {night.hour for night in nights} <= {3, 4}
    assert [row["proved_on"].day for row in await rows(chain, "proof")] == days
    assert [row["differences"] for row in await rows(chain, "proof")] == [0, 0, 0]
