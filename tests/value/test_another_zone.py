"""Stored value, passes, undos and refunds by the chain's own days: over daylight saving and the year's end."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from support.chains import Chain
from support.clock import set_clock
from support.counter import change_wallet, paid_out, topped_up, wallet
from support.midnights import pass_time, work
from support.programme import change_programme
from support.till import bought, given_back, member, rows
from support.value import holds, set_up, sound
from support.zones import AUTUMN, NEW_YORK, SHANGHAI, SPRING, NewChain, at, open_at

Json = dict[str, Any]
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("zone", "paid_in", "last"),
    [
        (NEW_YORK, "2027-03-07 23:30", SPRING),  # six days and 23.5 hours
        (NEW_YORK, "2027-10-31 00:30", AUTUMN),  # nearly eight times 24 hours, and one
        (SHANGHAI, "2027-02-22 23:30", "2027-03-01"),
        (SHANGHAI, "2028-02-22 00:30", "2028-02-29"),
        (SHANGHAI, "2027-12-26 00:30", "2028-01-02"),
    ],
)
async def test_a_top_up_cools_off_by_whole_local_days(zone: str, paid_in: str, last: str, new_chain: NewChain) -> None:
    chain = await open_at(new_chain, at(paid_in, zone), zone)
    await change_wallet(chain, cooling_off_days=7)
    who = await member(chain)
    for n in ("1", "2"):
        await topped_up(chain, who, n, 1_000)
    end = at(f"{last} 23:59:59", zone)
    told = []
    for n, instant in (("p1", end), ("p2", end + SECOND)):
        await set_clock(chain.tenant_id, instant)
        told.append((await paid_out(chain, who, n, 1_000))["cooling_off"])
    assert told == [True, False]


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        (NEW_YORK, SPRING),
        (NEW_YORK, AUTUMN),
        (SHANGHAI, "2027-02-28"),
        (SHANGHAI, "2028-02-29"),
        (NEW_YORK, "2027-12-31"),
    ],
)
async def test_a_pass_holds_to_the_end_of_its_last_day(zone: str, last: str, new_chain: NewChain) -> None:
    begins, end = at(f"{last} 00:00", zone), at(f"{last} 23:59:59", zone)
    chain = await open_at(new_chain, begins, zone)
    who = await member(chain)

    async def sell(external_id: str) -> httpx.Response:
        body = {"member_id": who, "branch_id": chain.branch_id, "external_id": external_id, "product": "yoga"}
        return await chain.http.post("/v1/passes", json={**body, "uses": 3, "price": 1_000, "valid_until": last})

    sold = await sell("1")
    assert sold.status_code == 201
    use = f"/v1/passes/{sold.json()['id']}/use"
    body = {"branch_id": chain.branch_id}
    await set_clock(chain.tenant_id, end)
    assert (await chain.http.post(use, json=body)).status_code == 201
    assert (await sell("2")).status_code == 201
    await set_clock(chain.tenant_id, end + SECOND)
    refused = await chain.http.post(use, json=body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/pass-ended")
    assert (await sell("3")).json()["errors"][0]["code"] == "in-the-past"
    states = {
        each["external_id"]: each["state"]
        for each in (await chain.http.get(f"/v1/members/{who}/passes")).json()["data"]
    }
    assert states == {"1": "ended", "2": "ended"}


@pytest.mark.parametrize(
    "sold_at",
    [
        at("2027-03-13 23:50"),  # over midnight
        at(f"{SPRING} 01:50"),  # the clocks skip an hour ten minutes later
        at(f"{AUTUMN} 01:50"),  # and here they show an hour less
        at("2027-12-31 23:50"),
    ],
)
@pytest.mark.parametrize("kind", ["purchases", "wallet/top-ups", "passes"])
async def test_fifteen_minutes_are_fifteen(kind: str, sold_at: datetime, new_chain: NewChain) -> None:
    chain = await open_at(new_chain, sold_at - MINUTE)
    who = await member(chain)
    made = []
    await set_clock(chain.tenant_id, sold_at)
    for n in ("1", "2"):
        if kind == "purchases":
            made.append((await bought(chain, n, 1_000, member_id=who))["id"])
        elif kind == "wallet/top-ups":
            made.append((await topped_up(chain, who, n, 1_000))["id"])
    if kind == "passes":
        body = {"member_id": who, "branch_id": chain.branch_id, "external_id": "1", "product": "yoga"}
        sold = await chain.http.post("/v1/passes", json={**body, "uses": 3, "price": 1, "valid_until": "2028-12-31"})
        at_ = f"/v1/passes/{sold.json()['id']}"
        uses = [await chain.http.post(f"{at_}/use", json={"branch_id": chain.branch_id}) for _ in range(2)]
        undos = [(f"{at_}/undo-use", {"entry_id": used.json()["id"]}) for used in reversed(uses)]
    else:
        undos = [(f"/v1/{kind}/{each}/undo", {}) for each in reversed(made)]
    answers = []
    for wait, (path, what) in zip((timedelta(minutes=14, seconds=50), timedelta(minutes=16)), undos, strict=True):
        await set_clock(chain.tenant_id, sold_at + wait)
        answers.append(await chain.http.post(path, json=what))
    assert answers[0].is_success, answers[0].text
    assert (answers[1].status_code, answers[1].json()["type"]) == (409, "/problems/undo-too-late")
    await sound(chain)


async def year_ends(chain: Chain, **points: Any) -> None:
    """Points end with the year in which they came."""
    await set_up(chain)
    rules = (await chain.http.get("/v1/programme")).json()["points"]
    await change_programme(chain, points=rules | {"expiry": {"type": "end_of_year", "years": 0}} | points)


async def undone(chain: Chain, path: str) -> Json:
    answer = await chain.http.post(f"/v1/{path}/undo", json={})
    assert answer.is_success, answer.text
    made: Json = answer.json()
    return made


BESIDE = {"top_up": "1", "activities": [], "referral": 0, "birthday": 0}


@pytest.mark.parametrize("kind", ["purchases", "wallet/top-ups"])
async def test_an_undo_after_the_night_in_which_its_points_expired(kind: str, new_chain: NewChain, drain: Any) -> None:
    """At New Year's Eve ten minutes before midnight; other points live on, and nobody owes any."""
    chain = await open_at(new_chain, at("2027-12-31 23:50"))
    await year_ends(chain, beside=BESIDE)
    who = await member(chain)
    body = {"member_id": who, "points": 500, "reason": "x", "expires_on": "2028-06-30"}
    assert (await chain.http.post("/v1/points/adjust", json=body)).status_code == 201
    before = await holds(chain, who)
    if kind == "purchases":
        made = await bought(chain, "1", 9_000, member_id=who)
    else:
        made = await topped_up(chain, who, "1", 9_000)
    assert made["points_earned"] == 90
    await pass_time(chain, drain, at("2028-01-01 00:04"))
    assert (await undone(chain, f"{kind}/{made['id']}"))["points_reversed"] == 90
    assert await holds(chain, who) == before
    await sound(chain)


