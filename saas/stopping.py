"""Whether this process of a server is about to end. Granian lets requests finish and kills who takes longer than
`saas.serve` allows: what waits for long ends by itself, so that all the rest is closed in peace.
"""

import asyncio
import signal
from typing import Final

SIGNAL: Final = signal.SIGUSR1
"""What the server's own process sends its workers beforehand; SIGTERM is Granian's in them."""

_stopping: Final = asyncio.Event()


def listen() -> None:
    """To be called in the loop of a worker."""
    asyncio.get_running_loop().add_signal_handler(SIGNAL, _stopping.set)


async def pause(seconds: float) -> bool:
    """Waits so long, or until the process is about to end: whether it is."""
    try:
        async with asyncio.timeout(seconds):
            return await _stopping.wait()
    except TimeoutError:
        return False
