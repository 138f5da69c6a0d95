"""A key of some branches, whatever its scopes: no say in what holds at all of them."""

import re
from typing import Any

import httpx
from support.chains import Chain

from saas.contract.operations import calls

NOBODY = "01a203e1-2455-74a6-96e6-38684999ba20"
WITHIN = {
    *("POST /v1/staff", "GET /v1/staff", "GET /v1/staff/{staff_id}", "PATCH /v1/staff/{staff_id}"),
    *("DELETE /v1/staff/{staff_id}", "POST /v1/staff/{staff_id}/invite"),
    *("POST /v1/api-keys", "GET /v1/api-keys", "DELETE /v1/api-keys/{key_id}", "PATCH /v1/branches/{branch_id}"),
}
"""What looks at the branches itself."""
CHAINS = {"admin", "programme:write", "webhooks:write"}


async def key_of(chain: Chain, *scopes: str, branch: str | None) -> dict[str, Any]:
    body = {"name": "franchisee", "scopes": list(scopes), **({"branch_ids": [branch]} if branch else {})}
    made = await chain.http.post("/v1/api-keys", json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def test_what_is_the_whole_chains_is_refused(app: Any, chain: Chain, client: httpx.AsyncClient) -> None:
    made = await key_of(chain, "admin", "programme:write", "webhooks:write", branch=chain.branch_id)
    headers = {"Authorization": f"Bearer {made['key']}"}
    asked = {call.key: call for call in calls(app) if call.handler.opt.get("requires") in CHAINS}
    assert asked.keys() > WITHIN
    assert len(asked) >= 75
    for name, call in asked.items():
        if name in WITHIN or call.handler.opt.get("or_requires"):
            continue
        path = re.sub(r"\{\w+\}", NOBODY, call.path.replace("{version}", "1"))
        answer = await client.request(call.method, path, headers=headers, json={})
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted"), name


async def test_figures_of_the_whole_chain_are_not_told(chain: Chain, client: httpx.AsyncClient) -> None:
    made = await key_of(chain, "reports:read", "members:read", branch=chain.branch_id)
    headers = {"Authorization": f"Bearer {made['key']}"}
    campaign = (await chain.http.get("/v1/campaigns")).json()["data"][0]["id"]
    paths = (f"/v1/campaigns/{campaign}/report", "/v1/reports/liability", "/v1/events")
    for path in paths:
        assert (await client.get(path, headers=headers)).status_code == 403, path
        assert (await chain.http.get(path)).status_code == 200, path


async def test_it_ends_keys_of_its_branches_and_itself_alone(chain: Chain, client: httpx.AsyncClient) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    made = await key_of(chain, "admin", branch=other)
    headers = {"Authorization": f"Bearer {made['key']}"}
    elsewhere = [await key_of(chain, "admin", branch=branch) for branch in (chain.branch_id, None)]
    for one in elsewhere:
        assert (await client.delete(f"/v1/api-keys/{one['id']}", headers=headers)).status_code == 403
        used = await client.get("/v1/branches", headers={"Authorization": f"Bearer {one['key']}"})
        assert used.status_code == 200
    beside = await key_of(chain, "members:read", branch=other)
    for one in (beside, made):
        assert (await client.delete(f"/v1/api-keys/{one['id']}", headers=headers)).status_code == 204


async def test_it_sees_keys_and_staff_of_its_branches_alone(chain: Chain, client: httpx.AsyncClient) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    made = await key_of(chain, "admin", branch=other)
    beside = await key_of(chain, "members:read", branch=other)
    for branch in (chain.branch_id, None):
        await key_of(chain, "members:read", branch=branch)
    people = {}
    for name, branches in (("here", [other]), ("both", [other, chain.branch_id]), ("there", [chain.branch_id])):
        body = {"email": f"{name}@example.com", "name": name, "role": "clerk", "branch_ids": branches}
        people[name] = (await chain.http.post("/v1/staff", json=body)).json()["id"]
    headers = {"Authorization": f"Bearer {made['key']}"}

    keys = (await client.get("/v1/api-keys", headers=headers)).json()["data"]
    assert [one["id"] for one in keys] == [beside["id"], made["id"]]
    seen = (await client.get("/v1/staff", headers=headers)).json()["data"]
    assert {one["role"] for one in seen if one["name"] not in people} == {"owner"}
    assert {one["name"] for one in seen} & people.keys() == {"here", "both"}
    statuses = {
        name: (await client.get(f"/v1/staff/{one}", headers=headers)).status_code for name, one in people.items()
    }
    assert statuses == {"here": 200, "both": 200, "there": 404}
    assert len((await chain.http.get("/v1/api-keys")).json()["data"]) == 5