async def test_what_a_campaign_gave_and_expired_is_nobodys_debt_after_the_undo(new_chain: NewChain, drain: Any) -> None:
    chain = await open_at(new_chain, at("2027-12-31 23:50"))
    await year_ends(chain)
    names = {"zh-CN": "谢", "en": "Thanks"}
    campaign = {"code": "thanks", "names": names, "type": "grant", "when": {"type": "purchase"}, "points": 77}
    made = await chain.http.post("/v1/campaigns", json=campaign)
    assert (await chain.http.post(f"/v1/campaigns/{made.json()['id']}/start", json={})).is_success
    who = await member(chain)
    body = {"member_id": who, "points": 500, "reason": "x", "expires_on": "2028-06-30"}
    assert (await chain.http.post("/v1/points/adjust", json=body)).status_code == 201
    before = await holds(chain, who)
    sale = await bought(chain, "1", 1_000, member_id=who)
    await work(chain, drain)
    assert (await holds(chain, who))["points"] == 587
    await pass_time(chain, drain, at("2028-01-01 00:04"))
    await undone(chain, f"purchases/{sale['id']}")
    assert await holds(chain, who) == before
    await sound(chain)


async def test_points_that_paid_on_their_last_day_live_thirty_days_after_the_undo(
    new_chain: NewChain, drain: Any
) -> None:
    chain = await open_at(new_chain, at("2027-03-13 23:50"))
    await set_up(chain)
    who = await member(chain)
    body = {"member_id": who, "points": 500, "reason": "x", "expires_on": "2027-03-13"}
    assert (await chain.http.post("/v1/points/adjust", json=body)).status_code == 201
    sale = await bought(chain, "1", 1_000, member_id=who, points_to_redeem=500)
    await pass_time(chain, drain, at(f"{SPRING} 00:04"))
    assert (await undone(chain, f"purchases/{sale['id']}"))["points_returned"] == 500
    shown = (await chain.http.get(f"/v1/members/{who}/points")).json()
    assert (shown["spendable"], shown["expiring_next"]) == (500, {"points": 500, "on": "2027-04-13"})
    await sound(chain)


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
async def test_a_refund_months_later_takes_from_the_purchases_own_day(
    day: str, new_chain: NewChain, drain: Any
) -> None:
    chain = await open_at(new_chain, at(f"{day} 00:30"))
    await set_up(chain)
    who = await member(chain)
    await topped_up(chain, who, "u", 50_000)
    sales = [await bought(chain, "1", 10_000, member_id=who, wallet_amount=7_000)]
    await set_clock(chain.tenant_id, at(f"{day} 23:30"))
    sales.append(await bought(chain, "2", 20_000, member_id=who))
    await set_clock(chain.tenant_id, at(f"{day} 23:30") + timedelta(days=200))
    await given_back(chain, sales[0]["id"], "r1", 10_000)
    await given_back(chain, sales[1]["id"], "r2", 5_000)
    (kept,) = await rows(chain, "member_day")
    assert (str(kept["day"]), kept["spend"], kept["purchases"]) == (day, 15_000, 1)
    held = await wallet(chain, who)
    assert (held["principal"], held["bonus"]) == (50_000, 20_000)
    await sound(chain)


async def test_a_sale_of_before_midnight_that_is_told_after_it_counts_on_its_day(new_chain: NewChain) -> None:
    """The till was offline at the end of the month, in the short night, and in the hour that comes twice."""
    chain = await open_at(new_chain, at("2028-03-01 12:00"))
    who = await member(chain)
    told = {
        "2028-02-29T23:59:59-05:00": "2028-02-29",
        "2028-03-01T00:00:00-05:00": "2028-03-01",
        "2027-03-14T01:59:59-05:00": SPRING,
        "2027-03-14T03:59:59Z": "2027-03-13",
        "2027-11-07T01:30:00-05:00": AUTUMN,
        "2027-11-08T04:59:59Z": AUTUMN,
        "2027-11-08T05:00:00Z": "2027-11-08",
    }
    for n, instant in enumerate(told):
        await bought(chain, str(n), 100, member_id=who, occurred_at=instant)
    found = {row["external_id"]: str(row["local_day"]) for row in await rows(chain, "purchase")}
    assert [found[str(n)] for n in range(len(told))] == list(told.values())
    await sound(chain)
