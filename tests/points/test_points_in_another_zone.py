"""Points by the chain's own days: over daylight saving's 23 and 25 hours, month ends, a leap day and the year's end."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.clock import set_clock
from support.midnights import pass_time
from support.programme import change_programme
from support.till import bought, member, rows
from support.value import sound
from support.zones import AUTUMN, NEW_YORK, SHANGHAI, SPRING, NewChain, at, open_at

Json = dict[str, Any]
NEVER = {"type": "never"}
SECOND = timedelta(seconds=1)


async def shop(new_chain: NewChain, instant: datetime, zone: str = NEW_YORK, **points: Any) -> Chain:
    """A point for each whole currency unit."""
    chain = await open_at(new_chain, instant, zone)
    rules = (await chain.http.get("/v1/programme")).json()["points"]
    await change_programme(chain, points=rules | {"per_unit": "1", "pending_days": 0, "expiry": NEVER} | points)
    return chain


async def points_of(chain: Chain, who: str) -> Json:
    found: Json = (await chain.http.get(f"/v1/members/{who}/points")).json()
    return found


async def give(chain: Chain, who: str, points: int, expires_on: str) -> None:
    body = {"member_id": who, "points": points, "reason": "x", "expires_on": expires_on}
    assert (await chain.http.post("/v1/points/adjust", json=body)).status_code == 201


@pytest.mark.parametrize(
    ("zone", "bought_at", "expiry", "day", "last"),
    [
        # Half an hour before and behind local midnight: in UTC both are the next day there, the day before here.
        (NEW_YORK, "2027-12-31 23:30", {"type": "end_of_year", "years": 0}, "2027-12-31", "2027-12-31"),
        (NEW_YORK, "2028-01-01 00:30", {"type": "end_of_year", "years": 0}, "2028-01-01", "2028-12-31"),
        (SHANGHAI, "2027-12-31 23:30", {"type": "end_of_year", "years": 1}, "2027-12-31", "2028-12-31"),
        (SHANGHAI, "2028-01-01 00:30", {"type": "end_of_year", "years": 1}, "2028-01-01", "2029-12-31"),
        # A day that the month lacks is its last one; the day before that is the last of the points.
        (NEW_YORK, "2027-01-31 23:30", {"type": "months", "months": 1}, "2027-01-31", "2027-02-27"),
        (SHANGHAI, "2027-02-01 00:30", {"type": "months", "months": 1}, "2027-02-01", "2027-02-28"),
        (SHANGHAI, "2027-08-31 12:00", {"type": "months", "months": 6}, "2027-08-31", "2028-02-28"),
        (NEW_YORK, "2028-02-29 23:30", {"type": "months", "months": 12}, "2028-02-29", "2029-02-27"),
        (NEW_YORK, "2028-03-01 00:30", {"type": "months", "months": 12}, "2028-03-01", "2029-02-28"),
        (NEW_YORK, f"{SPRING} 03:00", {"type": "months", "months": 12}, SPRING, "2028-03-13"),
    ],
)
async def test_the_last_day_counts_from_the_chains_own(
    zone: str, bought_at: str, expiry: Json, day: str, last: str, new_chain: NewChain
) -> None:
    chain = await shop(new_chain, at(bought_at, zone), zone, expiry=expiry)
    who = await member(chain)
    await bought(chain, "1", 1_000, member_id=who)
    (entry,) = (await points_of(chain, who))["data"]
    assert (entry["day"], entry["spendable_from"], entry["expires_on"]) == (day, day, last)


@pytest.mark.parametrize(
    ("bought_at", "until"),
    [
        ("2027-03-13 23:30", f"{SPRING} 00:00"),
        (f"{SPRING} 03:30", "2027-03-15 00:00"),  # 19 h 30 min later, not 20 h 30 min
        ("2027-11-06 23:30", f"{AUTUMN} 00:00"),
        (f"{AUTUMN} 00:30", "2027-11-08 00:00"),  # 24 h 30 min later
    ],
)
async def test_what_is_pending_for_a_day_may_be_spent_from_local_midnight_on(
    bought_at: str, until: str, new_chain: NewChain
) -> None:
    chain = await shop(new_chain, at(bought_at), pending_days=1)
    who = await member(chain)
    await bought(chain, "1", 1_000, member_id=who)
    spend = {"member_id": who, "points": 10}
    await set_clock(chain.tenant_id, at(until) - SECOND)
    shown = await points_of(chain, who)
    assert (shown["balance"], shown["spendable"], shown["pending"]) == (10, 0, 10)
    assert (await chain.http.post("/v1/points/redeem", json=spend)).status_code == 422
    await set_clock(chain.tenant_id, at(until))
    shown = await points_of(chain, who)
    assert (shown["spendable"], shown["pending"]) == (10, 0)
    assert (await chain.http.post("/v1/points/redeem", json=spend)).status_code == 201
    await sound(chain)


async def test_both_hours_of_one_oclock_are_of_one_day(new_chain: NewChain) -> None:
    """At 01:30 twice: in summer time, and an hour later again."""
    chain = await shop(new_chain, at(f"{AUTUMN} 01:30"), pending_days=1)
    who = await member(chain)
    await bought(chain, "1", 1_000, member_id=who)
    await set_clock(chain.tenant_id, at(f"{AUTUMN} 01:30") + timedelta(hours=1))
    await bought(chain, "2", 2_000, member_id=who)
    assert {entry["day"] for entry in (await points_of(chain, who))["data"]} == {AUTUMN}
    assert {entry["spendable_from"] for entry in (await points_of(chain, who))["data"]} == {"2027-11-08"}


@pytest.mark.parametrize("short", [SPRING, AUTUMN])
async def test_a_last_day_is_as_long_as_the_day(short: str, new_chain: NewChain, drain: Any) -> None:
    day = datetime.fromisoformat(short).date()
    before, after = day - timedelta(days=1), day + timedelta(days=1)
    chain = await shop(new_chain, at(f"{before} 23:30"))
    who = await member(chain)
    for points, last in ((1, before), (2, day), (4, after)):
        await give(chain, who, points, str(last))
    left = {before: 7, day: 6, after: 4}
    for today, balance in left.items():
        await pass_time(chain, drain, at(f"{today} 23:59:59"))
        assert (await points_of(chain, who))["spendable"] == balance
        await pass_time(chain, drain, at(f"{today + timedelta(days=1)} 00:00:01"))
        assert (await points_of(chain, who))["balance"] == balance - (balance & -balance)
    gone = [(row["day"], row["points"]) for row in await rows(chain, "points_entry") if row["kind"] == "expire"]
    assert gone == [(today + timedelta(days=1), -n) for today, n in zip(left, (1, 2, 4), strict=True)]
    await sound(chain)


@pytest.mark.parametrize(("night", "last"), [("2027-03-15", "2027-04-14"), ("2027-11-08", "2027-12-08")])
async def test_members_hear_thirty_local_days_ahead(night: str, last: str, new_chain: NewChain, drain: Any) -> None:
    """At the midnight that ends the short and the long day."""
    before = datetime.fromisoformat(night).date() - timedelta(days=2)
    chain = await shop(new_chain, at(f"{before} 23:30"))
    who = await member(chain)
    await give(chain, who, 5, last)
    await pass_time(chain, drain, at(f"{night} 00:00") - SECOND)
    assert await rows(chain, "points_notice") == []
    await pass_time(chain, drain, at(f"{night} 00:00") + SECOND)
    (told,) = await rows(chain, "points_notice")
    assert str(told["expires_on"]) == last


async def test_what_is_shown_as_spendable_can_be_spent_though_the_tills_clock_is_ahead(new_chain: NewChain) -> None:
    """It tells of tomorrow."""
    chain = await shop(new_chain, at("2027-12-31 20:00"), expiry={"type": "end_of_year", "years": 0})
    who = await member(chain)
    await bought(chain, "1", 1_000, member_id=who, occurred_at="2028-01-01T00:30:00-05:00")
    shown = await points_of(chain, who)
    (entry,) = shown["data"]
    assert (entry["day"], entry["spendable_from"], entry["expires_on"]) == ("2028-01-01", "2027-12-31", "2028-12-31")
    assert (shown["balance"], shown["spendable"], shown["pending"]) == (10, 10, 0)
    spent = await chain.http.post("/v1/points/redeem", json={"member_id": who, "points": 10})
    assert spent.status_code == 201, spent.text
    await sound(chain)
