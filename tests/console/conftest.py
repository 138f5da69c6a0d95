from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from console.browser import Desk, desk_of


@pytest.fixture
async def desk(app: Any) -> AsyncIterator[Desk]:
    """An operator who is logged in."""
    async with desk_of(app) as made:
        yield made


@pytest.fixture
async def new_desk(app: Any) -> AsyncIterator[Callable[[], Awaitable[Desk]]]:
    opened: list[httpx.AsyncClient] = []

    async def another() -> Desk:
        made = await Desk.new(app)
        opened.append(made.http)
        return made

    yield another
    for http in opened:
        await http.aclose()
