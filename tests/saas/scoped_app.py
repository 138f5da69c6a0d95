"""A small application behind the product's own middleware, whose handlers misbehave on demand."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import httpx
from litestar import Litestar, Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.response import Stream
from support.chains import Chain
from support.clock import owner

from saas.auth import AuthMiddleware
from saas.conventions import stamp
from saas.middleware import RequestIdMiddleware, ScopeMiddleware
from saas.problem_details import exception_handlers
from saas.scope import ScopeClosedError, connection, current
from tenants.audit.record import record

SEEN: list[str] = []
"""What handlers and their background tasks tell the test."""


async def mark(request: Request[Any, Any, Any]) -> str:
    """Something written, that a test can count: the request's body."""
    text = (await request.body()).decode()
    await record("test.mark", text)
    return text


async def _backend() -> int:
    pid: int = await connection().fetchval("SELECT pg_backend_pid()")
    return pid


async def _kill(pid: int) -> None:
    conn = await owner()
    assert await conn.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)


@post("/t/mark")
async def plain(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {"marked": await mark(request)}


@post("/t/refused")
async def refused(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    await mark(request)
    return Response({"no": "way"}, status_code=409)


@post("/t/broken")
async def broken(request: Request[Any, Any, Any]) -> None:
    await mark(request)
    raise RuntimeError("a bug")


@post("/t/deferred")
async def deferred(request: Request[Any, Any, Any]) -> dict[str, str]:
    await connection().execute("INSERT INTO test_deferred (tenant_id, parent) VALUES ($1, 7)", current().tenant_id)
    return {"marked": await mark(request)}


@post("/t/swallowed")
async def swallowed(request: Request[Any, Any, Any]) -> dict[str, str]:
    text = await mark(request)
    try:
        await connection().execute("SELECT 1 / 0")
    except asyncpg.DivisionByZeroError:
        SEEN.append("swallowed")
    return {"marked": text}


@post("/t/killed")
async def killed(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Its backend dies; `?go=on` queries once more, else it answers as if nothing was."""
    text = await mark(request)
    await _kill(await _backend())
    if request.query_params.get("go") == "on":
        await connection().fetchval("SELECT 1")
    return {"marked": text}


@post("/t/slow")
async def slow(request: Request[Any, Any, Any]) -> dict[str, str]:
    text = await mark(request)
    SEEN.append(f"slow {text}")
    await asyncio.sleep(float(request.query_params["seconds"]))
    return {"marked": text}


@post("/t/secret", opt={"shows_secret": True})
async def secret(request: Request[Any, Any, Any]) -> dict[str, str]:
    await mark(request)
    return {"key": "rk_live_the_secret_itself"}


@post("/t/after")
async def after(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Does something after COMMIT that goes wrong."""

    async def boom() -> None:
        SEEN.append("after commit")
        raise ConnectionRefusedError("the queue is away")

    current().after_commit.append(boom)
    return {"marked": await mark(request)}


@post("/t/background")
async def background(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    async def late() -> None:
        try:
            connection()
        except ScopeClosedError:
            SEEN.append("closed")

    return Response({"marked": await mark(request)}, background=BackgroundTask(late))


@post("/t/stream")
async def streamed(request: Request[Any, Any, Any]) -> Stream:
    """What a keyed POST must not do: answer in pieces."""
    await mark(request)

    async def pieces() -> AsyncIterator[str]:
        yield "one"
        yield "two"

    return Stream(pieces())


@get("/t/events")
async def events() -> Stream:
    """A stream that outlives its scope: it holds no connection."""
    tenant_id = str(current().tenant_id)

    async def pieces() -> AsyncIterator[str]:
        yield tenant_id
        await asyncio.sleep(0.3)
        try:
            connection()
        except ScopeClosedError:
            yield " closed"

    return Stream(pieces())


def scoped_app() -> Litestar:
    handlers: list[Any] = [plain, refused, broken, deferred, swallowed, killed, slow, secret, after, background]
    return Litestar(
        [*handlers, streamed, events],
        middleware=[RequestIdMiddleware(), AuthMiddleware(), ScopeMiddleware()],
        before_send=[stamp],
        exception_handlers=exception_handlers,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=1000,
    )


def caller(chain: Chain, app: Litestar | None = None) -> httpx.AsyncClient:
    """A client of the small application with the chain's key."""
    transport = httpx.ASGITransport(app=app or scoped_app(), raise_app_exceptions=False)  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {chain.key}", "Accept-Language": "en"}
    return httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)


async def marked(chain: Chain) -> list[str]:
    """What handlers have written that lasted, in order."""
    rows = await (await owner()).fetch(
        "SELECT target FROM audit WHERE tenant_id = $1 AND action = 'test.mark' ORDER BY id", chain.tenant_id
    )
    return [row["target"] for row in rows]


async def kept_keys(chain: Chain) -> int:
    """How many idempotency keys of the chain are stored."""
    found: int = await (await owner()).fetchval(
        "SELECT count(*) FROM idempotency WHERE tenant_id = $1", chain.tenant_id
    )
    return found


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and problem type, once the answer is a proper problem."""
    assert answer.headers["content-type"].partition(";")[0] == "application/problem+json", answer.text
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["instance"] == answer.headers["x-request-id"]
    return answer.status_code, body["type"].removeprefix("/problems/")
