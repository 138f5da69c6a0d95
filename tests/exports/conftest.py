"""A chain with something of everything, for all that only look at it."""

from typing import Any

import pytest
from support.furnish import Furnished, furnish


@pytest.fixture(scope="session")
async def furnished(new_chain: Any, drain: Any) -> Furnished:
    return await furnish(await new_chain(), drain, "0001")
