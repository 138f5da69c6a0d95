"""Whether a process lives, whether it can serve, and its metrics."""

import hmac
import os
from typing import Any, Final

import asyncpg
from litestar import Request, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisError

from saas import valkey
from saas.db import role_pool
from saas.errors import DomainError
from saas.migrate import expected_migrations
from saas.settings import get_settings

_SEVERAL: Final = "PROMETHEUS_MULTIPROC_DIR"  # set where the API has several workers (`saas.serve`)
OPEN: dict[str, Any] = {"auth": "none", "scoped": False}


@get("/healthz", opt=OPEN, sync_to_thread=False, include_in_schema=False)
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@get("/readyz", opt=OPEN, include_in_schema=False)
async def readyz() -> Response[dict[str, Any]]:
    """200 when requests can be served: database, schema and cache; 503 names what is missing."""
    checks = {"database": await _database(), "cache": await _cache()}
    ready = all(state == "ok" for state in checks.values())
    return Response({"status": "ok" if ready else "unavailable", "checks": checks}, status_code=200 if ready else 503)


@get("/metrics", opt=OPEN, sync_to_thread=False, include_in_schema=False)
def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Prometheus, of all workers. In production only for who brings `METRICS_TOKEN` as a bearer; without that setting
    it isn't there. Raises DomainError `not-found`.
    """
    settings = get_settings()
    wanted = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if (wanted or settings.environment == "production") and not (
        wanted and hmac.compare_digest(given.encode(), wanted.encode())
    ):
        raise DomainError("not-found")
    if _SEVERAL not in os.environ:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return Response(generate_latest(together), media_type=CONTENT_TYPE_LATEST)


async def _database() -> str:
    try:
        pool = await role_pool("gate")
        done = {r["name"] for r in await pool.fetch("SELECT name FROM public.migration", timeout=2)}
    except asyncpg.UndefinedTableError:
        return "not migrated"
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError):
        return "unreachable"
    missing = expected_migrations() - done
    return "ok" if not missing else f"not migrated: {', '.join(sorted(missing))}"


async def _cache() -> str:
    try:
        await valkey.line().ask("PING")
    except (RedisError, OSError, TimeoutError):
        return "unreachable"
    return "ok"


HANDLERS = [healthz, readyz, metrics]
