"""Counts round trips to the database where they happen: on the wire.

A proxy stands between a pool and PostgreSQL. A round trip is the client speaking after the server has spoken,
however many statements it says in one breath.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from saas.db import ENGINE, pool_options


class RoundTrips:
    """How many there were since `reset`."""

    def __init__(self) -> None:
        self.count = 0

    def reset(self) -> None:
        self.count = 0


@asynccontextmanager
async def counted() -> AsyncIterator[RoundTrips]:
    """The API's pool is one connection through the proxy as long as this lasts."""
    options = pool_options("app")
    address = urlsplit(options["dsn"])
    trips = RoundTrips()
    proxy = await asyncio.start_server(_between(address.hostname or "", address.port or 5432, trips), "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    login = address.netloc.rpartition("@")[0]
    dsn = urlunsplit(address._replace(netloc=f"{login}@127.0.0.1:{port}"))
    before: Any = ENGINE.pool
    ENGINE.pool = await asyncpg.create_pool(**{**options, "dsn": dsn, "min_size": 1, "max_size": 1})
    try:
        yield trips
    finally:
        await ENGINE.pool.close()
        ENGINE.pool = before
        proxy.close()
        await proxy.wait_closed()


def _between(host: str, port: int, trips: RoundTrips) -> Any:
    async def serve(from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(host, port)
        answered = True

        async def upwards() -> None:
            nonlocal answered
            while data := await from_client.read(65536):
                if answered:
                    trips.count += 1
                    answered = False
                to_server.write(data)
            to_server.close()

        async def downwards() -> None:
            nonlocal answered
            while data := await from_server.read(65536):
                answered = True
                to_client.write(data)
            to_client.close()

        await asyncio.gather(upwards(), downwards())

    return serve
