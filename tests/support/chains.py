"""What the fixtures hand out: the embedded servers, and a freshly signed-up chain."""

import secrets
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx

from saas.local.postgres import EmbeddedPostgres
from saas.local.valkey import EmbeddedValkey


@dataclass(frozen=True)
class Servers:
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey


def environment(servers: Servers, files: Path, database: str = "regulars") -> dict[str, str]:
    """The environment of a process that works on these servers."""
    dsn = servers.postgres.dsn
    return {
        "ENVIRONMENT": "test",
        "DATABASE_URL": dsn("app", database),
        "GATE_DATABASE_URL": dsn("gate", database),
        "RELAY_DATABASE_URL": dsn("relay", database),
        "OPERATOR_DATABASE_URL": dsn("operator", database),
        "MIGRATOR_DATABASE_URL": dsn(database=database),
        "REDIS_URL": servers.valkey.url,
        "SECRET_KEYS": secrets.token_urlsafe(32),
        "FILE_STORE": str(files),
        "ARGON2_TIME_COST": "1",
        "ARGON2_MEMORY_KIB": "64",
        "LOG_FORMAT": "json",
        "LOG_LEVEL": "WARNING",
        "PRINCIPAL_CACHE_SECONDS": "0",
        "SIGN_UPS_AN_HOUR": "1000000",
        "WEBHOOK_PRIVATE_TARGETS": "true",
        "RATE_LIMITS": "no",
    }


@dataclass(frozen=True)
class Chain:
    """A freshly signed-up tenant. `http` carries its key."""

    tenant_id: UUID
    key: str
    http: httpx.AsyncClient
    branch_id: str
    email: str
    password: str


async def without_tasks(chain: Chain) -> Chain:
    """Its template's rules of call lists are over: else each publish has a job more, to make the lists anew."""
    from support.clock import owner

    conn = await owner()
    await conn.execute("UPDATE task_rule SET ended_at = clock_timestamp() WHERE tenant_id = $1", chain.tenant_id)
    return chain
