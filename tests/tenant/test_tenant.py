"""A tenant's own settings."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

NewChain = Callable[..., Awaitable[Any]]


async def buy(chain: Any) -> None:
    ticket = {"branch_id": chain.branch_id, "external_id": "x", "amount": 1, "external_amounts": True}
    assert (await chain.http.post("/v1/purchases", json=ticket)).status_code == 201


async def test_shows_settings_plan_limits_and_use(chain: Any) -> None:
    await chain.http.post("/v1/members", json={"name": "Ann"})
    tenant = (await chain.http.get("/v1/tenant")).json()
    assert tenant["id"] == str(chain.tenant_id)
    assert (tenant["plan"], tenant["status"]) == ("trial", "trialing")
    assert tenant["use"] == {"members": 1, "branches": 1, "active_members": 0}
    assert tenant["limits"] == {"branches": 20, "members_included": 10_000, "requests_per_second": 50}  # growth's


async def test_time_zone_and_currency_change_until_the_first_fact(new_chain: NewChain) -> None:
    from saas.scope import connection, tenant_scope

    chain = await new_chain(template="pharmacy", timezone="Asia/Shanghai")
    next_at = "SELECT next_at AT TIME ZONE 'UTC' FROM schedule WHERE tenant_id = $1"
    async with tenant_scope(chain.tenant_id):
        assert (await connection().fetchval(next_at, chain.tenant_id)).hour == 16
    answer = await chain.http.patch("/v1/tenant", json={"timezone": "UTC", "currency": "EUR", "name": "Neu"})
    assert answer.status_code == 200, answer.text
    tenant = answer.json()
    assert (tenant["timezone"], tenant["currency"], tenant["name"]) == ("UTC", "EUR", "Neu")
    assert tenant["programme_version"] == 2
    async with tenant_scope(chain.tenant_id):
        assert (await connection().fetchval(next_at, chain.tenant_id)).hour == 0
    programme = (await chain.http.get("/v1/programme")).json()
    assert (programme["currency"], programme["version"]) == ("EUR", 2)

    await buy(chain)
    for change in ({"timezone": "Asia/Tokyo"}, {"currency": "JPY"}):
        refused = await chain.http.patch("/v1/tenant", json={**change, "name": "No"})
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/settings-frozen")
    same = await chain.http.patch("/v1/tenant", json={"timezone": "UTC", "currency": "EUR", "locale": "en"})
    assert (same.status_code, same.json()["locale"], same.json()["name"]) == (200, "en", "Neu")
    acts = (await chain.http.get("/v1/audit-log")).json()["data"]
    changes = [act["detail"] for act in acts if act["action"] == "tenant.change"]
    assert changes == [{"locale": "en"}, {"name": "Neu", "timezone": "UTC", "currency": "EUR"}]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"name": None}, "/name", "required"),
        ({"name": " "}, "/name", "blank"),
        ({"timezone": "Shanghai"}, "/timezone", "invalid-timezone"),
        ({"status": "active"}, "/status", "unknown-field"),
        ({"plan": "gold"}, "/plan", "unknown-field"),
    ],
)
async def test_refuses_bad_input(chain: Any, body: dict[str, Any], pointer: str, code: str) -> None:
    answer = await chain.http.patch("/v1/tenant", json=body)
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [(pointer, code)]


async def test_the_audit_log_pages_newest_first(chain: Any) -> None:
    for n in range(4):
        await chain.http.patch("/v1/tenant", json={"name": f"Name {n}"})
    seen: list[str] = []
    path = "/v1/audit-log?limit=3"
    while True:
        answer = (await chain.http.get(path)).json()
        seen += [act["detail"].get("name") for act in answer["data"] if act["action"] == "tenant.change"]
        if answer["next_cursor"] is None:
            break
        path = f"/v1/audit-log?limit=3&cursor={answer['next_cursor']}"
    assert seen == ["Name 3", "Name 2", "Name 1", "Name 0"]
