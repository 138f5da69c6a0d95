"""A chain whose webhooks the tests of a module share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from support.chains import Chain


@pytest.fixture(scope="module")
async def mine(new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> Chain:
    """One chain for the whole module: each test has endpoints of its own."""
    return await new_chain()


@pytest.fixture
async def clean(mine: Chain) -> AsyncIterator[Chain]:
    """The same, without endpoints, before and after."""
    await _forget(mine)
    yield mine
    await _forget(mine)


async def _forget(chain: Chain) -> None:
    for one in (await chain.http.get("/v1/webhooks")).json()["data"]:
        assert (await chain.http.delete(f"/v1/webhooks/{one['id']}")).status_code == 204
