"""Endpoints by the API: written down, changed, their secrets, and what is refused."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sending_out import endpoint
from support.chains import Chain
from support.clock import owner

URL = "https://hooks.example.com/regulars"


async def test_a_secret_is_shown_once_and_lies_sealed(clean: Chain) -> None:
    made = await endpoint(clean, URL, types=["tier.changed", "member.created", "tier.changed"], description="到店")
    assert made["secret"].startswith("whsec_")
    assert (made["url"], made["types"]) == (URL, ["member.created", "tier.changed"])
    assert (made["enabled"], made["state"], made["waiting"], made["failed"]) == (True, "on", 0, 0)
    read = await clean.http.get(f"/v1/webhooks/{made['id']}")
    listed = await clean.http.get("/v1/webhooks")
    assert read.json() == listed.json()["data"][0] == {k: v for k, v in made.items() if k != "secret"}
    sealed = await (await owner()).fetchval("SELECT sealed FROM webhook_secret WHERE tenant_id = $1", clean.tenant_id)
    assert made["secret"].removeprefix("whsec_") not in sealed
    told = (await clean.http.get("/v1/audit-log")).json()["data"][0]
    assert (told["action"], told["target"]) == ("webhook.create", f"webhook:{made['id']}")
    assert "whsec_" not in str(told)


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/url", "required"),
        ({"url": "no address"}, "/url", "invalid-url"),
        ({"url": "https://hooks.example.com/\u202e"}, "/url", "invalid-url"),
        ({"url": "ftp://hooks.example.com"}, "/url", "invalid-url"),
        ({"url": "https://169.254.169.254/latest"}, "/url", "private-address"),
        ({"url": f"https://hooks.example.com/{'a' * 2000}"}, "/url", "too-long"),
        ({"url": URL, "types": []}, "/types", "too-few"),
        ({"url": URL, "types": ["member.sneezed"]}, "/types/0", "unknown-event-type"),
        ({"url": URL, "description": " "}, "/description", "blank"),
        ({"url": URL, "description": "x" * 501}, "/description", "too-long"),
        ({"url": URL, "enabled": "yes"}, "/enabled", "wrong-type"),
        ({"url": URL, "secret": "whsec_bWluZQ=="}, "/secret", "unknown-field"),
    ],
)
async def test_what_is_wrong_is_named(mine: Chain, body: dict[str, Any], pointer: str, code: str) -> None:
    answer = await mine.http.post("/v1/webhooks", json=body)
    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]


async def test_what_is_left_out_stays(clean: Chain) -> None:
    made = await endpoint(clean, URL, types=["tier.changed"], description="Till")
    path = f"/v1/webhooks/{made['id']}"
    off = (await clean.http.patch(path, json={"enabled": False})).json()
    assert (off["enabled"], off["state"], off["types"], off["url"]) == (False, "off", ["tier.changed"], URL)
    other = (await clean.http.patch(path, json={"types": None, "description": None, "url": f"{URL}/2"})).json()
    assert (other["types"], other["description"], other["url"], other["state"]) == (None, None, f"{URL}/2", "off")
    assert (await clean.http.patch(path, json={"enabled": True})).json()["state"] == "on"
    assert (await clean.http.patch(path, json={"url": None})).status_code == 422
    acts = [one["action"] for one in (await clean.http.get("/v1/audit-log")).json()["data"]]
    assert acts[:4] == ["webhook.change", "webhook.change", "webhook.change", "webhook.create"]


async def test_a_deleted_one_is_gone_with_its_secrets(clean: Chain) -> None:
    made = await endpoint(clean, URL)
    path = f"/v1/webhooks/{made['id']}"
    assert (await clean.http.delete(path)).status_code == 204
    for answer in (
        await clean.http.get(path),
        await clean.http.patch(path, json={"enabled": True}),
        await clean.http.delete(path),
        await clean.http.get(f"{path}/deliveries"),
        await clean.http.post(f"{path}/test"),
        await clean.http.post(f"{path}/rotate"),
        await clean.http.post(f"{path}/replay", json={"failed": True}),
    ):
        assert answer.status_code == 404
    kept = "SELECT count(*) FROM webhook_secret WHERE tenant_id = $1 AND endpoint_id = $2::text::uuid"
    assert await (await owner()).fetchval(kept, clean.tenant_id, made["id"]) == 0


async def test_there_is_room_for_twenty(clean: Chain) -> None:
    for n in range(20):
        last = await endpoint(clean, f"{URL}/{n}")
    full = await clean.http.post("/v1/webhooks", json={"url": URL})
    assert (full.status_code, full.json()["type"]) == (409, "/problems/too-many-webhooks")
    await clean.http.delete(f"/v1/webhooks/{last['id']}")
    await endpoint(clean, URL)


async def test_who_may(clean: Chain, client: Any) -> None:
    """The scope, and a view of every branch: an event may be of any."""
    made = await endpoint(clean, URL)
    bound = {"name": "x", "scopes": ["webhooks:write"], "branch_ids": [clean.branch_id]}
    for body, status in (
        ({"name": "x", "scopes": ["reports:read"]}, 403),
        (bound, 403),
        ({"name": "x", "scopes": ["webhooks:write"]}, 200),
    ):
        key = (await clean.http.post("/v1/api-keys", json=body)).json()["key"]
        auth = {"Authorization": f"Bearer {key}"}
        for path in ("", "/deliveries", f"/{made['id']}", f"/{made['id']}/deliveries"):
            answer = await client.get(f"/v1/webhooks{path}", headers=auth)
            assert answer.status_code == status, (body, path)
        assert (await client.post(f"/v1/webhooks/{made['id']}/rotate", headers=auth, json={})).status_code == status


async def test_a_repeat_makes_no_second_one_and_shows_no_secret(clean: Chain) -> None:
    headers = {"Idempotency-Key": "once"}
    first = await clean.http.post("/v1/webhooks", json={"url": URL}, headers=headers)
    again = await clean.http.post("/v1/webhooks", json={"url": URL}, headers=headers)
    assert (first.status_code, again.status_code) == (201, 409)
    assert len((await clean.http.get("/v1/webhooks")).json()["data"]) == 1


async def test_a_neighbours_are_nobodys(clean: Chain, new_chain: Callable[..., Awaitable[Chain]]) -> None:
    made = await endpoint(clean, URL)
    neighbour = await new_chain()
    assert (await neighbour.http.get("/v1/webhooks")).json()["data"] == []
    assert (await neighbour.http.get(f"/v1/webhooks/{made['id']}")).status_code == 404
    assert (await neighbour.http.post(f"/v1/webhooks/{made['id']}/test")).status_code == 404
