"""How a chain is furnished: by its own calls, and where there is none by rows."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from uuid import UUID

import httpx

from saas.scope import connection, tenant_scope

Drain = Callable[[], Awaitable[Any]]
"""Comes back once no job of the chain is due."""


class FurnishingError(RuntimeError):
    """A call that furnishes a chain was refused: what stands on it would prove nothing."""


class Chain(Protocol):
    """A chain to be furnished. `http` carries its key."""

    @property
    def tenant_id(self) -> UUID: ...
    @property
    def key(self) -> str: ...
    @property
    def http(self) -> httpx.AsyncClient: ...
    @property
    def branch_id(self) -> str: ...


async def done(answer: Awaitable[httpx.Response]) -> httpx.Response:
    """The answer. Raises FurnishingError where it is none of success."""
    told = await answer
    if not told.is_success:
        raise FurnishingError(f"{told.request.method} {told.request.url.path}: {told.status_code} {told.text[:300]}")
    return told


async def post(chain: Chain, url: str, body: dict[str, Any], key: str | None = None) -> dict[str, Any]:
    """What a POST made. Raises FurnishingError."""
    headers = {} if key is None else {"Idempotency-Key": key}
    made: dict[str, Any] = (await done(chain.http.post(url, json=body, headers=headers))).json()
    return made


async def write(chain: Chain, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """Rows of what no call makes at once."""
    async with tenant_scope(chain.tenant_id):
        for table, values in rows:
            columns = ", ".join(["tenant_id", *values])
            marks = ", ".join(f"${n}" for n in range(1, len(values) + 2))
            await connection().execute(
                f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING",
                chain.tenant_id,
                *values.values(),
            )


async def change_programme(chain: Chain, **parts: Any) -> None:
    """Publishes the programme with these parts of the document replaced."""
    document = (await chain.http.get("/v1/programme")).json() | parts
    await done(chain.http.put("/v1/programme/draft", json=document))
    await done(chain.http.post("/v1/programme/draft/publish", json={}))
