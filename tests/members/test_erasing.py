"""Erasing: nothing that tells who it was is left in any table; facts stay under an id that names nobody."""

import json
import secrets
from typing import Any

from support.programme import change_programme
from support.till import bought, member, rows
from tenant_text import everything

SECRETS = [
    "欧阳测试",
    "13812345678",
    "+8613812345678",
    "卡ZZ9",
    "crm-secret-1",
    "openid-secret",
    "union-secret",
    "1987-06-05",
]


async def person(chain: Any) -> str:
    """Somebody of whom as many tables as possible know something."""
    await change_programme(
        chain,
        attributes=[{"code": "address", "names": {"zh-CN": "地址", "en": "Address"}, "type": "text"}],
        activity_kinds=["blood_pressure", "review"],
        health_kinds=["blood_pressure"],
    )
    body = {
        "name": SECRETS[0],
        "phone": SECRETS[1],
        "card_no": SECRETS[3],
        "external_id": SECRETS[4],
        "wechat": {"app_id": "wx1", "openid": SECRETS[5], "unionid": SECRETS[6]},
        "birthday": SECRETS[7],
        "gender": "female",
        "attributes": {"address": "长安街 1 号"},
        "tags": ["欧阳家"],
        "consents": {"sms": True, "health": True},
    }
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    answer = await chain.http.post("/v1/members", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_nothing_is_left_of_the_person(chain: Any, drain: Any) -> None:
    one = await person(chain)
    path = f"/v1/members/{one}"
    await bought(chain, "1", 60_000, member_id=one)
    for kind, value, note in (("blood_pressure", 130, "120/80 欧阳"), ("review", 5, "欧阳测试 says hello")):
        done = {"member_id": one, "kind": kind, "value": value, "data": {"note": note}, "external_id": kind}
        answer = await chain.http.post("/v1/activities", json=done)
        assert answer.status_code == 201, answer.text
    await chain.http.patch(path, json={"phone": "13998765432"})
    await chain.http.patch(path, json={"phone": SECRETS[1]})
    file = f"phone,name,birthday\n138 1234 5678,{SECRETS[0]},2999\n1,欧阳测试,1987-06-05\n"
    sent = await chain.http.post(
        "/v1/imports",
        files={"file": ("m.csv", file.encode(), "text/csv")},
        data={"options": json.dumps({"kind": "members", "evaluate": False})},
    )
    assert sent.status_code == 202, sent.text
    await drain(chain.tenant_id)
    before = await everything(chain)
    assert [text for text in SECRETS if text not in before] == []

    answer = await chain.http.post(f"{path}/erase", json={})
    assert answer.status_code == 200, answer.text
    shown = answer.json()
    assert (shown["status"], shown["name"], shown["phone"], shown["attributes"], shown["tags"]) == (
        "erased",
        None,
        None,
        {},
        [],
    )
    after = await everything(chain)
    gone = [*SECRETS, "13998765432", "长安街", "欧阳", "120/80"]
    assert [text for text in gone if text in after] == []

    assert len((await chain.http.get(f"{path}/purchases")).json()["data"]) == 1
    assert len((await chain.http.get(f"{path}/decisions")).json()["data"]) == 1
    consents = (await chain.http.get(f"{path}/consents")).json()["data"]
    assert sorted((c["channel"], c["granted"]) for c in consents) == [
        ("health", False),
        ("health", True),
        ("sms", False),
        ("sms", True),
    ]
    activities = {row["kind"]: row for row in await rows(chain, "activity")}
    assert activities["blood_pressure"]["value"] is None
    assert activities["review"]["value"] == 5
    again = await chain.http.post(f"{path}/erase", json={})
    assert (again.status_code, again.json()) == (200, shown)
    acts = (await chain.http.get("/v1/audit-log")).json()["data"]
    assert [act["action"] for act in acts].count("member.erase") == 1


async def test_a_kept_answer_that_shows_the_person_is_not_given_again(chain: Any) -> None:
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"name": "欧阳测试", "phone": "13812345678"}
    made = (await chain.http.post("/v1/members", json=body, headers=headers)).json()
    assert (await chain.http.post(f"/v1/members/{made['id']}/erase", json={})).status_code == 200
    repeat = await chain.http.post("/v1/members", json=body, headers=headers)
    assert (repeat.status_code, repeat.json()["type"]) == (409, "/problems/member-closed")


async def test_a_second_enrolment_is_told_apart_without_knowing_who(chain: Any, new_chain: Any) -> None:
    one = await member(chain, phone="13812345678")
    await chain.http.post(f"/v1/members/{one}/erase", json={})
    (kept,) = await rows(chain, "erased_identity")
    assert len(kept["hash"]) == 32
    again = await chain.http.post("/v1/members", json={"phone": "13812345678"})
    assert again.json()["returning"] is True
    assert (await chain.http.post("/v1/members", json={"phone": "13812345679"})).json()["returning"] is False
    batch = await chain.http.post("/v1/members:batch", json={"items": [{"phone": "13812345670"}]})
    assert batch.json()["data"][0]["status"] == 201
    neighbour = await new_chain()
    assert (await neighbour.http.post("/v1/members", json={"phone": "13812345678"})).json()["returning"] is False


async def test_who_left_before_can_be_erased_too(chain: Any) -> None:
    one = await member(chain, phone="13812345678")
    await chain.http.delete(f"/v1/members/{one}")
    assert (await chain.http.post(f"/v1/members/{one}/erase", json={})).json()["status"] == "erased"
    assert (await chain.http.post("/v1/members", json={"phone": "13812345678"})).json()["returning"] is True
    listed = (await chain.http.get("/v1/members?status=erased")).json()["data"]
    assert [m["id"] for m in listed] == [one]


async def test_erasing_needs_more_than_a_tills_key(chain: Any) -> None:
    one = await member(chain)
    made = (await chain.http.post("/v1/api-keys", json={"name": "till", "scopes": ["members:write"]})).json()
    answer = await chain.http.post(
        f"/v1/members/{one}/erase", json={}, headers={"Authorization": f"Bearer {made['key']}"}
    )
    assert answer.status_code == 403
