"""Whether a process lives, whether it can serve, and its metrics."""

import os
from typing import Any, Final

import asyncpg
from litestar import Response, get
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from redis.asyncio import Redis
from redis.exceptions import RedisError

from saas.db import role_pool
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
def metrics() -> Response[bytes]:
    """Prometheus, of all workers. Not public in production: the reverse proxy keeps it inside."""
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
    redis = Redis.from_url(get_settings().redis_url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2)
    try:
        await redis.ping()
    except (RedisError, OSError):
        return "unreachable"
    finally:
        await redis.aclose()
    return "ok"


HANDLERS = [healthz, readyz, metrics]
