"""The shift report: per branch and clerk, per kind and tender, to the minor unit; undone entries stand apart."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from support.chains import Chain
from support.clock import set_clock
from support.till import bought, given_back, member

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)  # midday in Shanghai
DAY = {"from": "2026-03-02", "to": "2026-03-02"}


async def report(chain: Chain, **query: Any) -> dict[str, Any]:
    answer = await chain.http.get("/v1/reports/shifts", params={**DAY, **query})
    assert answer.status_code == 200, answer.text
    made: dict[str, Any] = answer.json()
    return made


def some(count: int, amount: int, **tenders: int) -> dict[str, Any]:
    named = [{"type": None if way == "unnamed" else way, "amount": paid} for way, paid in tenders.items()]
    return {"count": count, "amount": amount, "tenders": named}


def shift(**kinds: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        kind: some(0, 0) for kind in ("purchases", "top_ups", "passes", "refunds", "wallet_refunds", "pass_refunds")
    }
    undone = {kind: {"count": 0, "amount": 0} for kind in ("purchases", "top_ups")}
    return {**nothing, "undone": undone, "takings": [], **kinds}


async def top_up(chain: Chain, who: str, external_id: str, amount: int, **fields: Any) -> str:
    body = {"member_id": who, "branch_id": chain.branch_id, "external_id": external_id, "amount": amount, **fields}
    answer = await chain.http.post("/v1/wallet/top-ups", json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


async def test_a_day_at_two_branches(chain: Chain) -> None:
    await set_clock(chain.tenant_id, NOON)
    one = await member(chain)
    two = (await chain.http.post("/v1/branches", json={"code": "zz", "name": "二店"})).json()["id"]
    key = (await chain.http.get("/v1/reports/shifts", params=DAY)).json()
    assert key["shifts"] == []
    cash_and_card = [{"type": "cash", "amount": 300}, {"type": "card", "amount": 700}]
    sale = await bought(chain, "1", 1000, member_id=one, tenders=cash_and_card, sold_by="小李")
    await bought(chain, "2", 450, tenders=[{"type": "wechat", "amount": 450}], sold_by="小李")
    await bought(chain, "3", 99, sold_by="小王")
    await bought(chain, "4", 5, branch_id=two, sold_by="小李")
    undone = await bought(chain, "5", 77, member_id=one, tenders=[{"type": "cash", "amount": 77}], sold_by="小王")
    assert (await chain.http.post(f"/v1/purchases/{undone['id']}/undo", json={})).status_code == 200
    await top_up(chain, one, "u1", 2000, tenders=[{"type": "alipay", "amount": 2000}], sold_by="小李")
    gone = await top_up(chain, one, "u2", 1000, sold_by="小李")
    assert (await chain.http.post(f"/v1/wallet/top-ups/{gone}/undo", json={})).status_code == 200
    back = {"member_id": one, "branch_id": chain.branch_id, "external_id": "w1", "amount": 500, "tender": "cash"}
    assert (await chain.http.post("/v1/wallet/refunds", json={**back, "sold_by": "小王"})).status_code == 201
    returned = await given_back(chain, sale["id"], "r1", 101)
    assert returned["tenders"] == [{"type": "cash", "amount": 30}, {"type": "card", "amount": 71}]

    found = await report(chain)
    assert (found["from"], found["to"]) == ("2026-03-01T16:00:00Z", "2026-03-02T16:00:00Z")
    shifts = {(each.pop("branch"), each.pop("clerk")): each for each in found["shifts"]}
    actor = next(clerk for _, clerk in shifts if clerk.startswith("key:"))
    (code,) = {branch for branch, _ in shifts} - {"zz"}
    for (branch, _), each in shifts.items():
        assert each.pop("branch_id") == (two if branch == "zz" else chain.branch_id)
    assert shifts == {
        (code, "小李"): shift(
            purchases=some(2, 1450, cash=300, card=700, wechat=450),
            top_ups=some(1, 2000, alipay=2000),
            undone={"purchases": {"count": 0, "amount": 0}, "top_ups": {"count": 1, "amount": 1000}},
            takings=some(0, 0, cash=300, card=700, wechat=450, alipay=2000)["tenders"],
        ),
        (code, "小王"): shift(
            purchases=some(1, 99, unnamed=99),
            wallet_refunds=some(1, 500, cash=500),
            undone={"purchases": {"count": 1, "amount": 77}, "top_ups": {"count": 0, "amount": 0}},
            takings=some(0, 0, cash=-500, unnamed=99)["tenders"],
        ),
        (code, actor): shift(refunds=some(1, 101, cash=30, card=71), takings=some(0, 0, cash=-30, card=-71)["tenders"]),
        ("zz", "小李"): shift(purchases=some(1, 5, unnamed=5), takings=some(0, 0, unnamed=5)["tenders"]),
    }
    assert found["totals"] == shift(
        purchases=some(4, 1554, cash=300, card=700, wechat=450, unnamed=104),
        top_ups=some(1, 2000, alipay=2000),
        refunds=some(1, 101, cash=30, card=71),
        wallet_refunds=some(1, 500, cash=500),
        undone={"purchases": {"count": 1, "amount": 77}, "top_ups": {"count": 1, "amount": 1000}},
        takings=some(0, 0, cash=-230, card=629, wechat=450, alipay=2000, unnamed=104)["tenders"],
    )
    only = await report(chain, branch_id=two)
    assert [(each["branch"], each["clerk"]) for each in only["shifts"]] == [("zz", "小李")]
    assert only["totals"]["purchases"] == some(1, 5, unnamed=5)


async def test_only_what_was_recorded_in_the_span(chain: Chain) -> None:
    for hours in range(4):
        await set_clock(chain.tenant_id, NOON + timedelta(hours=hours))
        await bought(chain, str(hours), 10**hours, occurred_at="2026-03-01T10:00:00+08:00")
    first, last = "2026-03-02T13:00:00+08:00", "2026-03-02T14:00:00+08:00"
    found = await report(chain, **{"from": first, "to": last})
    assert found["totals"]["purchases"]["amount"] == 10
    assert (await report(chain))["totals"]["purchases"]["amount"] == 1111
    assert (await report(chain, **{"from": "2026-03-01", "to": "2026-03-01"}))["shifts"] == []


async def test_the_table(chain: Chain) -> None:
    await set_clock(chain.tenant_id, NOON)
    sale = await bought(chain, "1", 123456, tenders=[{"type": "cash", "amount": 123456}], sold_by="=cmd|' /C calc'!A0")
    await given_back(chain, sale["id"], "r1", 200_00)
    answer = await chain.http.get("/v1/reports/shifts.csv", params=DAY)
    assert answer.headers["content-type"].startswith("text/csv")
    head, *lines = answer.text.removeprefix("\ufeff").splitlines()
    assert head == "branch,branch_name,clerk,kind,tender,count,amount"
    assert any(",'=cmd|' /C calc'!A0,purchases,,1,1234.56" in line for line in lines)
    assert any(line.endswith("refunds,cash,,200.00") for line in lines)
    assert any(line.endswith("takings,cash,,-200.00") for line in lines)
    assert lines[-1] == ",,,takings,cash,,1034.56"


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ({"from": "2026-03-02"}, "/to"),
        ({"from": "yesterday", "to": "2026-03-02"}, "/from"),
        ({"from": "2026-03-02T10:00:00", "to": "2026-03-03"}, "/from"),
        ({"from": "2026-03-03", "to": "2026-03-02"}, "/to"),
        ({"from": "2025-03-03", "to": "2026-03-02"}, "/to"),
        ({"from": "2026-03-02", "to": "9999-12-31"}, "/to"),
        ({**DAY, "branch_id": "x"}, "/branch_id"),
    ],
)
async def test_spans_that_are_none(query: dict[str, str], at: str, chain: Chain) -> None:
    answer = await chain.http.get("/v1/reports/shifts", params=query)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [at]


async def test_a_key_of_one_branch_sees_that_one(chain: Chain) -> None:
    two = (await chain.http.post("/v1/branches", json={"code": "zz", "name": "二店"})).json()["id"]
    await set_clock(chain.tenant_id, NOON)
    await bought(chain, "1", 100)
    await bought(chain, "2", 10, branch_id=two)
    body = {"name": "till", "scopes": ["reports:read"], "branch_ids": [two]}
    key = (await chain.http.post("/v1/api-keys", json=body)).json()["key"]

    async def ask(**query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return await chain.http.get("/v1/reports/shifts", params={**DAY, **query}, headers=headers)

    assert (await ask()).json()["totals"]["purchases"]["amount"] == 10
    assert (await ask(branch_id=two)).status_code == 200
    assert (await ask(branch_id=chain.branch_id)).status_code == 403
