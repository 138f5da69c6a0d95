"""Processes that do a small step again and again: the relay and the scheduler."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from saas.broker import UNREACHABLE
from saas.db import close_pools

log = logging.getLogger(__name__)

Step = Callable[[], Awaitable[float]]
"""Does one step and returns how many seconds to wait before the next."""

# InternalClientError: asyncpg's name for a connection whose server said goodbye a moment before it was used.
AWAY: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    TimeoutError,
    *UNREACHABLE,
)
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0


async def repeat(step: Step, stop: asyncio.Event) -> None:
    """Repeats `step` until `stop`, a step in progress is finished. While a server is away it tries again with
    pauses that grow to 5 s; any other error ends it (and the process: a supervisor starts it anew).
    """
    pause = 0.0
    while not stop.is_set():
        try:
            wait = await step()
            pause = 0.0
        except AWAY as error:
            pause = wait = min(pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
            log.warning("waiting %.1f s: %s: %s", wait, type(error).__name__, error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)


async def run_until_signal(*steps: Step) -> None:
    """Repeats all `steps` side by side until SIGTERM or SIGINT, then closes the pools."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(repeat(step, stop))
    finally:
        await close_pools()
