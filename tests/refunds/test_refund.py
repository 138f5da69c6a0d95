"""Giving money back over HTTP: part and whole, by amount and by lines, once."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from support.chains import Chain
from support.clock import set_clock
from support.till import bought, buy, drift, give_back, given_back, member, rows

LINES = [
    {"category": "tea", "amount": 3000},
    {"category": "cake", "amount": 2000},
    {"amount": 1000},
]


async def aggregates(chain: Chain) -> dict[str, Any]:
    """The member's total, and what it bought at branches and of categories, of all days."""
    total = [(r["spend"], r["purchases"], r["max_purchase"]) for r in await rows(chain, "member_total")]
    measures = {
        r["measure"].partition(":")[2]: (int(r["total"]), r["facts"])
        for r in await rows(chain, "measure_month")
        if ":" in r["measure"]
    }
    return {"total": total[0] if total else None, **measures}


async def test_a_part_by_amount_is_spread_over_the_lines(chain: Chain) -> None:
    one = await member(chain)
    sale = await bought(chain, "1", None, member_id=one, lines=LINES)
    assert sale["refunded"] == 0
    back = await given_back(chain, sale["id"], "r1", 1001, reason="少给一杯")
    assert back == {
        "id": back["id"],
        "purchase_id": sale["id"],
        "member_id": one,
        "branch_id": chain.branch_id,
        "external_id": "r1",
        "recorded_at": back["recorded_at"],
        "amount": 1001,
        "lines": [{"line": 0, "amount": 500}, {"line": 1, "amount": 333}, {"line": 2, "amount": 168}],
        "tenders": None,
        "points_reversed": 11,  # 60 were earned, 49.99 yuan are left
        "points_returned": 0,
        "wallet": {"principal": 0, "bonus": 0},
        "reason": "少给一杯",
        "refunded": 1001,
        "left": 4999,
    }
    assert await aggregates(chain) == {
        "total": (4999, 1, 4999),
        chain.branch_id: (4999, 1),
        "tea": (2500, 1),
        "cake": (1667, 1),
    }
    assert await drift(chain) == []


async def test_lines_are_given_back_one_by_one_until_nothing_stands(chain: Chain) -> None:
    one = await member(chain)
    sale = await bought(chain, "1", None, member_id=one, lines=LINES)
    await given_back(chain, sale["id"], "r1", None, lines=[{"line": 0, "amount": 3000}])
    assert await aggregates(chain) == {
        "total": (3000, 1, 3000),
        chain.branch_id: (3000, 1),
        "tea": (0, 0),
        "cake": (2000, 1),
    }
    both = [{"line": 2, "amount": 1000}, {"line": 1, "amount": 2000}]
    last = await given_back(chain, sale["id"], "r2", 3000, lines=both)
    assert last["lines"] == [{"line": 1, "amount": 2000}, {"line": 2, "amount": 1000}]
    assert (last["refunded"], last["left"]) == (6000, 0)
    assert await aggregates(chain) == {"total": None, chain.branch_id: (0, 0), "tea": (0, 0), "cake": (0, 0)}
    assert (await rows(chain, "member_day"))[0]["max_purchase"] == 0
    assert await drift(chain) == []


async def test_the_days_maximum_the_months_and_the_last_day_follow(chain: Chain) -> None:
    one = await member(chain)
    times = ["2026-01-05T10:00:00+08:00", "2026-01-05T11:00:00+08:00", "2026-01-20T10:00:00+08:00"]
    amounts = [500, 900, 700]
    sales = [
        await bought(chain, str(n), amount, member_id=one, occurred_at=at)
        for n, (amount, at) in enumerate(zip(amounts, times, strict=True))
    ]
    await given_back(chain, sales[1]["id"], "r1", 600)
    days = {str(r["day"]): (r["spend"], r["purchases"], r["max_purchase"]) for r in await rows(chain, "member_day")}
    assert days == {"2026-01-05": (800, 2, 500), "2026-01-20": (700, 1, 700)}
    await given_back(chain, sales[2]["id"], "r1-2", 700)
    (month,), (total,) = await rows(chain, "member_month"), await rows(chain, "member_total")
    assert (month["spend"], month["purchases"], month["max_purchase"]) == (800, 2, 500)
    assert (total["spend"], total["purchases"], total["max_purchase"]) == (800, 2, 500)
    assert str(total["last_day"]) == "2026-01-05"
    assert await drift(chain) == []


async def test_a_refund_counts_on_the_day_of_its_purchase(chain: Chain) -> None:
    one = await member(chain)
    sale = await bought(chain, "1", 500, member_id=one, occurred_at="2026-01-05T10:00:00+08:00")
    await set_clock(chain.tenant_id, datetime(2027, 3, 1, tzinfo=UTC))
    back = await given_back(chain, sale["id"], "r1", 200)
    assert back["recorded_at"] >= "2027-03-01"
    assert [str(r["day"]) for r in await rows(chain, "member_day")] == ["2026-01-05"]
    assert await drift(chain) == []


