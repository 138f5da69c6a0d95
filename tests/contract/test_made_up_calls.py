"""Calls made up from the contract by Schemathesis, alone and in chains, with all its checks: no server error, no answer
that isn't told, nothing wrong taken, nothing right refused for its form, nothing after it is gone, nothing without a
key.

`CONTRACT_HUNT=40` hunts forty times as long, from another seed each time.
"""

import asyncio
import os
import secrets
import sys
from typing import Any, Final

from client.conftest import address  # noqa: F401 - a fixture
from support.furnish import furnish

from contract.hunting import Bounds, Found, hunt
from saas.contract.document import document

_SEED: Final = 20261123


async def test_no_made_up_call_is_answered_otherwise_than_told(
    app: Any,
    new_chain: Any,
    drain: Any,
    address: str,  # noqa: F811
) -> None:
    chain = (await furnish(await new_chain(), drain, "4712")).chain
    more = int(os.environ.get("CONTRACT_HUNT", "0"))
    seed = secrets.randbits(32) if more else _SEED
    times = max(more, 1)
    bounds = Bounds(seed=seed, edges=2 * times, drawn=2 * times, chains=10 * times, steps=12)
    found = Found()
    await asyncio.to_thread(hunt, document(app), address, chain.key, bounds, found)
    told = "\n\n".join(f"{place}\n{what}" for place, what in sorted(found.wrong.items()))
    assert not found.wrong, f"seed {seed}, {found.calls.total()} calls\n{told}"
    assert len(found.calls) > 200
    assert found.statuses.keys() >= {200, 201, 204, 404, 405, 422}
    sys.stdout.write(f"{bounds}: {found.calls.total()} calls, {found.statuses}, {found.checks}\n")
