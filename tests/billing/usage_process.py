"""Reports a chain's use as a process of its own that kills itself with -9 at a given step: for `Forks`, with
`<tenant> days|final <step> [<start> <end>]`.
"""

import os
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from saas.billing.client import close_stripe
from saas.billing.usage import meter, reporting
from saas.db import close_pools, open_pool

STEPS = ["write_days", "write_final", "unsent", "mark_sent"]
_seen = count(1)


def _step(last: int) -> None:
    if next(_seen) == last:
        os.kill(os.getpid(), signal.SIGKILL)


def _with_steps(work: Callable[..., Awaitable[Any]], last: int) -> Callable[..., Awaitable[Any]]:
    """A step before and one behind."""

    async def stepped(*given: Any) -> Any:
        _step(last)
        made = await work(*given)
        _step(last)
        return made

    return stepped


async def main(tenant: str, what: str, step: str, *period: str) -> None:
    last = int(step)
    for name in STEPS:
        setattr(reporting, name, _with_steps(getattr(reporting, name), last))
    meter.tell = _with_steps(meter.tell, last)
    await open_pool()
    if what == "days":
        await reporting.report_days(UUID(tenant), {})
    else:
        start, end = map(datetime.fromisoformat, period)
        await reporting.report_final(UUID(tenant), start, end)
    await close_stripe()
    await close_pools()
