from collections.abc import Awaitable, Callable

import pytest
from support.chains import Chain
from verifying.lived import Lived, live


@pytest.fixture
async def lived(new_chain: Callable[..., Awaitable[Chain]]) -> Lived:
    """A chain with a member who did some of everything."""
    return await live(new_chain)
