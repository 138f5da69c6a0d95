"""Money paid into the wallet, over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner, set_clock
from support.counter import change_wallet, pays, top_up, topped_up, wallet
from support.feed import told_of
from support.till import member, rows
from support.wallet_check import check_wallets

STEPS = [{"amount": 50_000, "bonus": 20_000}, {"amount": 100_000, "percent": "30"}]
NOON = datetime(2031, 3, 2, 4, tzinfo=UTC)


async def test_a_top_up_pays_in_and_brings_its_steps_bonus(chain: Chain) -> None:
    await change_wallet(chain, top_up_bonus=STEPS)
    who = await member(chain)
    made = await topped_up(chain, who, "U1", 50_000, tenders=[{"type": "cash", "amount": 50_000}], sold_by="小李")
    assert (made["amount"], made["bonus"], made["gift"]) == (50_000, 20_000, None)
    assert made["wallet"] == {"principal": 50_000, "bonus": 20_000}
    assert made["sold_by"] == "小李"
    shown = await wallet(chain, who)
    assert (shown["principal"], shown["bonus"]) == (50_000, 20_000)
    assert [(e["kind"], e["account"], e["amount"], e["principal"], e["bonus"]) for e in shown["data"]] == [
        ("top_up_bonus", "bonus", 20_000, 50_000, 20_000),
        ("top_up", "principal", 50_000, 50_000, 0),
    ]
    (lot,) = shown["lots"]
    assert (lot["id"], lot["principal_left"], lot["bonus_left"]) == (made["id"], 50_000, 20_000)
    assert (await chain.http.get(f"/v1/wallet/top-ups/{made['id']}")).json() == made
    (event,) = await told_of(chain.tenant_id, "wallet.topped_up")
    assert str(event["member_id"]) == who
    shown_member = (await chain.http.get(f"/v1/members/{who}")).json()
    assert shown_member["wallet"] == {"principal": 50_000, "bonus": 20_000}
    await check_wallets(chain)


async def test_a_till_names_the_member_as_it_can(chain: Chain) -> None:
    who = await member(chain, phone="13800001234", card_no="C1")
    body = {"branch_id": chain.branch_id, "amount": 100}
    for number, named in enumerate([{"phone": "138 0000 1234"}, {"card_no": "C1"}, {"member_id": who}]):
        answer = await chain.http.post("/v1/wallet/top-ups", json={**body, **named, "external_id": str(number)})
        assert (answer.status_code, answer.json()["member_id"]) == (201, who)
    for named in ({}, {"phone": "13800001234", "card_no": "C1"}):
        answer = await chain.http.post("/v1/wallet/top-ups", json={**body, **named, "external_id": "9"})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/validation-failed")


async def test_the_same_again_is_the_first_answer_and_another_content_a_conflict(chain: Chain) -> None:
    await change_wallet(chain, top_up_bonus=STEPS)
    who = await member(chain, phone="13800001234")
    first = await topped_up(chain, who, "U1", 50_000)
    await topped_up(chain, who, "U2", 100_000)
    await pays(chain, who, 10_000)
    again = await top_up(chain, who, "U1", 50_000)
    assert (again.status_code, again.json()) == (200, first)
    by_phone = {"phone": "13800001234", "branch_id": chain.branch_id, "external_id": "U1", "amount": 50_000}
    assert (await chain.http.post("/v1/wallet/top-ups", json=by_phone)).json() == first
    for other in ({"amount": 50_001}, {"amount": 50_000, "sold_by": "x"}):
        refused = await top_up(chain, who, "U1", **other)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/external-id-conflict")
    assert (await top_up(chain, await member(chain, name="李"), "U1", 50_000)).status_code == 409
    assert len(await rows(chain, "top_up")) == 2
    assert (await chain.http.delete(f"/v1/members/{who}")).is_success
    assert (await top_up(chain, who, "U1", 50_000)).json() == first  # who has left since was topped up then
    await check_wallets(chain)


async def test_limits_of_a_named_and_an_unnamed_member(chain: Chain) -> None:
    await change_wallet(chain, top_up_bonus=STEPS)
    named = await member(chain)
    nameless = (await chain.http.post("/v1/members", json={"card_no": "C1"})).json()["id"]
    await topped_up(chain, named, "U1", 480_000)
    refused = await top_up(chain, named, "U2", 20_001)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/balance-limit")
    assert {k: refused.json()[k] for k in ("limit", "balance", "most")} == {
        "limit": 500_000,
        "balance": 480_000,
        "most": 20_000,
    }
    await topped_up(chain, named, "U2", 20_000)
    assert (await top_up(chain, nameless, "U3", 100_001)).json()["most"] == 100_000
    await topped_up(chain, nameless, "U3", 100_000)
    await chain.http.patch(f"/v1/members/{nameless}", json={"phone": "13800001234"})
    await topped_up(chain, nameless, "U4", 400_000)
    app = {"wechat": {"app_id": "wx1", "openid": "o1"}}
    wechat = (await chain.http.post("/v1/members", json=app)).json()["id"]
    await topped_up(chain, wechat, "U5", 500_000)  # whom WeChat knows has a name
    await check_wallets(chain)


async def test_what_is_refused_leaves_nothing(chain: Chain, client: Any) -> None:
    who, gone = await member(chain), await member(chain, name="李")
    await chain.http.delete(f"/v1/members/{gone}")
    closed = (await chain.http.post("/v1/branches", json={"code": "b2", "name": "二店"})).json()["id"]
    await chain.http.patch(f"/v1/branches/{closed}", json={"closed": True})
    nobody = "01970000-0000-7000-8000-000000000001"
    cases: list[tuple[str, dict[str, Any], int, str]] = [
        (gone, {}, 409, "member-closed"),
        (nobody, {}, 422, "unknown-member"),
        (who, {"branch_id": closed}, 422, "branch-closed"),
        (who, {"branch_id": nobody}, 422, "unknown-branch"),
        (who, {"amount": 0}, 422, "validation-failed"),
        (who, {"amount": "5"}, 422, "validation-failed"),
        (who, {"tenders": [{"type": "cash", "amount": 99}]}, 422, "tenders-do-not-match"),
        (who, {"tenders": [{"type": "wallet", "amount": 100}]}, 422, "validation-failed"),
        (who, {"occurred_at": "2199-01-01T00:00:00Z"}, 422, "validation-failed"),
        (who, {"bonus": 5}, 422, "validation-failed"),
    ]
    for whose, change, status, code in cases:
        answer = await top_up(chain, whose, "U1", **{"amount": 100, **change})
        assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{code}"), change
    elsewhere = {"name": "x", "scopes": ["wallet:write"], "branch_ids": [closed]}
    for keyed in (elsewhere, {"name": "y", "scopes": ["purchases:write"]}):
        key = (await chain.http.post("/v1/api-keys", json=keyed)).json()["key"]
        body = {"member_id": who, "branch_id": chain.branch_id, "external_id": "U1", "amount": 100}
        answer = await client.post("/v1/wallet/top-ups", json=body, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 403
    await (await owner()).execute("UPDATE tenant SET status = 'suspended' WHERE tenant_id = $1", chain.tenant_id)
    for url in ("top-ups", "refunds"):
        body = {"member_id": who, "branch_id": chain.branch_id, "external_id": "U1", "amount": 100}
        answer = await chain.http.post(f"/v1/wallet/{url}", json=body)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/tenant-closed")
    for table in ("top_up", "wallet_entry", "wallet_lot", "top_up_external"):
        assert await rows(chain, table) == []


@pytest.mark.parametrize(("hours", "day"), [(-13, "2031-03-01"), (0, "2031-03-02")])
async def test_a_top_up_counts_on_the_day_it_occurred(chain: Chain, hours: int, day: str) -> None:
    await set_clock(chain.tenant_id, NOON)
    who = await member(chain)
    at = (NOON + timedelta(hours=hours)).isoformat()
    await topped_up(chain, who, "U1", 100, occurred_at=at)
    (measured,) = [row for row in await rows(chain, "measure_day") if row["measure"] == "top_up"]
    assert (str(measured["day"]), measured["total"], measured["facts"], measured["most"]) == (day, 100, 1, 100)
    await check_wallets(chain)


async def test_the_statement_goes_on_page_by_page(chain: Chain) -> None:
    await change_wallet(chain, top_up_bonus=STEPS)
    who = await member(chain)
    await topped_up(chain, who, "U1", 50_000)
    for _ in range(4):
        await pays(chain, who, 10_000)
    whole = (await wallet(chain, who))["data"]
    assert len(whole) == 10
    found: list[Any] = []
    cursor = ""
    while True:
        answer = (await chain.http.get(f"/v1/members/{who}/wallet?limit=3{cursor}")).json()
        found += answer["data"]
        if answer["next_cursor"] is None:
            break
        cursor = f"&cursor={answer['next_cursor']}"
    assert found == whole
    balances = [(e["principal"], e["bonus"]) for e in whole[:2]]
    assert balances == [(21_428, 8_572), (21_428, 11_429)]  # 4 x floor(10,000 x 2/7 of what is left) of bonus
    await check_wallets(chain)
