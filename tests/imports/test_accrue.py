"""Points for imported history: once a purchase, at the tier held then, and reversed as a till's would be."""

import asyncio
from typing import Any

import pytest
from opening_club import CARD, NOW, ladder, publish
from support.clock import owner, set_clock
from support.drift import drift
from support.programme import change_programme

from saas.scope import tenant_scope
from tenants.imports import accrue, accrue_purchases, batch
from tenants.verifying.ledgers import verify_ledgers

HEADER = "external_id,member,occurred_at,amount,category,refund_of\n"
SALES = (
    "T1,M1,2030-03-01 10:00,100.99,,\n"
    "T2,M1,2030-12-31 23:00,50.00,gift,\n"
    "T3,M2,2025-06-01 10:00,200.00,,\n"
    "T4,M2,2031-01-10 10:00,0.99,,\n"
)
POINTS = {
    "per_unit": "1",
    "pending_days": 0,
    "expiry": {"type": "months", "months": 12},
    "excluded_categories": ["gift"],
    "excluded_tenders": [],
    "redeem": None,
}


def doubled(tier: str = "silver") -> dict[str, Any]:
    """The card, whose `tier` earns twice."""
    card = {**CARD, "tiers": [dict(one) for one in CARD["tiers"]]}
    for one in card["tiers"]:
        if one["code"] == tier:
            one["benefits"] = [{"type": "points_multiplier", "multiplier": "2.5"}]
    return card


@pytest.fixture
async def shop(imports: Any) -> Any:
    await set_clock(imports.chain.tenant_id, NOW)
    await publish(imports.chain, doubled())
    await change_programme(imports.chain, points=POINTS)
    await imports.run("external_id,joined_on\nM1,2024-01-01\nM2,2024-01-01\n", "members", evaluate=False)
    return imports


async def entries(shop: Any) -> list[tuple[Any, ...]]:
    """number of the purchase or refund, kind, points, local day; the books are right."""
    rows = await shop.query(
        "SELECT coalesce(p.external_id, r.external_id) AS number, e.kind, e.points, e.day::text FROM points_entry e"
        " LEFT JOIN purchase p ON p.tenant_id = e.tenant_id AND p.id = e.source_id"
        " LEFT JOIN refund r ON r.tenant_id = e.tenant_id AND r.id = e.source_id"
        " WHERE e.tenant_id = $1 ORDER BY e.id"
    )
    async with tenant_scope(shop.chain.tenant_id):
        assert await verify_ledgers() == []
    assert await drift(shop.chain) == []
    return sorted((tuple(row.values()) for row in rows), key=str)


PLAIN = [
    ("T1", "earn", 100, "2030-03-01"),
    ("T3", "earn", 200, "2025-06-01"),
    (None, "expire", -200, "2031-01-15"),
]


