"""Erasing after a life with everything in it: former names and phones, merged records, kept answers, files, letters."""

import json
import os
import secrets
from pathlib import Path
from typing import Any

from support.programme import change_programme
from support.till import bought, drift, given_back, member, rows
from tenant_text import everything

from saas.outbox import enqueue
from saas.scope import tenant_scope

FIRST = {"name": '诸葛"前名', "phone": "13712340001", "card_no": "CARD-PLANTED-1", "external_id": "crm-planted-1"}
OTHER = {"name": "诸葛第二", "phone": "13712340002", "card_no": "CARD-PLANTED-2", "external_id": "crm-planted-2"}
LATER = {"name": "诸葛后名", "phone": "13712340003"}
NOTES = ["长安街 99 号", "收缩压 177", "退给诸葛", "因诸葛投诉", "护照 E0177", "电话里说要搬家"]
PLANTED = ["诸葛", "1371234000", "CARD-PLANTED", "crm-planted", "1977-07-07", *NOTES]


async def keyed(chain: Any, path: str, body: Any) -> Any:
    answer = await chain.http.post(path, json=body, headers={"Idempotency-Key": secrets.token_hex(8)})
    assert answer.status_code < 300, answer.text
    return answer.json()


async def cards_and_passes(chain: Any, one: str) -> None:
    """A replaced card, an SMS that goes out, a pass that was used and paid back."""
    card = FIRST["card_no"]
    await keyed(chain, f"/v1/cards/{card}/replace", {"card_no": f"{card}-NEW", "proof": NOTES[4]})
    await keyed(chain, f"/v1/members/{one}/wallet-codes/sms", {"amount": 1})
    sold = {"branch_id": chain.branch_id, "product": "x", "uses": 2, "price": 2, "valid_until": "2199-01-01"}
    made = await keyed(chain, "/v1/passes", {**sold, "member_id": one, "external_id": "v"})
    await keyed(chain, f"/v1/passes/{made['id']}/use", {"branch_id": chain.branch_id})
    await keyed(chain, f"/v1/passes/{made['id']}/refund", {"branch_id": chain.branch_id, "reason": NOTES[3]})


async def points_and_money(chain: Any, who: str) -> None:
    """Whatever staff may give a reason for."""
    reason = {"reason": NOTES[3]}
    await keyed(chain, "/v1/points/adjust", {"member_id": who, "points": 5} | reason)
    await keyed(chain, "/v1/points/redeem", {"member_id": who, "points": 2} | reason)
    at = {"member_id": who, "branch_id": chain.branch_id}
    await keyed(chain, "/v1/wallet/top-ups", at | {"external_id": f"t{who}", "amount": 1_000})
    await keyed(chain, "/v1/wallet/refunds", at | {"external_id": f"b{who}", "amount": 1_000} | reason)
    undone = await keyed(chain, "/v1/wallet/top-ups", at | {"external_id": f"u{who}", "amount": 1_000})
    await keyed(chain, f"/v1/wallet/top-ups/{undone['id']}/undo", reason)
    sold = await bought(chain, f"u{who}", 100, member_id=who)
    await keyed(chain, f"/v1/purchases/{sold['id']}/undo", reason)
    coupon = {"code": f"c{who[-6:]}", "names": {"zh-CN": "五元", "en": "Five"}, "valid_days": 9}
    made = await keyed(chain, "/v1/coupons", coupon | {"value": {"type": "amount", "amount": 5}})
    given = await keyed(chain, f"/v1/coupons/{made['id']}/grant", {"member_id": who} | reason)
    await keyed(chain, f"/v1/coupons/grants/{given['coupons'][0]['id']}/void", reason)


async def called(chain: Any, drain: Any, *who: str) -> None:
    """What was said on the phone."""
    names = {"zh-CN": "甲", "en": "A"}
    everybody = {"metric": "tenure_days", "gte": 0}
    await keyed(chain, "/v1/segments", {"code": "everybody", "names": names, "condition": everybody})
    rule = {"code": "call", "names": names, "segment": "everybody", "every": {"type": "days", "days": 7}}
    await keyed(chain, "/v1/tasks/rules", rule)
    async with tenant_scope(chain.tenant_id):
        await enqueue("tasks.make", {})
    await drain(chain.tenant_id)
    for one in who:
        (task,) = (await chain.http.get(f"/v1/tasks?rule=call&member_id={one}")).json()["data"]
        await keyed(chain, f"/v1/tasks/{task['id']}/done", {"outcome": "reached", "note": NOTES[5]})


async def imported(chain: Any, kind: str, file: str) -> None:
    answer = await chain.http.post(
        "/v1/imports",
        files={"file": ("f.csv", file.encode(), "text/csv")},
        data={"options": json.dumps({"kind": kind})},
    )
    assert answer.status_code == 202, answer.text


