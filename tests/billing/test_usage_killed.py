"""`kill -9` between any two steps of reporting use, or while Stripe is at it: one meter value."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from metering import EVENTS, Metered
from support.chains import Chain
from support.forking import Forks
from support.stripe_box import StripeBox
from using import buy, member

from saas.billing.usage.reporting import report_days, report_final

ROOT = Path(__file__).parents[2]
START = datetime(2026, 11, 10, 4, 30, tzinfo=UTC)
END = datetime(2026, 12, 10, 4, 30, tzinfo=UTC)
STEPS = 8
"""Writing the report, reading what isn't sent, telling Stripe, marking it: one before and one behind each."""


@pytest.fixture
async def shop(new_chain: Callable[..., Awaitable[Chain]], billing_on: StripeBox, drain: Any) -> Metered:
    made = await Metered.opened(await new_chain(), billing_on, drain, START, END)
    for _ in range(3):
        await buy(made.chain, await member(made.chain))
    return made


@pytest.fixture(scope="module")
def forks(environ: dict[str, str]) -> Iterator[Forks]:
    with Forks("billing/usage_process.py") as made:
        yield made


def arguments(shop: Metered, what: str, step: int) -> list[str]:
    return [str(shop.chain.tenant_id), what, str(step), START.isoformat(), END.isoformat()]


async def again(shop: Metered, what: str) -> None:
    """As the next attempt of the job does."""
    if what == "days":
        await report_days(shop.chain.tenant_id, {})
    else:
        await report_final(shop.chain.tenant_id, START, END)


async def told_once(shop: Metered) -> None:
    (report,) = await shop.reports()
    assert (report["value"], report["failed"], report["sent_at"] is not None) == (3, None, True)
    assert shop.value() == 3
    known = len(shop.told())
    assert len([one for one in shop.told() if one["status"] == 200]) == 1
    await report_days(shop.chain.tenant_id, {})
    assert len(shop.told()) == known


@pytest.mark.parametrize("what", ["days", "final"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_between_any_two_steps(shop: Metered, forks: Forks, what: str, step: int) -> None:
    await shop.move(START + timedelta(hours=14) if what == "days" else END)
    assert await forks.run(*arguments(shop, what, step), environ=shop.box.environ) == -signal.SIGKILL
    await again(shop, what)
    await told_once(shop)


async def test_while_stripe_is_at_it(shop: Metered, forks: Forks) -> None:
    """In a process that this one can kill."""
    await shop.move(START + timedelta(hours=14))
    shop.box.faults({"kind": "slow", "path": EVENTS, "times": 1, "seconds": 2})
    process = forks.begin(*arguments(shop, "days", 0), environ={**os.environ, **shop.box.environ})
    async with asyncio.timeout(60):
        while shop.box.control("GET", "faults")["faults"]:  # until it is met
            await asyncio.sleep(0.02)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert shop.told() == []
        while not shop.told():  # Stripe went on by itself
            await asyncio.sleep(0.05)
    await again(shop, "days")
    await told_once(shop)


async def test_nobody_kills_it(shop: Metered, forks: Forks) -> None:
    """The process does its work, so that the others prove something."""
    await shop.move(END)
    assert await forks.run(*arguments(shop, "final", 0), environ=shop.box.environ) == 0
    await told_once(shop)
