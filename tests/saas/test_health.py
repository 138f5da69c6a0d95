import re

import httpx
from support.chains import Chain


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
