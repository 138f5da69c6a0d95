import re

import httpx
import pytest
from support.chains import Chain

from saas.settings import get_settings


async def test_requests_are_measured_by_route_and_not_by_address(chain: Chain, client: httpx.AsyncClient) -> None:
    member = (await chain.http.post("/v1/members", json={"name": "王秀"})).json()["id"]
    await chain.http.get(f"/v1/members/{member}")
    metrics = (await client.get("/metrics")).text
    assert re.search(
        r'regulars_http_seconds_count\{method="GET",route="/v1/members/{[^}]*}",status="200"\} \d', metrics
    )
    assert member not in metrics


async def test_ready_names_every_server(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": "ok", "cache": "ok"})


async def test_every_answer_has_its_id_and_version(client: httpx.AsyncClient) -> None:
    for answer in (await client.get("/v1/nothing"), await client.delete("/v1/signup"), await client.get("/healthz")):
        assert answer.headers["x-request-id"]
        assert answer.headers["regulars-version"] == "2026-11-01"
    missing = await client.get("/v1/nothing")
    assert missing.json()["instance"] == missing.headers["x-request-id"]


async def test_the_contract_is_ours_alone(client: httpx.AsyncClient) -> None:
    contract = (await client.get("/openapi.json")).json()
    assert "/v1/purchases" in contract["paths"]
    assert (await client.get("/schema")).status_code == 404


@pytest.mark.parametrize(
    ("production", "token", "given", "status"),
    [
        (False, None, None, 200),
        (True, None, None, 404),
        (True, None, "Bearer ", 404),
        (True, "a-token-for-prometheus", None, 404),
        (True, "a-token-for-prometheus", "Bearer a-token-for-prometheu", 404),
        (True, "a-token-for-prometheus", "Bearer a-token-for-prometheus", 200),
        (False, "a-token-for-prometheus", None, 404),
    ],
)
async def test_metrics_are_for_who_brings_the_token(
    client: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    production: bool,
    token: str | None,
    given: str | None,
    status: int,
) -> None:
    if production:
        monkeypatch.setenv("ENVIRONMENT", "production")
        monkeypatch.setenv("PUBLIC_URL", "https://regulars.example")
    if token:
        monkeypatch.setenv("METRICS_TOKEN", token)
    get_settings.cache_clear()
    try:
        answer = await client.get("/metrics", headers={"Authorization": given} if given else {})
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert answer.status_code == status
    assert ("regulars_http_seconds" in answer.text) == (status == 200)
