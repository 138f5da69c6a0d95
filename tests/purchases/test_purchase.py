"""A purchase: who, what, what it earns, and what the till is told."""

from typing import Any

import pytest
from support.chains import Chain
from support.programme import change_programme
from support.till import bought, buy, drift, member, rows


async def test_the_purchase_that_reaches_a_threshold_lifts_the_member_at_once(chain: Chain) -> None:
    one = await member(chain, phone="13800000001")
    first = await bought(chain, "1", 10_000, member_id=one)
    assert first["tier"] == {"ladder": "card", "before": "regular", "after": "regular"}
    assert (first["decision_id"], first["tiers"]) == (None, [])

    second = await bought(chain, "2", 20_000, phone="138 0000 0001")
    assert second["tier"] == {"ladder": "card", "before": "regular", "after": "silver"}
    assert second["tiers"] == [{**second["tier"], "reason": "upgrade", "decision_id": second["decision_id"]}]

    why = (await chain.http.get(f"/v1/members/{one}/tier")).json()
    assert why["current"]["code"] == "silver"
    assert why["current"]["reason"] == "upgrade"
    assert why["current"]["decision_id"] == second["decision_id"]
    assert why["current"]["facts"]["max_purchase/lifetime"] == 20_000
    assert why["next"]["code"] == "gold"

    decisions = (await chain.http.get(f"/v1/members/{one}/decisions")).json()["data"]
    assert [(d["from_tier"], d["to_tier"], d["reason"]) for d in decisions] == [("regular", "silver", "upgrade")]


@pytest.mark.parametrize("who", [{"phone": "13800000002"}, {"phone": "+86 138-0000-0002"}, {"card_no": "8801"}])
async def test_a_member_is_found_by_what_the_till_has(who: dict[str, str], chain: Chain) -> None:
    one = await member(chain, phone="13800000002", card_no="8801")
    assert (await bought(chain, "1", 1, **who))["member_id"] == one


async def test_a_purchase_without_a_member_counts_for_the_branch_alone(chain: Chain) -> None:
    made = await bought(chain, "1", 100)
    assert (made["member_id"], made["tier"], made["tiers"], made["decision_id"]) == (None, None, [], None)
    (row,) = await rows(chain, "purchase")
    assert (row["member_id"], row["seq"], row["amount"]) == (None, None, 100)
    assert await rows(chain, "member_total") == []


async def test_lines_tenders_and_seller_come_back_as_they_were_sent(chain: Chain) -> None:
    lines = [
        {"category": "otc", "sku": "A-1", "quantity": 2, "amount": 1500},
        {"quantity": "0.250", "amount": 500},
    ]
    tenders = [{"type": "medical_insurance", "amount": 1200}, {"type": "wechat", "amount": 800}]
    made = await bought(chain, "1", None, lines=lines, tenders=tenders, sold_by="小李")
    assert (made["amount"], made["paid"], made["discounts"]) == (2000, 2000, [])
    assert made["lines"] == [lines[0], lines[1]]
    assert made["tenders"] == tenders
    read = (await chain.http.get(f"/v1/purchases/{made['id']}")).json()
    assert read == made


async def test_nothing_to_pay_is_a_purchase_too(chain: Chain) -> None:
    one = await member(chain)
    await bought(chain, "1", 0, member_id=one, tenders=[{"type": "cash", "amount": 0}])
    (total,) = await rows(chain, "member_total")
    assert (total["spend"], total["purchases"], total["max_purchase"]) == (0, 1, 0)


async def test_the_local_day_is_the_chains(new_chain: Any) -> None:
    chain: Chain = await new_chain(timezone="Asia/Shanghai")
    one = await member(chain)
    for number, moment in enumerate(("2026-01-31T15:59:59Z", "2026-01-31T16:00:00Z", "2026-02-01T00:30:00+09:00")):
        await bought(chain, str(number), 100, member_id=one, occurred_at=moment)
    days = sorted(str(row["local_day"]) for row in await rows(chain, "purchase"))
    assert days == ["2026-01-31", "2026-01-31", "2026-02-01"]
    assert await drift(chain) == []


