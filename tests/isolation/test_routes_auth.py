"""Which doors there are, and that a key opens only those of its scopes. (Nobody without one: `test_attack.py`.)"""

from typing import Any

import httpx
import pytest
from support.chains import Chain

from saas.isolation.attacks.doors import address
from saas.isolation.cases.doors import ANY_KEY, CONSOLE, OWN_CHECK, PUBLIC
from saas.isolation.cases.every import CASES
from saas.isolation.cases.no_ids import TAKES_NO_ID
from saas.isolation.cases.pages import PAGES
from saas.isolation.knocks import NOBODYS
from saas.isolation.stage import Route, routes
from saas.principal import SCOPES
from tenants.imports.start import NEEDS

PRIVATE = sorted(CASES.keys() | PAGES.keys() | TAKES_NO_ID.keys())


def is_page(handler: Any) -> bool:
    return bool(handler.opt.get("auth") == "page")


def test_exactly_these_routes_are_public(app: Any) -> None:
    found = {route for route, handler in routes(app).items() if handler.opt.get("auth") == "none"}
    assert found == PUBLIC.keys()


def test_exactly_these_routes_are_operators(app: Any) -> None:
    found = {route for route, handler in routes(app).items() if handler.opt.get("auth") == "operator"}
    assert found == CONSOLE


def test_every_other_route_says_which_scope_it_needs(app: Any) -> None:
    silent = {
        route
        for route, handler in routes(app).items()
        if handler.opt.get("auth") not in {"none", "operator"} and handler.opt.get("requires") is None
    }
    assert silent == ANY_KEY.keys() | OWN_CHECK.keys()
    named = {h.opt["requires"] for h in routes(app).values() if h.opt.get("requires") is not None}
    assert named <= set(SCOPES)


@pytest.fixture(scope="module")
async def keys(new_chain: Any) -> dict[str, str]:
    """A key of one chain for each scope."""
    chain: Chain = await new_chain()
    made: dict[str, str] = {}
    for scope in SCOPES:
        answer = await chain.http.post("/v1/api-keys", json={"name": scope, "scopes": [scope]})
        made[scope] = answer.json()["key"]
    return made


@pytest.mark.parametrize("route", PRIVATE, ids=" ".join)
async def test_a_key_without_the_scope_is_refused(
    route: Route, app: Any, client: httpx.AsyncClient, keys: dict[str, str]
) -> None:
    handler = routes(app)[route]
    if is_page(handler):  # a page takes sessions: no key opens it
        answer = await client.request(route[0], address(route[1]), headers={"Authorization": f"Bearer {keys['admin']}"})
        assert answer.status_code == 303
        return
    enough = {handler.opt.get("requires"), handler.opt.get("or_requires"), "admin"}
    if route in OWN_CHECK:
        enough |= set(NEEDS.values())
    for scope, key in keys.items():
        headers = {"Authorization": f"Bearer {key}"}
        answer = await client.request(route[0], address(route[1]), headers=headers)
        if scope in enough or route in ANY_KEY:
            assert answer.status_code not in {401, 403}, answer.text
        else:
            assert answer.status_code == 403, f"{scope}: {answer.text}"
            assert answer.json()["type"] == "/problems/forbidden"


async def test_a_revoked_key_opens_nothing(chain: Chain, client: httpx.AsyncClient) -> None:
    made = (await chain.http.post("/v1/api-keys", json={"name": "till", "scopes": ["members:read"]})).json()
    headers = {"Authorization": f"Bearer {made['key']}"}
    assert (await client.get("/v1/members", headers=headers)).status_code == 200
    assert (await chain.http.delete(f"/v1/api-keys/{made['id']}")).status_code == 204
    assert (await client.get("/v1/members", headers=headers)).status_code == 401


async def test_a_key_bound_to_branches_sells_there_only(chain: Chain, client: httpx.AsyncClient) -> None:
    other = (await chain.http.post("/v1/branches", json={"code": "two", "name": "二店"})).json()["id"]
    body = {"name": "till", "scopes": ["purchases:write"], "branch_ids": [other]}
    key = (await chain.http.post("/v1/api-keys", json=body)).json()["key"]
    ticket = {"external_id": "1", "amount": 1, "external_amounts": True}
    statuses = []
    for branch in (other, chain.branch_id, NOBODYS.branch):
        answer = await client.post(
            "/v1/purchases", json={**ticket, "branch_id": branch}, headers={"Authorization": f"Bearer {key}"}
        )
        statuses.append((answer.status_code, answer.json().get("type")))
    assert statuses == [(201, None), (403, "/problems/not-permitted"), (403, "/problems/not-permitted")]
