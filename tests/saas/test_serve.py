"""Who a request comes from, behind a reverse proxy."""

from typing import Any

import httpx
import pytest

from saas.app import create_served_app
from saas.settings import get_settings


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
