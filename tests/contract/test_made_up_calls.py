"""Calls made up from the contract by Schemathesis, alone and in chains, with all its checks: no server error, no answer
that isn't told, nothing wrong taken, nothing right refused for its form, nothing after it is gone, nothing without a
key.

`CONTRACT_HUNT=40` hunts forty times as long, from another seed each time; `CONTRACT_SEED=…` is the seed, to hunt again
what was found.
"""

import asyncio
import os
import secrets
import sys
from typing import Any, Final

import pytest
from client.conftest import address  # noqa: F401 - a fixture
from sandbox.boxes import made
from support.furnish import furnish
from support.payer import payer

from contract.found import Found
from contract.hunting import Bounds, hunt
from saas.contract.document import document
from saas.contract.operations import calls

_SEED: Final = 20261123


async def test_no_made_up_call_is_answered_otherwise_than_told(
    app: Any,
    new_chain: Any,
    drain: Any,
    billing_on: Any,
    address: str,  # noqa: F811
) -> None:
    more = int(os.environ.get("CONTRACT_HUNT", "0"))
    seed = int(os.environ.get("CONTRACT_SEED") or (secrets.randbits(32) if more else _SEED))
    times = max(more, 1)
    bounds = Bounds(seed=seed, edges=2 * times, drawn=2 * times, chains=10 * times, steps=12)
    contract, found = document(app), Found()

    paying = await payer(new_chain, drain, billing_on)
    await paying.subscribes()
    async for box in made(paying.chain, drain, app):
        await asyncio.to_thread(hunt, contract, address, box.key, bounds, found, below="/v1/sandbox")
    for part in ("/v1/billing", "/v1/billing/cancel"):
        await asyncio.to_thread(hunt, contract, address, paying.chain.key, bounds, found, below=part)
    chain = (await furnish(await new_chain(), drain, "4712")).chain
    await asyncio.to_thread(hunt, contract, address, chain.key, bounds, found)

    sys.stdout.write(f"{bounds}: {found.calls.total()} calls, {found.statuses}, {found.checks}\n")
    if told := found.told():
        pytest.fail(f"CONTRACT_HUNT={more} CONTRACT_SEED={seed}: {told}", pytrace=False)
    assert found.calls.keys() == {call.key for call in calls(app)}
    assert found.statuses.keys() >= {200, 201, 204, 404, 405, 422}
