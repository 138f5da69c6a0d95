"""API keys: shown once, bounded by scopes and branches, revoked at once."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest


async def issue(chain: Any, **body: Any) -> dict[str, Any]:
    answer = await chain.http.post("/v1/api-keys", json={"name": "Till", "scopes": ["members:read"], **body})
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


def bearer(key: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {key['key']}"}


async def test_a_key_does_what_its_scopes_say(chain: Any, client: httpx.AsyncClient) -> None:
    key = await issue(chain)
    auth = bearer(key)
    assert (await client.get("/v1/members", headers=auth)).status_code == 200
    for answer in (
        await client.post("/v1/members", headers=auth, json={"name": "Ann"}),
        await client.patch("/v1/tenant", headers=auth, json={"name": "Ann"}),
        await client.post("/v1/branches", headers=auth, json={"code": "x", "name": "x"}),
        await client.get("/v1/api-keys", headers=auth),
        await client.post("/v1/api-keys", headers=auth, json={"name": "x", "scopes": ["members:read"]}),
        await client.get("/v1/audit-log", headers=auth),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


async def test_lists_never_show_a_secret(chain: Any) -> None:
    key = await issue(chain)
    answer = await chain.http.get("/v1/api-keys")
    assert [entry["name"] for entry in answer.json()["data"]] == ["Till", "注册时创建"]
    assert key["key"].split("_")[3] not in answer.text
    assert "secret" not in answer.text
    first = (await chain.http.get("/v1/api-keys?limit=1")).json()
    second = (await chain.http.get(f"/v1/api-keys?limit=1&cursor={first['next_cursor']}")).json()
    assert (second["data"][0]["name"], second["next_cursor"]) == ("注册时创建", None)


async def test_revoked_is_revoked(
    chain: Any, client: httpx.AsyncClient, new_chain: Callable[..., Awaitable[Any]]
) -> None:
    key = await issue(chain)
    neighbour = await new_chain()
    assert (await neighbour.http.delete(f"/v1/api-keys/{key['id']}")).status_code == 404
    assert (await client.get("/v1/members", headers=bearer(key))).status_code == 200
    for _ in range(2):
        assert (await chain.http.delete(f"/v1/api-keys/{key['id']}")).status_code == 204
    assert (await client.get("/v1/members", headers=bearer(key))).status_code == 401
    acts = [act["action"] for act in (await chain.http.get("/v1/audit-log")).json()["data"]]
    assert acts[:2] == ["api_key.revoke", "api_key.issue"]
    assert (await chain.http.delete("/v1/api-keys/nothing")).status_code == 404


async def test_a_branch_bound_key_stays_in_its_branches(chain: Any, client: httpx.AsyncClient) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "Two"})).json()["id"]
    key = await issue(chain, scopes=["admin"], branch_ids=[other])
    assert key["branch_ids"] == [other]
    auth = bearer(key)
    member = {"name": "Ann", "branch_id": chain.branch_id}
    refused = await client.post("/v1/members", headers=auth, json=member)
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-permitted")
    allowed = await client.post("/v1/members", headers=auth, json={"name": "Ann", "branch_id": other})
    assert allowed.status_code == 201
    path = f"/v1/branches/{chain.branch_id}"
    assert (await client.patch(path, headers=auth, json={"name": "x"})).status_code == 403
    wider = {"name": "x", "scopes": ["members:read"]}
    for body in (wider, {**wider, "branch_ids": [chain.branch_id]}):
        assert (await client.post("/v1/api-keys", headers=auth, json=body)).status_code == 403
    within = await client.post("/v1/api-keys", headers=auth, json={**wider, "branch_ids": [other]})
    assert within.status_code == 201


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"scopes": []}, "/scopes", "too-few"),
        ({"scopes": ["root"]}, "/scopes/0", "not-allowed"),
        ({"branch_ids": []}, "/branch_ids", "too-few"),
        ({"branch_ids": ["01890000-0000-7000-8000-000000000000"]}, "/branch_ids/0", "unknown-branch"),
        ({"secret": "mine"}, "/secret", "unknown-field"),
    ],
)
async def test_refuses_bad_input(chain: Any, body: dict[str, Any], pointer: str, code: str) -> None:
    answer = await chain.http.post("/v1/api-keys", json={"name": "x", "scopes": ["admin"], **body})
    assert answer.status_code == 422, answer.text
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


async def test_a_repeat_makes_no_second_key_and_shows_no_secret(chain: Any) -> None:
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    body = {"name": "Once", "scopes": ["members:read"]}
    first = await chain.http.post("/v1/api-keys", json=body, headers=headers)
    again = await chain.http.post("/v1/api-keys", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 409)
    assert first.json()["key"] not in again.text
    names = [key["name"] for key in (await chain.http.get("/v1/api-keys")).json()["data"]]
    assert names.count("Once") == 1
