"""A chain's rate, by its plan. Remembered for a minute in each process: so long a new plan may take to count."""

import time
from collections import OrderedDict
from typing import Final
from uuid import UUID

import asyncpg

from saas.plans.catalogue import plan
from saas.scope import connection, tenant_scope

_SECONDS: Final = 60.0
_SIZE: Final = 20_000
_PLAN: Final = "SELECT plan, plan_revision FROM tenant WHERE tenant_id = $1"


class Rates:
    """The chains' requests a second."""

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, tuple[float, int]] = OrderedDict()

    async def of(self, tenant_id: UUID) -> int | None:
        """None where the database can't tell, or knows no such tenant."""
        known = self._known.get(tenant_id)
        if known is not None:
            if known[0] > time.monotonic():
                return known[1]
            self._keep(tenant_id, known[1])  # meanwhile the others go by what was
        rate = await _read(tenant_id)
        if rate is not None:
            self._keep(tenant_id, rate)
        return rate

    def _keep(self, tenant_id: UUID, rate: int) -> None:
        self._known[tenant_id] = (time.monotonic() + _SECONDS, rate)
        self._known.move_to_end(tenant_id)
        while len(self._known) > _SIZE:
            self._known.popitem(last=False)


async def _read(tenant_id: UUID) -> int | None:
    try:
        async with tenant_scope(tenant_id):
            row = await connection().fetchrow(_PLAN, tenant_id)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError):
        return None  # the request itself will say what is wrong
    return None if row is None else plan(row["plan"], row["plan_revision"]).requests_per_second
