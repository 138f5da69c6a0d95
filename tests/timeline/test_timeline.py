"""A member's timeline over HTTP: the three histories in one, each entry as its own list has it."""

from typing import Any

from support.chains import Chain


async def every(chain: Chain, path: str, limit: int) -> list[dict[str, Any]]:
    seen, cursor = [], ""
    while cursor is not None:
        told = (await chain.http.get(path, params={"limit": limit, **({"cursor": cursor} if cursor else {})})).json()
        assert len(told["data"]) <= limit
        seen += told["data"]
        cursor = told["next_cursor"]
    return seen


async def test_all_that_happened_is_there_once_in_the_order_of_recording(chain: Chain) -> None:
    http = chain.http
    one, other = [(await http.post("/v1/members", json={"name": name})).json()["id"] for name in ("Lin", "Wang")]
    sale = {"branch_id": chain.branch_id, "external_amounts": True}
    for number, (who, amount) in enumerate([(one, 1_000), (other, 60_000), (one, 60_000), (one, 2_000)]):
        body = {**sale, "member_id": who, "external_id": f"t{number}", "amount": amount}
        assert (await http.post("/v1/purchases", json=body)).status_code == 201
        visit = {"member_id": who, "branch_id": chain.branch_id, "kind": "check_in", "external_id": f"a{number}"}
        assert (await http.post("/v1/activities", json=visit)).status_code == 201
    path = f"/v1/members/{one}"
    assert (await http.post(f"{path}/merge", json={"other_id": other})).status_code == 200
    lists = {kind: await every(chain, f"{path}/{name}", 50) for kind, name in LISTS.items()}
    assert {kind: len(found) for kind, found in lists.items()} == {"purchase": 4, "activity": 4, "decision": 3}
    for limit in (1, 3, 50):
        seen = await every(chain, f"{path}/timeline", limit)
        assert [entry["id"] for entry in seen] == sorted((entry["id"] for entry in seen), reverse=True)
        for kind, found in lists.items():
            own = [entry for entry in seen if entry["type"] == kind]
            assert [entry["data"] for entry in own] == found
            assert [entry["id"] for entry in own] == [fact["id"] for fact in found]
            when = "effective_at" if kind == "decision" else "occurred_at"
            assert [entry["at"] for entry in own] == [fact[when] for fact in found]
        assert len(seen) == 11


LISTS = {"purchase": "purchases", "activity": "activities", "decision": "decisions"}


async def test_nobodys_is_none_and_a_key_of_another_scope_sees_none(chain: Chain) -> None:
    nobody = await chain.http.get("/v1/members/01970000-0000-7000-8000-000000000001/timeline")
    assert (nobody.status_code, nobody.json()["type"]) == (404, "/problems/not-found")
    key = (await chain.http.post("/v1/api-keys", json={"name": "w", "scopes": ["webhooks:write"]})).json()["key"]
    refused = await chain.http.get(nobody.url.path, headers={"Authorization": f"Bearer {key}"})
    assert refused.status_code == 403
