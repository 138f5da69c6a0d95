"""Reports over HTTP against what was sold, worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from support.chains import Chain
from support.clock import owner, set_clock

Json = dict[str, Any]
ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 3, 20, 4, tzinfo=UTC)
"""Noon of 20 March in Shanghai."""


async def post(chain: Chain, path: str, body: Json) -> Json:
    answer = await chain.http.post(path, json=body)
    assert answer.status_code in {200, 201}, answer.text
    found: Json = answer.json()
    return found


async def report(chain: Chain, name: str, **query: str) -> Json:
    answer = await chain.http.get(f"/v1/reports/{name}", params={key.rstrip("_"): query[key] for key in query})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


class Shop:
    """A chain whose clock stands at NOON, and tickets told by their local day."""

    def __init__(self, chain: Chain) -> None:
        self.chain, self.tickets = chain, 0

    async def member(self, name: str, joined: str, branch: str | None = None) -> str:
        body = {"name": name, "joined_on": joined, "branch_id": branch or self.chain.branch_id}
        return str((await post(self.chain, "/v1/members", body))["id"])

    async def sell(self, amount: int, day: str, member: str | None = None, branch: str | None = None) -> str:
        self.tickets += 1
        body = {
            "branch_id": branch or self.chain.branch_id,
            "external_id": f"t{self.tickets}",
            "amount": amount,
            "external_amounts": True,
            "occurred_at": datetime.fromisoformat(f"{day}T11:00:00").replace(tzinfo=ZONE).isoformat(),
        }
        return str((await post(self.chain, "/v1/purchases", body | ({"member_id": member} if member else {})))["id"])

    async def refund(self, purchase: str, amount: int) -> None:
        self.tickets += 1
        await post(
            self.chain, f"/v1/purchases/{purchase}/refunds", {"amount": amount, "external_id": f"r{self.tickets}"}
        )


@pytest.fixture(scope="module")
async def shop(new_chain: Any) -> Shop:
    """Lin buys three times, Wang once and gives part of it back, Zhao's ticket is undone; guests beside them."""
    chain = await new_chain()
    await set_clock(chain.tenant_id, NOON)
    shop = Shop(chain)
    second = (await post(chain, "/v1/branches", {"code": "b2", "name": "徐家汇店", "kind": "own"}))["id"]
    lin = await shop.member("林悦", "2025-01-10")
    wang = await shop.member("王秀", "2026-03-02", second)
    zhao = await shop.member("赵雨华", "2026-03-05")
    gone = await shop.member("何涵霞", "2026-02-01")
    assert (await chain.http.delete(f"/v1/members/{gone}")).status_code in {200, 204}
    await shop.sell(60_000, "2026-02-15", lin)
    await shop.sell(20_000, "2026-03-01", lin, second)
    await shop.sell(10_000, "2026-03-10", lin)
    given_back = await shop.sell(8_000, "2026-03-10", wang, second)
    await shop.refund(given_back, 3_000)
    await shop.sell(5_000, "2026-03-11")
    guest = await shop.sell(1_000, "2026-03-11", branch=second)
    await shop.refund(guest, 1_000)
    undone = await shop.sell(7_000, "2026-03-20", zhao)
    assert (await chain.http.post(f"/v1/purchases/{undone}/undo", json={})).status_code in {200, 201}
    shop.second, shop.wang = second, wang  # type: ignore[attr-defined]
    return shop


async def test_sales_are_net_and_members_share_is_told(shop: Shop) -> None:
    found = await report(shop.chain, "overview", from_="2026-03-01", to="2026-03-20")
    assert found["sales"] == {
        "purchases": 5,
        "amount": 40_000,
        "refunded": 4_000,
        "member_purchases": 3,
        "member_amount": 35_000,
        "average": 8_000,
        "member_share": "0.8750",
    }
    days = {step["from"]: step for step in found["steps"]}
    assert len(days) == 20
    assert (days["2026-03-10"]["amount"], days["2026-03-10"]["purchases"]) == (15_000, 2)
    assert (days["2026-03-11"]["amount"], days["2026-03-11"]["refunded"]) == (5_000, 1_000)
    assert (days["2026-03-20"]["amount"], days["2026-03-20"]["purchases"]) == (0, 0)


