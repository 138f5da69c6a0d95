"""A process that asks for something of Stripe and is killed on the way: `Forks("billing/dying.py")` runs it with
`<tenant> <act> <plan> <n>`.

It dies at the nth moment of the operation: once it is written down, after Stripe has answered a step and before that is
written down, or right after that was.
"""

import os
import signal
from dataclasses import replace
from typing import Any
from uuid import UUID

from saas.billing import carrying, operations
from saas.billing.changing import change_plan
from saas.billing.checkout import start_checkout, subscribe_by_invoice
from saas.db import open_pool
from saas.principal import SYSTEM

ACTS: Any = {"checkout": start_checkout, "subscribe": subscribe_by_invoice, "change": change_plan}


class Moments:
    """Counts them down."""

    def __init__(self, left: int) -> None:
        self._left = left

    def passed(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self, work: Any) -> Any:
        async def watched(*args: Any, **kwargs: Any) -> Any:
            answer = await work(*args, **kwargs)
            self.passed()
            return answer

        return watched


async def main(tenant: str, act: str, plan: str, n: str) -> None:
    moments = Moments(int(n))
    operations._begin = moments.after(operations._begin)
    carrying._asked = moments.after(carrying._asked)
    carrying._next_step = moments.after(carrying._next_step)
    await open_pool()
    await ACTS[act](replace(SYSTEM, tenant_id=UUID(tenant), actor="staff:owner"), plan)
