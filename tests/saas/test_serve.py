"""The API as it is served: behind a reverse proxy, by several workers."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from uuid_utils.compat import uuid7

from saas.app import create_served_app
from saas.local.process import end, free_port, spawn
from saas.scope import tenant_scope
from saas.settings import get_settings
from tenants.jobs.job import new_job


async def echo(scope: Any, _receive: Any, send: Any) -> None:
    """Answers with the caller's address."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["client"][0].encode()})


@pytest.mark.usefixtures("environ")
@pytest.mark.parametrize(
    ("trusted", "peer", "seen"),
    [
        ("10.0.0.0/8", "10.0.0.5", "203.0.113.9"),
        ("10.0.0.0/8", "198.51.100.1", "198.51.100.1"),  # anybody can send the header
        ("", "10.0.0.5", "10.0.0.5"),
    ],
)
async def test_only_a_trusted_proxy_says_who_asks(
    trusted: str, peer: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saas.app.create_app", lambda: echo)
    monkeypatch.setenv("TRUSTED_PROXIES", trusted)
    get_settings.cache_clear()
    try:
        app: Any = create_served_app()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    transport = httpx.ASGITransport(app=app, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
        answer = await http.get("/", headers={"X-Forwarded-For": "192.0.2.66, 203.0.113.9"})
    assert answer.text == seen


@pytest.mark.usefixtures("database")
async def test_a_scrape_shows_what_all_workers_served(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "saas.cli", "serve", "--port", str(port), "--workers", "2"]
    with (tmp_path / "api.log").open("wb") as log:
        server = spawn(
            command,
            death_signal=signal.SIGKILL,
            environment=dict(os.environ),
            folder=Path(__file__).parents[2],
            output=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        await _answers(url)
        # A connection of its own for each: the workers share them out.
        async with httpx.AsyncClient(base_url=url, headers={"Connection": "close"}) as http:
            for _ in range(20):
                assert (await http.get("/v1/templates/courier")).status_code == 200
            seen = {await _counted(http) for _ in range(6)}
    finally:
        await asyncio.to_thread(end, server, (signal.SIGTERM, 15.0))
    assert seen == {20}


async def _answers(url: str) -> None:
    async with httpx.AsyncClient(base_url=url) as http:
        for _ in range(900):
            try:
                await http.get("/healthz")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
            else:
                return
    raise AssertionError("the server doesn't answer")


async def _counted(http: httpx.AsyncClient) -> int:
    metrics = (await http.get("/metrics")).text
    counts = re.findall(
        r'regulars_http_seconds_count\{method="GET",route="/v1/templates/[^"]*",status="200"\} (\d+)', metrics
    )
    return sum(int(count) for count in counts)


async def test_who_follows_a_job_keeps_no_server_from_ending(chain: Any, tmp_path: Path) -> None:
    job_id = uuid7()
    async with tenant_scope(chain.tenant_id):
        await new_job(job_id, "test")
    port = free_port()
    command = [sys.executable, "-m", "saas.cli", "serve", "--port", str(port)]
    with (tmp_path / "api.log").open("wb") as log:
        server = spawn(
            command,
            death_signal=signal.SIGKILL,
            environment=dict(os.environ),
            folder=Path(__file__).parents[2],
            output=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        await _answers(url)
        headers = {"Authorization": f"Bearer {chain.key}"}
        async with (
            httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as http,
            http.stream("GET", f"/v1/jobs/{job_id}/events") as stream,
        ):
            parts = stream.aiter_bytes()
            assert (await anext(parts)).startswith(b"retry:")
            server.send_signal(signal.SIGTERM)
            assert b"event: queued" in b"".join([part async for part in parts]), "it ends as a stream ends"
        assert await asyncio.to_thread(server.wait, 15) == 0
    finally:
        await asyncio.to_thread(end, server, (signal.SIGTERM, 15.0))
    assert "Killing" not in (tmp_path / "api.log").read_text()