async def test_members_join_leave_and_come_back(shop: Shop) -> None:
    found = await report(shop.chain, "overview", from_="2026-03-01", to="2026-03-20")
    assert found["members"] == {"total": 3, "joined": 2, "left": 1}
    days = {step["from"]: step["members"] for step in found["steps"]}
    assert (days["2026-03-01"], days["2026-03-02"], days["2026-03-19"], days["2026-03-20"]) == (2, 3, 4, 3)
    assert found["buyers"] == {"members": 2, "again": 1, "repurchase_rate": "0.5000"}
    month = await report(shop.chain, "overview", from_="2026-02-01", to="2026-02-28")
    assert month["buyers"] == {"members": 1, "again": 0, "repurchase_rate": "0.0000"}
    nothing = await report(shop.chain, "overview", from_="2020-02-01", to="2020-02-28")
    assert (
        nothing["buyers"]["repurchase_rate"] is nothing["sales"]["member_share"] is nothing["sales"]["average"] is None
    )


async def test_one_branch_alone(shop: Shop) -> None:
    found = await report(shop.chain, "overview", from_="2026-03-01", to="2026-03-19", branch_id=shop.second)  # type: ignore[attr-defined]
    assert (found["sales"]["amount"], found["sales"]["purchases"]) == (25_000, 3)
    assert found["buyers"]["members"] == 2
    assert found["members"] == {"total": 1, "joined": 1, "left": 0}  # Wang has her home there
    table = (await report(shop.chain, "branches", from_="2026-03-01", to="2026-03-20"))["branches"]
    assert [(row["branch"]["code"], row["amount"], row["buyers"], row["members"], row["joined"]) for row in table] == [
        ("b2", 25_000, 2, 1, 1),
        ("main", 15_000, 1, 2, 1),
    ]


async def test_tiers_then_and_now_and_who_moved(shop: Shop) -> None:
    found = await report(shop.chain, "tier-mix", from_="2026-02-01", to="2026-03-20")
    (card,) = found["ladders"]
    assert card["tiers"][:2] == ["regular", "silver"]
    # Lin's purchase of 600.00 on 15 February was recorded today, and made her silver today.
    assert card["members"][-1][:2] == [2, 1]
    assert card["members"][0][:2] == [1, 0]
    moved = await report(shop.chain, "movements", from_="2026-03-20", to="2026-03-20")
    assert (moved["up"], moved["down"], moved["renewed"]) == (1, 0, 0)
    assert moved["moves"] == [
        {"ladder": card["ladder"], "from": "regular", "to": "silver", "members": 1, "reasons": {"late": 1}}
    ]
    assert (await report(shop.chain, "movements", from_="2026-02-01", to="2026-03-19"))["moves"] == []


async def test_cohorts_and_pareto(shop: Shop) -> None:
    found = await report(shop.chain, "cohorts", from_="2026-01-01", to="2026-03-20")
    assert [(row["month"], row["active"]) for row in found["cohorts"]] == [
        ("2026-02-01", [1, 1]),
        ("2026-03-01", [1]),
    ]
    assert found["unfinished"] == "2026-03-01"
    pareto = await report(shop.chain, "pareto", from_="2026-03-01", to="2026-03-20")
    assert (pareto["members"], pareto["revenue"], pareto["percent"], pareto["top"]) == (2, 35_000, 80, 1)
    assert pareto["curve"] == [[50, 30_000], [100, 35_000]]
    more = await report(shop.chain, "pareto", from_="2026-03-01", to="2026-03-20", percent="86")
    assert (more["top"], more["top_share"]) == (2, "1.0000")


