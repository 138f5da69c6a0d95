"""Branches: opened, renamed, closed, and bound to keys."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest


async def test_open_change_close_reopen(chain: Any) -> None:
    made = await chain.http.post("/v1/branches", json={"code": "N-2", "name": "North", "kind": "franchise"})
    assert made.status_code == 201, made.text
    branch = made.json()
    path = f"/v1/branches/{branch['id']}"
    assert (await chain.http.get(path)).json() == branch
    assert (await chain.http.patch(path, json={"name": "Far north"})).json() == {**branch, "name": "Far north"}
    closed = (await chain.http.patch(path, json={"closed": True})).json()
    assert closed["closed_at"] is not None
    assert (await chain.http.patch(path, json={"closed": True})).json() == closed
    refused = await chain.http.post("/v1/members", json={"name": "Ann", "branch_id": branch["id"]})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/branch-closed")
    assert (await chain.http.patch(path, json={"closed": False})).json()["closed_at"] is None
    listed = (await chain.http.get("/v1/branches?limit=1")).json()
    assert [b["id"] for b in listed["data"]] == [chain.branch_id]
    rest = (await chain.http.get(f"/v1/branches?cursor={listed['next_cursor']}")).json()
    assert ([b["code"] for b in rest["data"]], rest["next_cursor"]) == (["N-2"], None)
    acts = (await chain.http.get("/v1/audit-log")).json()["data"]
    assert [act["action"] for act in acts[:4]] == ["branch.change"] * 3 + ["branch.open"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"code": "main", "name": "Again"}, 409, "duplicate"),
        ({"code": "a b", "name": "x"}, 422, "wrong-format"),
        ({"code": "x", "name": ""}, 422, "too-short"),
        ({"code": "x", "name": "x", "kind": "rented"}, 422, "not-allowed"),
        ({"code": "x"}, 422, "required"),
    ],
)
async def test_refuses(chain: Any, body: dict[str, Any], status: int, code: str) -> None:
    answer = await chain.http.post("/v1/branches", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (status, code)


async def test_another_chains_branch_is_not_there(chain: Any, new_chain: Callable[..., Awaitable[Any]]) -> None:
    neighbour = await new_chain()
    path = f"/v1/branches/{neighbour.branch_id}"
    assert (await chain.http.get(path)).status_code == 404
    assert (await chain.http.patch(path, json={"name": "Mine"})).status_code == 404
    refused = await chain.http.post("/v1/members", json={"name": "Ann", "branch_id": neighbour.branch_id})
    assert refused.json()["type"] == "/problems/unknown-branch"