async def life(chain: Any, drain: Any) -> tuple[str, str]:
    """Two records of one person, under three names and phones, in every table that the API can reach; and another
    person who had the first phone too, and has left.
    """
    await change_programme(
        chain,
        attributes=[{"code": "address", "names": {"zh-CN": "地址", "en": "Address"}, "type": "text"}],
        activity_kinds=["pressure", "review"],
        health_kinds=["pressure"],
    )
    await chain.http.patch("/v1/tenant", json={"shared_phones": True})
    consents = {"sms": True, "health": True}
    details = {"birthday": "1977-07-07", "attributes": {"address": NOTES[0]}, "tags": ["诸葛家"], "consents": consents}
    one = (await keyed(chain, "/v1/members", FIRST | details))["id"]
    two = (await keyed(chain, "/v1/members", OTHER | {"consents": consents}))["id"]
    family = await member(chain, name="家人", phone=FIRST["phone"])
    asked = {"branch_id": chain.branch_id, "external_id": "b", "amount": 1, "external_amounts": True}
    shared = await keyed(chain, "/v1/purchases:batch", {"items": [asked | {"phone": FIRST["phone"]}]})
    assert len(shared["data"][0]["error"]["candidates"]) == 2
    for n, who in enumerate((one, two)):
        sold = await bought(chain, f"s{n}", 60_000, member_id=who)
        back = {"external_id": f"r{n}", "amount": 1, "reason": NOTES[2]}
        await keyed(chain, f"/v1/purchases/{sold['id']}/refunds", back)
        for kind, value in (("pressure", 177), ("review", 5)):
            done = {"member_id": who, "kind": kind, "value": value, "external_id": f"{kind}{n}"}
            await keyed(chain, "/v1/activities", done | {"data": NOTES[1] if kind == "pressure" else "诸葛说好"})
    put = await chain.http.put(f"/v1/members/{one}/tier", json={"tier": "gold", "reason": NOTES[3]})
    assert put.status_code == 200, put.text
    assert (await chain.http.patch(f"/v1/members/{one}", json=LATER)).status_code == 200
    await cards_and_passes(chain, one)
    for who in (one, two):
        await points_and_money(chain, who)
    await called(chain, drain, one, two)
    brought = await member(chain, name="新客", referrer_id=two)
    await bought(chain, "b1", 100, member_id=brought)
    await keyed(chain, f"/v1/members/{one}/merge", {"other_id": two})
    await imported(
        chain,
        "members",
        f"phone,name,birthday\n137 1234-0002,诸葛第二,2999\n0086 137 1234 0001,{'长' * 201},\n",
    )
    await imported(chain, "purchases", "external_id,member,occurred_at,amount\nx,crm-planted-2,1899-01-01,1\n")
    await drain(chain.tenant_id)
    assert (await chain.http.delete(f"/v1/members/{family}")).status_code == 204
    return one, family


def files_of(chain: Any) -> list[Path]:
    """What the file store keeps of the tenant."""
    files = [path for path in Path(os.environ["FILE_STORE"]).rglob("*") if path.is_file()]
    return [path for path in files if str(chain.tenant_id) in str(path)]


async def test_nothing_is_left_after_a_life_with_everything(chain: Any, drain: Any) -> None:
    one, family = await life(chain, drain)
    assert [text for text in PLANTED if text not in await everything(chain)] == []
    assert (await chain.http.delete(f"/v1/members/{one}")).status_code == 204
    answer = await chain.http.post(f"/v1/members/{one}/erase", json={})
    assert answer.status_code == 200, answer.text
    left = [row for row in (await everything(chain)).splitlines() if f'"id": "{family}"' not in row]
    assert [(text, row) for text in PLANTED for row in left if text in row] == []
    assert files_of(chain) == []
    assert await drift(chain) == []


async def test_the_last_phone_of_each_record_is_remembered_by_its_hash(chain: Any, drain: Any) -> None:
    one, _ = await life(chain, drain)
    await chain.http.delete(f"/v1/members/{one}")
    back = [(await chain.http.post("/v1/members", json={"phone": p["phone"]})).json() for p in (OTHER, LATER)]
    assert [each["returning"] for each in back] == [True, True]
    for each in back:
        await chain.http.patch(f"/v1/members/{each['id']}", json={"phone": None, "name": "x"})
    await chain.http.post(f"/v1/members/{one}/erase", json={})
    again = [(await chain.http.post("/v1/members", json={"phone": p["phone"]})).json() for p in (OTHER, LATER)]
    assert [each["returning"] for each in again] == [True, True]


async def test_what_others_are_called_stays(chain: Any, drain: Any) -> None:
    """A short number of an erased person is no reason to forget what stood in others' rows."""
    one = await member(chain, name="李", external_id="1", card_no="2")
    await imported(chain, "members", "external_id,name,birthday\n11,李雷,2112-12-12\n12,x,21\n1,李,29\n")
    await drain(chain.tenant_id)
    await chain.http.post(f"/v1/members/{one}/erase", json={})
    assert [row["value"] for row in await rows(chain, "import_error")] == ["2112-12-12", "21", "29"]


async def test_answers_about_others_are_given_again(chain: Any) -> None:
    one, two = await member(chain, name="Ann"), await member(chain, name="Ann")
    sold = await bought(chain, "1", 100, member_id=two)
    await given_back(chain, sold["id"], "r", 100, reason="Ann")
    key = {"Idempotency-Key": secrets.token_hex(8)}
    first = await chain.http.post("/v1/members", json={"name": "Ann"}, headers=key)
    await chain.http.post(f"/v1/members/{one}/erase", json={})
    again = await chain.http.post("/v1/members", json={"name": "Ann"}, headers=key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert [row["reason"] for row in await rows(chain, "refund")] == ["Ann"]
