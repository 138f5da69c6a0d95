"""Points for other things than purchases: activities and referrals."""

from datetime import UTC, datetime
from typing import Any

import pytest
from support.chains import Chain
from support.clock import set_clock
from support.programme import change_programme
from support.till import bought, give_back, member, rows

NOON = datetime(2031, 3, 10, 4, tzinfo=UTC)  # in Shanghai
RULES = {
    "per_unit": "0",
    "expiry": {"type": "months", "months": 1},
    "beside": {"activities": [{"kind": "check_in", "points": 20}], "referral": 300},
}


@pytest.fixture
async def shop(chain: Chain) -> Chain:
    await set_clock(chain.tenant_id, NOON)
    await change_programme(chain, points=RULES)
    return chain


async def did(chain: Chain, number: str, who: str, **fields: Any) -> dict[str, Any]:
    body = {"member_id": who, "kind": "check_in", "external_id": number, **fields}
    answer = await chain.http.post("/v1/activities", json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def held(chain: Chain, who: str) -> dict[str, Any]:
    found: dict[str, Any] = (await chain.http.get(f"/v1/members/{who}/points")).json()
    return found


async def test_an_activity_earns_its_kinds_points_once(shop: Chain) -> None:
    who = await member(shop)
    first = await did(shop, "1", who, branch_id=shop.branch_id)
    assert first["points_earned"] == 20
    assert (await did(shop, "1", who, branch_id=shop.branch_id)) == first
    assert (await shop.http.get(f"/v1/activities/{first['id']}")).json()["points_earned"] == 20
    rules = (await shop.http.get("/v1/programme")).json()
    other = next((kind for kind in rules["activity_kinds"] if kind != "check_in"), "class")
    assert (await did(shop, "2", who, kind=other))["points_earned"] == 0
    (entry,) = (await held(shop, who))["data"]
    assert (entry["kind"], entry["source_id"], entry["points"]) == ("activity", first["id"], 20)
    assert (entry["day"], entry["expires_on"], entry["branch_id"]) == ("2031-03-10", "2031-04-09", shop.branch_id)


async def test_points_count_from_the_day_of_the_deed(shop: Chain) -> None:
    who = await member(shop)
    await did(shop, "1", who, occurred_at="2031-03-01T12:00:00+08:00")
    await did(shop, "2", who, occurred_at="2031-01-01T12:00:00+08:00")  # so late that its points have expired
    shown = await held(shop, who)
    assert (shown["balance"], shown["expiring_next"]) == (20, {"points": 20, "on": "2031-03-31"})
    assert [(e["kind"], e["points"], e["balance"], e["day"]) for e in shown["data"]] == [
        ("expire", -20, 20, "2031-03-10"),
        ("activity", 20, 40, "2031-01-01"),
        ("activity", 20, 20, "2031-03-01"),
    ]
    points = {str(m["day"]): m["total"] for m in await rows(shop, "measure_day") if m["measure"] == "points"}
    assert points == {"2031-01-01": 20, "2031-03-01": 20}


async def test_points_earned_lift_a_member_with_the_deed_itself(shop: Chain) -> None:
    ladders = (await shop.http.get("/v1/programme")).json()["ladders"]
    ladders[0]["tiers"][1]["qualify"] = {"metric": "points_earned", "window": {"type": "lifetime"}, "gte": 40}
    await change_programme(shop, ladders=ladders)
    who = await member(shop)
    assert (await did(shop, "1", who))["decision_id"] is None
    lifted = await did(shop, "2", who)
    assert lifted["tier"]["after"] == ladders[0]["tiers"][1]["code"]


async def test_a_referral_gives_points_while_it_counts(shop: Chain, drain: Any) -> None:
    referrer = await member(shop)
    brought = await member(shop, referrer_id=referrer)
    first = await bought(shop, "1", 1000, member_id=brought)
    await drain()
    assert (await held(shop, referrer))["balance"] == 300
    await drain()
    spent = await shop.http.post("/v1/points/redeem", json={"member_id": referrer, "points": 100})
    assert spent.status_code == 201
    assert (await give_back(shop, first["id"], "R1", 1000)).status_code == 201
    await drain()
    owing = await held(shop, referrer)
    assert (owing["balance"], owing["debt"], owing["spendable"]) == (-100, 100, 0)
    refused = await shop.http.post("/v1/points/redeem", json={"member_id": referrer, "points": 1})
    assert (refused.json()["type"], refused.json()["debt"]) == ("/problems/points-in-debt", 100)
    await bought(shop, "2", 1000, member_id=brought)
    await drain()
    shown = await held(shop, referrer)
    assert (shown["balance"], shown["debt"], shown["spendable"]) == (200, 0, 200)
    assert [(e["kind"], e["points"]) for e in shown["data"]] == [
        ("referral", 300),
        ("reverse", -300),
        ("use", -100),
        ("referral", 300),
    ]
    measured = [m["total"] for m in await rows(shop, "measure_day") if m["measure"] == "points"]
    assert measured == [300]


async def test_points_of_a_referral_go_with_it_to_another_referrer(shop: Chain, drain: Any) -> None:
    before, after = await member(shop), await member(shop)
    brought = await member(shop, referrer_id=before)
    await bought(shop, "1", 1000, member_id=brought)
    await drain()
    changed = await shop.http.patch(f"/v1/members/{brought}", json={"referrer_id": after})
    assert changed.is_success, changed.text
    await drain()
    assert [(await held(shop, who))["balance"] for who in (before, after)] == [0, 300]


async def test_a_referral_whose_day_moves_keeps_its_points(shop: Chain, drain: Any) -> None:
    referrer = await member(shop)
    brought = await member(shop, referrer_id=referrer)
    await bought(shop, "1", 1000, member_id=brought)
    await drain()
    await bought(shop, "2", 1000, member_id=brought, occurred_at="2031-03-01T12:00:00+08:00")
    await drain()
    shown = await held(shop, referrer)
    assert [(e["kind"], e["points"], e["day"]) for e in shown["data"]] == [("referral", 300, "2031-03-10")]
