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