async def test_a_list_of_purchases_is_the_members_own_the_last_recorded_first(chain: Chain) -> None:
    one, other = await member(chain), await member(chain)
    for number in range(5):
        await bought(chain, f"one {number}", number, member_id=one)
    await bought(chain, "other", 9, member_id=other)
    url = f"/v1/members/{one}/purchases"
    first = (await chain.http.get(url, params={"limit": 3})).json()
    await bought(chain, "late", 7, member_id=one)
    second = (await chain.http.get(url, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    found = [p["external_id"] for p in first["data"] + second["data"]]
    assert found == ["one 4", "one 3", "one 2", "one 1", "one 0"]
    assert second["next_cursor"] is None


async def test_a_batch_goes_in_order_and_a_bad_item_stops_no_other(chain: Chain) -> None:
    one = await member(chain)
    items: list[Any] = [
        {"external_id": "a", "amount": 30_000, "member_id": one},
        {"external_id": "b", "amount": -1, "member_id": one},
        {"external_id": "c", "amount": 30_000, "member_id": "01970000-0000-7000-8000-000000000000"},
        {"external_id": "a", "amount": 30_000, "member_id": one},
        {"external_id": "a", "amount": 1, "member_id": one},
        "nonsense",
        {"external_id": "d", "amount": 200_000, "member_id": one},
    ]
    full = [
        {"branch_id": chain.branch_id, "external_amounts": True, **item} if isinstance(item, dict) else item
        for item in items
    ]
    answer = await chain.http.post("/v1/purchases:batch", json={"items": full})
    assert answer.status_code == 200, answer.text
    outcomes = answer.json()["data"]
    assert [outcome["status"] for outcome in outcomes] == [201, 422, 422, 200, 409, 422, 201]
    assert outcomes[3]["id"] == outcomes[0]["id"]
    assert outcomes[1]["error"]["errors"][0]["pointer"] == "/amount"
    assert [o["tier"]["after"] for o in (outcomes[0], outcomes[3], outcomes[6])] == ["silver", "silver", "gold"]
    assert len(await rows(chain, "purchase")) == 2
    assert await drift(chain) == []


async def test_a_batch_too_large_or_empty_is_refused_whole(chain: Chain) -> None:
    refused: list[list[dict[str, Any]]] = [[], [{}] * 1001]
    for items in refused:
        answer = await chain.http.post("/v1/purchases:batch", json={"items": items})
        assert answer.status_code == 422, answer.text
    assert "1000" in answer.json()["detail"]


async def test_a_purchase_of_yesterday_does_not_lower_what_today_gave(chain: Chain) -> None:
    one = await member(chain, joined_on="2020-01-01")
    await bought(chain, "1", 300_000, member_id=one)
    late = await bought(chain, "2", 1, member_id=one, occurred_at="2020-02-01T12:00:00+08:00")
    assert late["tier"]["after"] == "diamond"
    assert await drift(chain) == []


async def test_a_closed_branch_sells_nothing_more(chain: Chain) -> None:
    made = await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})
    other = made.json()["id"]
    first = await bought(chain, "1", 100, branch_id=other)
    assert (await chain.http.patch(f"/v1/branches/{other}", json={"closed": True})).status_code == 200
    refused = await buy(chain, "2", 100, branch_id=other)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/branch-closed")
    # The till that never heard the answer to its last sale still gets it.
    again = await buy(chain, "1", 100, branch_id=other)
    assert (again.status_code, again.json()) == (200, first)
    other_content = await buy(chain, "1", 101, branch_id=other)
    assert other_content.json()["type"] == "/problems/external-id-conflict"


@pytest.mark.parametrize(
    ("asked", "sent"),
    [(" 茶 ", "茶"), ("茶", "\u3000茶 "), ("cafe\u0301", "café"), ("café", "cafe\u0301"), ("a/b:c@all", "a/b:c@all")],
)
async def test_a_rules_category_is_the_tills_however_either_is_typed(asked: str, sent: str, chain: Chain) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    ladder = document["ladders"][0]
    ladder["tiers"] = ladder["tiers"][:2]
    ladder["tiers"][1]["qualify"] = {
        "metric": "spend",
        "category": asked,
        "window": {"type": "lifetime"},
        "gte": 5,
    }
    await change_programme(chain, ladders=document["ladders"])
    lines = [{"category": sent, "amount": 5}]
    sale = await bought(chain, "1", None, member_id=await member(chain), lines=lines)
    assert sale["tier"]["after"] == ladder["tiers"][1]["code"]