async def test_a_later_fact_of_an_old_day_is_added(shop: Shop) -> None:
    """Also once the day's sums are settled: as they would be an hour later."""
    day = {"from_": "2026-01-05", "to": "2026-01-06"}
    await shop.sell(4_000, "2026-01-05")
    assert (await report(shop.chain, "overview", **day))["sales"]["amount"] == 4_000
    conn = await owner()
    await conn.execute(
        "UPDATE report_state SET settled_to = clock_timestamp() WHERE tenant_id = $1",
        shop.chain.tenant_id,
    )
    await conn.execute("UPDATE report_sales SET settled = true WHERE tenant_id = $1", shop.chain.tenant_id)
    again = await shop.sell(600, "2026-01-05")
    await shop.refund(again, 100)
    assert (await report(shop.chain, "overview", **day))["sales"]["amount"] == 4_500
    settled = "SELECT settled, sum(amount) FROM report_sales WHERE tenant_id = $1 AND day = '2026-01-05' GROUP BY 1"
    assert dict(await conn.fetch(settled, shop.chain.tenant_id)) == {True: 4_000, False: 600}


async def test_what_settles_is_added_once(shop: Shop) -> None:
    from saas.scope import tenant_scope
    from tenants.reports import adding

    wanted = "SELECT sum(amount)::bigint FROM report_sales WHERE tenant_id = $1"
    plain = (
        "SELECT sum(p.amount)::bigint FROM purchase p WHERE p.tenant_id = $1 AND NOT EXISTS"
        " (SELECT FROM purchase_undone u WHERE u.tenant_id = $1 AND u.purchase_id = p.id)"
    )
    conn = await owner()
    before = adding.SLACK
    try:
        for slack in (timedelta(), timedelta(hours=1), timedelta(), timedelta(minutes=-1)):
            adding.SLACK = slack  # type: ignore[misc]
            async with tenant_scope(shop.chain.tenant_id):
                await adding.add_up(timedelta())
            assert await conn.fetchval(wanted, shop.chain.tenant_id) == await conn.fetchval(
                plain, shop.chain.tenant_id
            ), slack
    finally:
        adding.SLACK = before  # type: ignore[misc]


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("from=2026-03-02&to=2026-03-01", "/to", "ends-before-it-begins"),
        ("from=2010-01-01&to=2026-03-01", "/to", "span-too-long"),
        ("to=2026-03-21", "/to", "in-the-future"),
        ("from=2026-3-1", "/from", "invalid-date"),
        ("to=0001-01-01", "/to", "out-of-range"),
        ("branch_id=x", "/branch_id", "invalid-uuid"),
        ("days=3", "/days", "unknown-field"),
    ],
)
async def test_what_is_wrong_is_said(shop: Shop, query: str, pointer: str, code: str) -> None:
    answer = await shop.chain.http.get(f"/v1/reports/overview?{query}")
    assert answer.status_code == 422, answer.text
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


async def test_an_unknown_branch_is_not_found(shop: Shop, new_chain: Any) -> None:
    other = await new_chain()
    answer = await shop.chain.http.get(f"/v1/reports/branches?branch_id={other.branch_id}")
    assert answer.status_code == 404


async def test_a_key_of_one_branch_sees_that_branch(shop: Shop, client: Any) -> None:
    body = {"name": "门店", "scopes": ["reports:read"], "branch_ids": [shop.second]}  # type: ignore[attr-defined]
    key = (await post(shop.chain, "/v1/api-keys", body))["key"]
    headers = {"Authorization": f"Bearer {key}"}
    days = {"from": "2026-03-01", "to": "2026-03-19"}
    found = await client.get("/v1/reports/overview", params=days, headers=headers)
    assert found.json()["sales"]["amount"] == 25_000
    table = await client.get("/v1/reports/branches", params=days, headers=headers)
    assert [row["branch"]["code"] for row in table.json()["branches"]] == ["b2"]
    for path in (f"overview?branch_id={shop.chain.branch_id}", "liability"):
        assert (await client.get(f"/v1/reports/{path}", headers=headers)).status_code == 403, path