@pytest.mark.parametrize("size", [1, 3, 5000])
async def test_each_purchase_earns_once_whatever_is_sent(size: int, shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", size)
    monkeypatch.setattr(accrue, "BATCH_ROWS", size)
    done = await shop.run(HEADER + SALES, "purchases", accrue=True)
    assert (done["state"], done["imported"], done["rows"], done["points"]) == ("done", 4, 4, 300)
    assert await entries(shop) == sorted(PLAIN, key=str)
    job = (await shop.http.get(f"/v1/jobs/{done['id']}")).json()
    assert (job["state"], job["progress"], job["result"]["points"]) == ("done", 1, 300)
    again = await shop.run(HEADER + SALES + SALES, "purchases", accrue=True)
    assert (again["unchanged"], again["points"]) == (8, 0)
    assert await entries(shop) == sorted(PLAIN, key=str)


async def test_a_lot_lives_from_the_purchase_on(shop: Any) -> None:
    await shop.run(HEADER + SALES, "purchases", accrue=True)
    lots = await shop.query('SELECT points, "left", day::text, expires_on::text FROM points_lot WHERE tenant_id = $1')
    assert sorted(tuple(lot.values()) for lot in lots) == [
        (100, 100, "2030-03-01", "2031-02-28"),
        (200, 0, "2025-06-01", "2026-05-31"),
    ]


async def test_without_it_nothing_and_later_all(shop: Any) -> None:
    """History first, then (a rebuild, and) the points: the same file once more."""
    first = await shop.run(HEADER + SALES, "purchases")
    assert (first["points"], await entries(shop)) == (0, [])
    tried = await shop.run(HEADER + SALES, "purchases", accrue=True, dry_run=True)
    assert (tried["points"], await entries(shop)) == (0, [])
    later = await shop.run(HEADER + SALES, "purchases", accrue=True)
    assert (later["imported"], later["unchanged"], later["points"]) == (0, 4, 300)
    assert await entries(shop) == sorted(PLAIN, key=str)


async def test_at_the_tier_that_was_held(shop: Any) -> None:
    """Silver by the rebuild from the second purchase on, which is credited at the base tier itself."""
    sales = (
        "A,M1,2030-11-01 10:00,999.99,,\nB,M1,2030-11-02 10:00,1.00,,\nC,M1,2030-11-02 10:00,3.00,,\n"
        "D,M1,2030-11-03 10:00,3.33,,\n"
    )
    await shop.run(HEADER + sales, "purchases", evaluate=False)
    answer = await shop.http.post("/v1/programme/recalculate", json={"rebuild": True})
    assert answer.status_code == 202
    await shop.drain(shop.chain.tenant_id)
    await shop.run(HEADER + sales, "purchases", accrue=True)
    found = [(number, points) for number, _, points, _ in await entries(shop)]
    assert found == [("A", 999), ("B", 1), ("C", 3), ("D", 8)]  # 3.33 × 2.5 = 8.325


async def test_refunds_take_their_share_before_and_after(shop: Any) -> None:
    """In the file, in a later file, and over the counter: what is left is what a till's purchase would have."""
    back = "R1,M1,2030-04-01 10:00,-40.00,,T1\n"
    done = await shop.run(HEADER + back + SALES, "purchases", accrue=True)
    assert done["points"] == 260  # of 60.99, and 200
    assert ("T1", "earn", 60, "2030-03-01") in await entries(shop)
    await shop.run(HEADER + "R2,M1,2030-05-01 10:00,-0.99,,T1\n", "purchases")
    assert [e for e in await entries(shop) if e[1] == "reverse"] == []  # 60.00 earn 60 still
    (bought,) = await shop.query("SELECT id FROM purchase WHERE tenant_id = $1 AND external_id = 'T1'")
    shown = (await shop.http.get(f"/v1/purchases/{bought['id']}")).json()
    assert (shown["points_earned"], shown["refunded"]) == (60, 4099)
    for number, amount, points in (("R3", 3_001, -31), ("R4", 2_999, -29)):
        answer = await shop.http.post(
            f"/v1/purchases/{bought['id']}/refunds", json={"external_id": number, "amount": amount}
        )
        assert answer.status_code == 201, answer.text
        assert answer.json()["points_reversed"] == -points
        assert (number, "reverse", points, "2030-03-01") in await entries(shop)


async def test_what_was_given_back_wholly_earns_nothing(shop: Any) -> None:
    done = await shop.run(
        HEADER + "T1,M1,2031-01-01 10:00,9.00,,\nR,M1,2031-01-02,-9.00,,T1\n", "purchases", accrue=True
    )
    assert (done["points"], await entries(shop)) == (0, [])


async def test_another_sale_under_the_number_is_not_credited(shop: Any) -> None:
    await shop.run(HEADER + "T1,M1,2031-01-01 10:00,9.00,,\n", "purchases")
    done = await shop.run(HEADER + "T1,M1,2031-01-01 10:00,8.00,,\n", "purchases", accrue=True)
    assert (done["failed"], done["points"]) == (1, 0)


async def test_a_merged_record_earns_for_its_survivor(shop: Any) -> None:
    await shop.run(HEADER + "T1,M1,2031-01-01 10:00,9.00,,\n", "purchases")
    ids = {
        row["external_id"]: row["id"]
        for row in await shop.query("SELECT id, external_id FROM member WHERE tenant_id = $1")
    }
    answer = await shop.http.post(f"/v1/members/{ids['M2']}/merge", json={"other_id": str(ids["M1"])})
    assert answer.status_code == 200, answer.text
    assert (await shop.run(HEADER + "T1,M1,2031-01-01 10:00,9.00,,\n", "purchases", accrue=True))["points"] == 9
    assert (await shop.http.get(f"/v1/members/{ids['M2']}")).json()["points"]["balance"] == 9


async def test_tiers_are_decided_behind_the_points_where_they_read_them(shop: Any) -> None:
    earned = ladder("club", ("俱乐部", "Club"), [("guest", "客人", "Guest"), ("vip", "贵宾", "VIP")])
    earned["tiers"][1]["qualify"] = {"metric": "points_earned", "window": {"type": "lifetime"}, "gte": 100}
    await publish(shop.chain, doubled(), earned)
    done = await shop.run(HEADER + SALES, "purchases", accrue=True)
    held = await shop.query(
        "SELECT m.external_id FROM member_tier t JOIN member m ON m.tenant_id = t.tenant_id"
        " AND m.id = t.member_id WHERE t.tenant_id = $1 AND t.ladder = 'club' ORDER BY 1"
    )
    assert [row["external_id"] for row in held] == ["M1", "M2"]
    runs = await shop.query("SELECT id FROM recalculation WHERE tenant_id = $1 AND cause = 'import' ORDER BY id")
    assert len(runs) == 2
    assert done["recalculation_id"] == str(runs[1]["id"])


async def test_two_at_once_give_once(shop: Any) -> None:
    await shop.run(HEADER + SALES, "purchases")
    for _ in range(3):
        assert (await shop.send(HEADER + SALES, "purchases", accrue=True)).status_code == 202
    await asyncio.gather(*(shop.drain(shop.chain.tenant_id) for _ in range(3)))
    assert await entries(shop) == sorted(PLAIN, key=str)


async def test_a_batch_that_dies_comes_again(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accrue, "BATCH_ROWS", 1)
    whole, times = accrue_purchases.credit, iter(range(100))

    async def dies(*given: Any) -> None:
        await whole(*given)
        if next(times) == 1:
            raise RuntimeError("the process was killed here")

    monkeypatch.setattr(accrue_purchases, "credit", dies)
    sent = await shop.send(HEADER + SALES, "purchases", accrue=True)
    await shop.drain(shop.chain.tenant_id)
    assert (await shop.read(sent.json()["import_id"]))["state"] == "running"
    await (await owner()).execute("UPDATE outbox SET next_at = now() WHERE tenant_id = $1", shop.chain.tenant_id)
    await shop.drain(shop.chain.tenant_id)
    assert (await shop.read(sent.json()["import_id"]))["points"] == 300
    assert await entries(shop) == sorted(PLAIN, key=str)


async def test_only_facts_earn(shop: Any) -> None:
    answer = await shop.send("external_id\nM1\n", "members", accrue=True)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/options/accrue"


async def test_many_days_in_few_statements(shop: Any) -> None:
    rows = "".join(f"S{n},M{n % 2 + 1},2030-{n % 12 + 1:02}-{n % 28 + 1:02} 10:00,{n + 1}.00,,\n" for n in range(400))
    done = await shop.run(HEADER + rows, "purchases", accrue=True)
    assert done["points"] >= sum(range(1, 401))
    await entries(shop)


ACTIVITIES = (
    "external_id,member,kind,occurred_at,value,branch\n"
    "A1,M1,class,2030-03-01 10:00,,\nA2,M1,class,2025-06-01 10:00,3,\nA3,M2,review,2030-03-01 10:00,,\n"
)


async def teaches(shop: Any) -> None:
    """A class brings 5 points, a review none."""
    beside = {"top_up": "0", "activities": [{"kind": "class", "points": 5}], "referral": 0, "birthday": 0}
    await change_programme(shop.chain, activity_kinds=["class", "review"], points={**POINTS, "beside": beside})


async def earned_beside(shop: Any) -> list[tuple[Any, ...]]:
    rows = await shop.query(
        "SELECT a.external_id, e.kind, e.points, e.day::text FROM points_entry e"
        " LEFT JOIN activity a ON a.tenant_id = e.tenant_id AND a.id = e.source_id WHERE e.tenant_id = $1"
    )
    await entries(shop)
    return sorted((tuple(row.values()) for row in rows), key=str)


CLASSES = sorted(
    [("A1", "activity", 5, "2030-03-01"), ("A2", "activity", 5, "2025-06-01"), (None, "expire", -5, "2031-01-15")],
    key=str,
)


@pytest.mark.parametrize("size", [1, 5000])
async def test_activities_earn_what_a_live_one_would_once(
    size: int, shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "BATCH_ROWS", size)
    monkeypatch.setattr(accrue, "BATCH_ROWS", size)
    await teaches(shop)
    bad = "A1,M2,class,2030-03-01 10:00,,\nA9,M9,class,2030-03-01 10:00,,\n"
    done = await shop.run(ACTIVITIES + bad, "activities", accrue=True)
    assert (done["state"], done["imported"], done["failed"], done["points"]) == ("done", 3, 2, 10)
    assert await earned_beside(shop) == CLASSES
    again = await shop.run(ACTIVITIES, "activities", accrue=True)
    assert (again["unchanged"], again["points"]) == (3, 0)
    assert await earned_beside(shop) == CLASSES


async def test_activities_without_it_and_later_all(shop: Any) -> None:
    """A merge has passed between, and the rules have learnt what a class brings."""
    await change_programme(shop.chain, activity_kinds=["class", "review"])
    assert (await shop.run(ACTIVITIES, "activities", accrue=True))["points"] == 0
    await teaches(shop)
    assert (await shop.run(ACTIVITIES, "activities"))["points"] == 0
    ids = {
        row["external_id"]: row["id"]
        for row in await shop.query("SELECT id, external_id FROM member WHERE tenant_id = $1")
    }
    answer = await shop.http.post(f"/v1/members/{ids['M2']}/merge", json={"other_id": str(ids["M1"])})
    assert answer.status_code == 200, answer.text
    assert (await shop.run(ACTIVITIES, "activities", accrue=True))["points"] == 10
    assert await earned_beside(shop) == CLASSES
    assert (await shop.http.get(f"/v1/members/{ids['M2']}")).json()["points"]["balance"] == 5


async def test_activities_of_the_till_are_not_credited_by_a_file(shop: Any) -> None:
    await change_programme(shop.chain, activity_kinds=["class", "review"])
    one = {"external_id": "A1", "kind": "class", "occurred_at": "2030-03-01T10:00:00+08:00"}
    (who,) = await shop.query("SELECT id FROM member WHERE tenant_id = $1 AND external_id = 'M1'")
    answer = await shop.http.post("/v1/activities", json={**one, "member_id": str(who["id"])})
    assert answer.status_code == 201, answer.text
    await teaches(shop)
    done = await shop.run(ACTIVITIES, "activities", accrue=True)
    assert (done["unchanged"], done["points"]) == (1, 5)
