"""What the proofs are tried on."""

from collections.abc import Awaitable, Callable

import pytest
from lived import Lived, live
from support.chains import Chain


@pytest.fixture(scope="module")
async def lived(new_chain: Callable[..., Awaitable[Chain]]) -> Lived:
    return await live(new_chain)
