"""A chain's sandbox, ready to be called with a key of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from support.chains import Chain
from support.clock import owner

from saas.beside import standing


@dataclass(frozen=True, slots=True)
class Box:
    """`id` is its tenant, `http` calls it with `key`."""

    chain: Chain
    id: UUID
    key: str
    http: httpx.AsyncClient


async def made(chain: Chain, drain: Any, app: Any, body: dict[str, Any] | None = None) -> AsyncIterator[Box]:
    """Asked for with `body`; the one box."""
    answer = await chain.http.post("/v1/sandbox", json=body or {})
    assert answer.status_code == 202, answer.text
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(standing, "PAUSE", timedelta())
        await drain()
    told = (await chain.http.get("/v1/sandbox")).json()
    assert told["state"] == "ready", told
    made = await chain.http.post("/v1/sandbox/keys", json={"name": "test", "scopes": ["admin"]})
    assert made.status_code == 201, made.text
    key = made.json()["key"]
    headers = {"Authorization": f"Bearer {key}", "Accept-Language": "en"}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers) as http:
        yield Box(chain, UUID(told["id"]), key, http)


async def count(tenant_id: UUID, table: str) -> int:
    n: int = await (await owner()).fetchval(f"SELECT count(*) FROM {table} WHERE tenant_id = $1", tenant_id)
    return n
