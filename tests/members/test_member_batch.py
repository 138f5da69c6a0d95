"""Many members in one request, an outcome each."""

import secrets
from typing import Any


async def test_outcomes_in_order_and_good_ones_last(chain: Any) -> None:
    items = [
        {"phone": "13800138000", "name": "Ann"},
        {"phone": "13800138000", "name": "Again"},
        {"phone": "1"},
        "Bob",
        {"name": "Cat", "branch_id": "01890000-0000-7000-8000-000000000000"},
        {"name": "Dan", "external_id": "d"},
    ]
    answer = await chain.http.post("/v1/members:batch", json={"items": items})
    assert answer.status_code == 200, answer.text
    outcomes = answer.json()["data"]
    assert [outcome["status"] for outcome in outcomes] == [201, 409, 422, 422, 422, 201]
    assert outcomes[1]["error"]["type"] == "/problems/phone-taken"
    assert outcomes[2]["error"]["errors"][0]["pointer"] == "/phone"
    assert outcomes[3]["error"]["errors"][0]["code"] == "wrong-type"
    assert outcomes[4]["error"]["type"] == "/problems/unknown-branch"
    listed = (await chain.http.get("/v1/members")).json()["data"]
    assert [member["id"] for member in listed] == [outcomes[5]["id"], outcomes[0]["id"]]


async def test_a_repeat_with_its_key_enrols_nobody_twice(chain: Any) -> None:
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"items": [{"name": "Ann"}] * 20}
    first = await chain.http.post("/v1/members:batch", json=body, headers=headers)
    second = await chain.http.post("/v1/members:batch", json=body, headers=headers)
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert len((await chain.http.get("/v1/members")).json()["data"]) == 20


async def test_takes_a_thousand_and_no_more(chain: Any) -> None:
    full = await chain.http.post("/v1/members:batch", json={"items": [{"name": "A"}] * 1000})
    assert {outcome["status"] for outcome in full.json()["data"]} == {201}
    more = await chain.http.post("/v1/members:batch", json={"items": [{"name": "A"}] * 1001})
    assert (more.status_code, more.json()["type"]) == (422, "/problems/batch-too-large")
    assert (await chain.http.get("/v1/tenant")).json()["use"]["members"] == 1000