async def test_a_part_of_amount_zero_counts_as_long_as_the_purchase_stands(chain: Chain) -> None:
    one = await member(chain)
    lines = [{"category": "gift", "amount": 0}, {"category": "tea", "amount": 100}]
    sale = await bought(chain, "1", None, member_id=one, lines=lines)
    await given_back(chain, sale["id"], "r1", 99)
    assert (await aggregates(chain))["gift"] == (0, 1)
    await given_back(chain, sale["id"], "r2", 1)
    assert (await aggregates(chain))["gift"] == (0, 0)
    free = await bought(chain, "2", 0, member_id=one)
    assert (await give_back(chain, free["id"], "r3", 1)).status_code == 422
    assert await drift(chain) == []


async def test_who_is_no_member_gets_money_back_too(chain: Chain) -> None:
    sale = await bought(chain, "1", None, lines=LINES)
    back = await given_back(chain, sale["id"], "r1", 6000)
    assert (back["member_id"], back["left"]) == (None, 0)
    assert await rows(chain, "measure_day") == await rows(chain, "member_total") == []
    assert await drift(chain) == []


async def test_purchase_list_and_refunds_show_it(chain: Chain) -> None:
    one = await member(chain)
    sale = await bought(chain, "1", 500, member_id=one)
    backs = [await given_back(chain, sale["id"], f"r{n}", 100 + n) for n in range(3)]
    shown = (await chain.http.get(f"/v1/purchases/{sale['id']}")).json()
    assert shown == {**sale, "refunded": 303}
    listed = (await chain.http.get(f"/v1/members/{one}/purchases")).json()["data"]
    assert [row["refunded"] for row in listed] == [303]
    url = f"/v1/purchases/{sale['id']}/refunds"
    first = (await chain.http.get(f"{url}?limit=2")).json()
    rest = (await chain.http.get(f"{url}?limit=2&cursor={first['next_cursor']}")).json()
    assert first["data"] + rest["data"] == backs[::-1]
    assert rest["next_cursor"] is None
    # The sale's own repeat is answered as it was then.
    again = await buy(chain, "1", 500, member_id=one)
    assert (again.status_code, again.json()) == (200, sale)


async def test_the_same_again_is_the_first_answer_and_other_content_a_conflict(chain: Chain) -> None:
    one = await member(chain)
    sale, other = [await bought(chain, n, None, member_id=one, lines=LINES) for n in ("1", "2")]
    first = await given_back(chain, sale["id"], "r1", 1000, reason="错单")
    await given_back(chain, sale["id"], "r2", 5000)
    for _ in range(2):
        again = await give_back(chain, sale["id"], "r1", 1000, reason="错单")
        assert (again.status_code, again.json()) == (200, first)
    by_lines = {"lines": [{"line": 0, "amount": 1000}]}
    for amount, more in ((1001, {"reason": "错单"}), (1000, {}), (None, by_lines), (1000, {"reason": "错"})):
        refused = await give_back(chain, sale["id"], "r1", amount, **more)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/external-id-conflict")
    refused = await give_back(chain, other["id"], "r1", 1000, reason="错单")
    assert refused.status_code == 409
    assert len(await rows(chain, "refund")) == 2
    assert await drift(chain) == []


async def test_each_branch_has_its_own_numbers(chain: Chain) -> None:
    two = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    here, there = await bought(chain, "1", 100), await bought(chain, "1", 100, branch_id=two)
    await given_back(chain, here["id"], "1", 100)
    await given_back(chain, there["id"], "1", 100)


async def test_a_closed_branch_gives_back(chain: Chain) -> None:
    two = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    sale = await bought(chain, "1", 100, branch_id=two)
    assert (await chain.http.patch(f"/v1/branches/{two}", json={"closed": True})).status_code == 200
    await given_back(chain, sale["id"], "r1", 40)


async def test_a_key_gives_back_at_its_own_branches_and_with_its_scope_only(chain: Chain) -> None:
    two = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    here, there = await bought(chain, "1", 100), await bought(chain, "1", 100, branch_id=two)
    body = {"external_id": "r1", "amount": 1}
    for scopes, branches, answers in (
        (["purchases:write"], [two], (403, 201)),
        (["members:read"], None, (403, 403)),
    ):
        made = {"name": "till", "scopes": scopes, **({} if branches is None else {"branch_ids": branches})}
        key = (await chain.http.post("/v1/api-keys", json=made)).json()["key"]
        headers = {"Authorization": f"Bearer {key}"}
        urls = [f"/v1/purchases/{sale['id']}/refunds" for sale in (here, there)]
        found = [(await chain.http.post(url, json=body, headers=headers)).status_code for url in urls]
        assert tuple(found) == answers
        seen = (await chain.http.get(urls[0], headers=headers)).status_code
        assert seen == (200 if "members:read" in scopes else 403)


@pytest.mark.parametrize("known", [True, False], ids=["member", "nobody"])
async def test_sixteen_at_once_are_one_refund(known: bool, chain: Chain) -> None:
    who = {"member_id": await member(chain)} if known else {}
    for round_ in range(6):
        sale = await bought(chain, str(round_), 1000, **who)
        answers = await asyncio.gather(*(give_back(chain, sale["id"], str(round_), 600) for _ in range(16)))
        assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
        assert len({answer.content for answer in answers}) == 1
    assert len(await rows(chain, "refund")) == 6
    assert await drift(chain) == []
