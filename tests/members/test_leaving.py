"""Leaving: nothing more is recorded, the identifiers are free, the history is read as before."""

from typing import Any

from support.programme import change_programme
from support.till import bought, buy, give_back, member, rows

PERSON = {"phone": "13800138000", "card_no": "66001", "external_id": "crm-1"}


async def test_who_left_can_be_read_and_nothing_more(chain: Any) -> None:
    wechat = {"app_id": "wx1", "openid": "o1", "unionid": "u1"}
    one = await member(chain, **PERSON, wechat=wechat, consents={"sms": True, "health": True})
    await bought(chain, "1", 60_000, member_id=one)
    path = f"/v1/members/{one}"
    assert (await chain.http.delete(path)).status_code == 204
    assert (await chain.http.delete(path)).status_code == 204
    shown = (await chain.http.get(path)).json()
    assert (shown["status"], shown["name"], shown["wechat"]) == ("closed", "王秀", [])
    assert shown["closed_at"] is not None
    assert shown["consents"] == dict.fromkeys(("sms", "email", "wechat", "push", "health"), False)
    history = (await chain.http.get(f"{path}/consents")).json()["data"]
    assert sorted((c["channel"], c["source"]) for c in history if not c["granted"]) == [
        ("health", "leaving"),
        ("sms", "leaving"),
    ]
    assert len((await chain.http.get(f"{path}/purchases")).json()["data"]) == 1
    assert len((await chain.http.get(f"{path}/decisions")).json()["data"]) == 1
    assert (await chain.http.get(f"{path}/tier")).status_code == 200
    refused = [
        await buy(chain, "2", 1, member_id=one),
        await chain.http.post("/v1/activities", json={"member_id": one, "kind": "review", "external_id": "a"}),
        await chain.http.patch(path, json={"name": "X"}),
    ]
    for answer in refused:
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/member-closed"), answer.text
    for who in ({"phone": PERSON["phone"]}, {"card_no": PERSON["card_no"]}):
        assert (await buy(chain, "3", 1, **who)).json()["type"] == "/problems/unknown-member"


async def test_lists_hide_who_left_unless_asked(chain: Any) -> None:
    one, two = await member(chain, **PERSON, tags=["VIP"]), await member(chain, tags=["VIP"])
    await chain.http.delete(f"/v1/members/{one}")
    for query, found in (
        ("", [two]),
        ("tag=VIP", [two]),
        ("q=王", [two]),
        ("q=8000", []),
        ("phone=13800138000", []),
        ("tier=regular", [two]),
        ("status=closed", [one]),
        ("status=closed&q=8000", [one]),
        ("status=closed&tag=VIP", [one]),
        ("status=erased", []),
    ):
        listed = (await chain.http.get(f"/v1/members?{query}")).json()["data"]
        assert [m["id"] for m in listed] == found, query
    assert (await chain.http.get("/v1/members?status=merged")).status_code == 422
    assert (await chain.http.get("/v1/tenant")).json()["use"]["members"] == 1


async def test_the_identifiers_are_free_and_who_comes_back_is_told_apart(chain: Any) -> None:
    one = await member(chain, **PERSON)
    await chain.http.delete(f"/v1/members/{one}")
    refused = await chain.http.post("/v1/members", json=PERSON)  # a card stays whose it was
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/card-taken")
    again = await chain.http.post("/v1/members", json={**PERSON, "card_no": "66002"})
    assert (again.status_code, again.json()["returning"]) == (201, True)
    new = await chain.http.post("/v1/members", json={"phone": "13900139000"})
    assert new.json()["returning"] is False
    moved = await chain.http.patch(f"/v1/members/{again.json()['id']}", json={"phone": "13700137000"})
    assert moved.json()["returning"] is True


async def test_a_recalculation_passes_over_who_left(chain: Any, drain: Any) -> None:
    document = (await chain.http.get("/v1/programme")).json()
    one, two = await member(chain), await member(chain)
    for n, who in enumerate((one, two)):
        await bought(chain, str(n), 100, member_id=who)
    await chain.http.delete(f"/v1/members/{one}")
    spent = {"metric": "spend", "window": {"type": "lifetime"}, "gte": 100}
    document["ladders"][0]["tiers"][1]["qualify"] = spent
    await change_programme(chain, ladders=document["ladders"])
    job_id = (await chain.http.post("/v1/programme/recalculate", json={})).json()["job_id"]
    await drain(chain.tenant_id)
    result = (await chain.http.get(f"/v1/jobs/{job_id}")).json()["result"]
    assert (result["evaluated"], result["upgraded"]) == (1, 1)
    assert (await chain.http.get(f"/v1/members/{one}")).json()["tier"]["code"] == "regular"
    assert (await chain.http.get(f"/v1/members/{two}")).json()["tier"]["code"] == "silver"


async def test_money_goes_back_to_who_left_and_decides_nothing(chain: Any, drain: Any) -> None:
    one, two = await member(chain), await member(chain)
    sales = [await bought(chain, who, 60_000, member_id=who) for who in (one, two)]
    await chain.http.delete(f"/v1/members/{one}")
    await chain.http.post(f"/v1/members/{two}/erase", json={})
    for sale in sales:
        answer = await give_back(chain, sale["id"], f"r-{sale['id']}", 60_000)
        assert answer.status_code == 201, answer.text
    assert await rows(chain, "tier_recheck") == []
    assert await rows(chain, "member_total") == []
    assert (await chain.http.post("/v1/programme/recalculate", json={})).status_code == 202
    await drain(chain.tenant_id)
    assert (await chain.http.get(f"/v1/members/{one}")).json()["tier"]["code"] == "silver"
