"""The application behind a real socket, in this process: what the clients and the guide's commands talk to."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from granian.constants import Interfaces
from granian.server.embed import Server


@pytest.fixture(scope="session")
async def address(app: Any) -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(app, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    serving = asyncio.ensure_future(server.serve())
    while True:
        assert not serving.done()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            break
    yield f"http://127.0.0.1:{port}"
    server.stop()
    await serving
