"""What replays are tried on."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from lives import Lived, live
from support.chains import Chain


@pytest.fixture(scope="module")
async def a_life(new_chain: Callable[..., Awaitable[Chain]], drain: Any) -> Lived:
    return await live(new_chain, drain)
