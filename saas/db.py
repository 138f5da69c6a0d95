"""Engine and pools. One pool a role; the API's pool is Piccolo's, so that its queries use it too.

The pools' reset query is empty: every scope ends its own transaction, so there is nothing to reset
(1,361-1,537 → 1,830-2,152 purchases a second). The Connection class below does that.
"""

import asyncio
import json
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

import asyncpg
from piccolo.engine.postgres import PostgresEngine

from saas.settings import get_settings

Role = Literal["app", "gate", "relay", "operator"]

if TYPE_CHECKING:  # generic in asyncpg's stubs only
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:
    Connection, Pool = asyncpg.Connection, asyncpg.Pool


class _Connection(asyncpg.Connection):
    """A connection that is given back to its pool without a round trip."""

    def get_reset_query(self) -> str:
        return ""


async def _init(connection: Any) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=dumps, decoder=json.loads, schema="pg_catalog")


def dumps(value: Any) -> str:
    """JSON for the database: text as it is, no spaces."""
    return _JSON.encode(value)


_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))  # made once: `json.dumps` makes one each time


def pool_options(role: Role) -> dict[str, Any]:
    """Asyncpg's options for a pool that acts as `role`."""
    url = get_settings().url_for(role)
    server_settings = {
        "application_name": f"regulars-{role}",
        "jit": "off",
        "plan_cache_mode": "auto",
        # A machine that dies says no goodbye, and its transaction's locks would stand for hours: the server looks
        # after a minute's silence, and ends what idles inside a transaction.
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "idle_in_transaction_session_timeout": "300s",
    }
    if urlsplit(url).username != role:
        server_settings["role"] = role
    return {
        "dsn": url,
        "connection_class": _Connection,
        "init": _init,
        "server_settings": server_settings,
        "min_size": 1,
        "max_size": get_settings().pool_size if role == "app" else 4,
        "max_inactive_connection_lifetime": 300.0,
        "statement_cache_size": 200,
        # A purchase with everything is one statement of 17 kB; asyncpg's own limit would prepare it anew each time.
        "max_cacheable_statement_size": 256 * 1024,
        "command_timeout": 120.0,
        "timeout": 10.0,
    }


class _LazyEngine(PostgresEngine):
    """Piccolo's engine without its connections at import time (it asks the server for its version)."""

    def __init__(self) -> None:
        super().__init__(config={}, extensions=())

    async def check_version(self) -> None:
        """Nothing here: `regulars doctor` and readiness ask the server."""

    async def prep_database(self) -> None:
        """Nothing: the schema is the migrations' business."""


ENGINE = _LazyEngine()
_gates: dict[Role, Pool] = {}
_opening = asyncio.Lock()


async def open_pool() -> None:
    """Opens the API's pool. Raises what asyncpg raises where the server can't be reached."""
    if ENGINE.pool is None:
        ENGINE.pool = await asyncpg.create_pool(**pool_options("app"))


def app_pool() -> Pool:
    """The API's pool. Raises RuntimeError before `open_pool`."""
    if ENGINE.pool is None:
        raise RuntimeError("the database pool is not open")
    return ENGINE.pool


async def role_pool(role: Role) -> Pool:
    """The small pool of a narrow role, opened at its first use."""
    if role not in _gates:
        async with _opening:
            if role not in _gates:
                _gates[role] = await asyncpg.create_pool(**pool_options(role))
    return _gates[role]


async def close_pools() -> None:
    """Closes every pool, waiting for what still runs."""
    if ENGINE.pool is not None:
        await ENGINE.pool.close()
        ENGINE.pool = None
    for role in list(_gates):
        await _gates.pop(role).close()
