"""Reports by local days, the shifts' and the settlement's: over daylight saving and a month's end."""

from datetime import datetime, timedelta

import pytest
from support.chains import Chain
from support.clock import set_clock
from support.counter import change_wallet, pays, topped_up
from support.till import bought, member
from support.zones import AUTUMN, SHANGHAI, SPRING, NewChain, at, open_at

MINUTE = timedelta(minutes=1)
HOURS = {
    SPRING: ["2027-03-13 23:59:59", f"{SPRING} 00:00", f"{SPRING} 01:59", f"{SPRING} 23:59:59", "2027-03-15 00:00"],
    AUTUMN: ["2027-11-06 23:59:59", f"{AUTUMN} 00:00", f"{AUTUMN} 01:30", f"{AUTUMN} 23:59:59", "2027-11-08 00:00"],
}


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
async def test_reports_of_a_day_have_all_its_hours(day: str, new_chain: NewChain) -> None:
    """The first entry is of the day before, the last one of the day behind."""
    first = at(HOURS[day][0])
    chain = await open_at(new_chain, first)
    await change_wallet(chain, confirm_above=10**9)
    east = (await chain.http.post("/v1/branches", json={"code": "east", "name": "East", "kind": "franchise"})).json()
    who = await member(chain)
    await set_clock(chain.tenant_id, first - MINUTE)
    await topped_up(chain, who, "u", 50_000, branch_id=east["id"])
    for n, hour in enumerate(HOURS[day]):
        await set_clock(chain.tenant_id, at(hour))
        await pays(chain, who, 10**n)
        await bought(chain, str(n), 10**n)
    query = {"from": day, "to": day}
    (pair,) = (await chain.http.get("/v1/reports/settlement", params=query)).json()["pairs"]
    assert pair["principal"] == 1_110
    shifts = (await chain.http.get("/v1/reports/shifts", params=query)).json()
    assert shifts["totals"]["purchases"]["amount"] == 1_110
    hours = (datetime.fromisoformat(shifts["to"]) - datetime.fromisoformat(shifts["from"])) / timedelta(hours=1)
    assert hours == (23 if day == SPRING else 25)


async def test_the_hour_that_comes_twice_is_in_the_report_twice(new_chain: NewChain) -> None:
    chain = await open_at(new_chain, at(f"{AUTUMN} 01:30"))
    await bought(chain, "1", 1)
    await set_clock(chain.tenant_id, at(f"{AUTUMN} 01:30", again=True))
    await bought(chain, "2", 10)
    for query, amount in (
        ({"from": AUTUMN, "to": AUTUMN}, 11),
        ({"from": f"{AUTUMN}T01:30:00-04:00", "to": f"{AUTUMN}T01:30:00-05:00"}, 1),
        ({"from": f"{AUTUMN}T01:30:00-05:00", "to": "2027-11-08"}, 10),
    ):
        shifts = (await chain.http.get("/v1/reports/shifts", params=query)).json()
        assert shifts["totals"]["purchases"]["amount"] == amount


@pytest.mark.parametrize(
    ("first", "last", "taken"),
    [
        ("2027-07-31", AUTUMN, True),  # 100 days and an hour
        ("2027-07-30", AUTUMN, False),
        (SPRING, "2027-06-21", True),  # 100 days less an hour
        (SPRING, "2027-06-22", False),
    ],
)
async def test_a_hundred_days_are_a_hundred_whatever_the_clocks_do(
    first: str, last: str, taken: bool, new_chain: NewChain
) -> None:
    chain = await open_at(new_chain, at("2027-12-01 12:00"))
    answer = await chain.http.get("/v1/reports/shifts", params={"from": first, "to": last})
    assert answer.is_success is taken, answer.text


async def test_a_month_of_settlement_ends_at_local_midnight(new_chain: NewChain) -> None:
    chain = await open_at(new_chain, at("2028-02-29 23:59:59", SHANGHAI), SHANGHAI)
    east = (await chain.http.post("/v1/branches", json={"code": "east", "name": "East", "kind": "franchise"})).json()
    who = await member(chain)
    await topped_up(chain, who, "u", 50_000, branch_id=east["id"])
    await set_clock(chain.tenant_id, at("2028-02-29 23:59:59", SHANGHAI))
    await pays(chain, who, 1)
    await set_clock(chain.tenant_id, at("2028-03-01 00:00", SHANGHAI))
    await pays(chain, who, 10)
    for first, last, amount in (("2028-02-01", "2028-02-29", 1), ("2028-03-01", "2028-03-31", 10)):
        found = await chain.http.get("/v1/reports/settlement", params={"from": first, "to": last})
        assert [pair["principal"] for pair in found.json()["pairs"]] == [amount]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("9999-12-31T00:00:00-12:00", "9999-12-31T23:59:59-12:00"),
        ("0001-01-01T00:00:00+12:00", "0001-01-01T01:00:00+12:00"),
        ("9999-12-31", "9999-12-31"),
        ("0001-01-01", "0001-01-01"),
        ("2026-W10-1", "2026-W10-2"),
        ("20260302", "20260303"),
    ],
)
async def test_no_instant_lies_beyond_what_can_be_told(first: str, last: str, chain: Chain) -> None:
    answer = await chain.http.get("/v1/reports/shifts", params={"from": first, "to": last})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["code"] == "day-or-instant"
