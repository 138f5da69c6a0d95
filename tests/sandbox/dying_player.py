"""A worker that plays a move of a sandbox's clock and is killed on the way: `Forks("sandbox/dying_player.py")` runs it
with `<tenant> <n>`.

It dies at the nth moment: before or after any transaction of a job or of the move itself is committed, or before or
after a step of the clock.
"""

import os
import signal
from typing import Any
from uuid import UUID

from saas.db import open_pool
from saas.running import drain
from saas.sandbox import playing
from saas.scope import OpenScope
from saas.worker import load_jobs


class Moments:
    """Counts them down."""

    def __init__(self, left: int) -> None:
        self._left = left

    def passed(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, work: Any) -> Any:
        async def watched(*args: Any, **kwargs: Any) -> Any:
            self.passed()
            answer = await work(*args, **kwargs)
            self.passed()
            return answer

        return watched


async def main(tenant: str, n: str) -> None:
    moments = Moments(int(n))
    load_jobs()
    OpenScope.commit = moments.around(OpenScope.commit)  # type: ignore[method-assign]  # as it is, and counted
    playing._step = moments.around(playing._step)
    await open_pool()
    await drain(UUID(tenant))
