"""Chains of a module, and colleagues."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
async def shop(new_chain: Callable[..., Awaitable[Any]]) -> Any:
    """One chain for a module's tests that leave each other alone."""
    return await new_chain()


@pytest.fixture(scope="session")
def colleague(app: Any) -> Callable[..., Awaitable[Any]]:
    """`await colleague(chain, "clerk")`: somebody else who works there, to be logged in as."""
    from dataclasses import replace

    from support.colleagues import PASSWORD, hire

    async def hired(chain: Any, role: str, **place: Any) -> Any:
        made = await hire(app, chain, role=role, **place)
        return replace(chain, email=made["email"], password=PASSWORD)

    return hired
