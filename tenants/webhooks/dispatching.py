"""The dispatcher: one in each worker, beside its jobs. It leases deliveries that are due and carries them out, many at
a time, on the worker's event loop.

A slow server holds up nobody but itself: an endpoint has a few in the air at a time, one that fails has one, a chain
has a few endpoints' worth, and the slow ones of all chains half of the places (`sharing`). Several dispatchers may run:
a delivery is locked and leased in one statement.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Final
from uuid import UUID

import structlog
from prometheus_client import Gauge

from saas.closed import CLOSED
from saas.db import Pool, role_pool
from saas.loops import AWAY
from tenants.webhooks.carrying import Parcel, carry, read, write_down
from tenants.webhooks.pace import QUICK_SECONDS, Pace, Pair
from tenants.webhooks.sharing import Sharing

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

LEASE_SECONDS: Final = 60
"""Longer than a request may take (`WEBHOOK_TIMEOUT_SECONDS`), with the time to write down what came of it."""
PAIRS_A_POLL: Final = 500
POLL_SECONDS: Final = 0.25
_SCOPES: Final = 4  # of the process's connections
_LAST_SECONDS: Final = 5.0  # at a stop, for what is in the air

IN_THE_AIR = Gauge("regulars_webhooks_in_the_air", "Webhooks that wait for an answer")

# From one endpoint that has something waiting to the next, an index probe each; then whose is due.
_PAIRS: Final = """
WITH RECURSIVE hop AS (
    (SELECT d.tenant_id, d.endpoint_id, 1 AS n FROM webhook_delivery d
      WHERE d.state = 'waiting' AND (d.tenant_id, d.endpoint_id) > ($1, $2)
      ORDER BY d.tenant_id, d.endpoint_id LIMIT 1)
    UNION ALL
    SELECT x.tenant_id, x.endpoint_id, hop.n + 1
      FROM hop CROSS JOIN LATERAL (
        SELECT d.tenant_id, d.endpoint_id FROM webhook_delivery d
         WHERE d.state = 'waiting' AND (d.tenant_id, d.endpoint_id) > (hop.tenant_id, hop.endpoint_id)
         ORDER BY d.tenant_id, d.endpoint_id LIMIT 1) x
     WHERE hop.n < $3
)
SELECT h.tenant_id, h.endpoint_id, e.failing_since IS NOT NULL AS failing,
       e.state = 'on' AND t.status <> ALL ($4) AND EXISTS (
        SELECT FROM webhook_delivery d WHERE d.tenant_id = h.tenant_id AND d.endpoint_id = h.endpoint_id
           AND d.state = 'waiting' AND d.next_at <= statement_timestamp()) AS due
  FROM hop h
  JOIN webhook_endpoint e ON e.tenant_id = h.tenant_id AND e.id = h.endpoint_id
  JOIN tenant t ON t.tenant_id = h.tenant_id
 ORDER BY h.tenant_id, h.endpoint_id
"""
_LEASE: Final = """
WITH due AS MATERIALIZED (
    SELECT w.tenant_id, w.id
      FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS a (tenant_id, endpoint_id, room)
     CROSS JOIN LATERAL (
        SELECT d.tenant_id, d.id FROM webhook_delivery d
         WHERE d.tenant_id = a.tenant_id AND d.endpoint_id = a.endpoint_id AND d.state = 'waiting'
           AND d.next_at <= statement_timestamp()
         ORDER BY d.next_at LIMIT a.room FOR UPDATE SKIP LOCKED) w
)
UPDATE webhook_delivery d SET next_at = clock_timestamp() + make_interval(secs => $4)
  FROM due WHERE d.tenant_id = due.tenant_id AND d.id = due.id
RETURNING d.tenant_id, d.endpoint_id, d.id
"""
_NOBODY: Final = UUID(int=0)


class Dispatcher:
    """One dispatcher, and what it has in the air."""

    def __init__(self) -> None:
        self._after: Pair = (_NOBODY, _NOBODY)  # how far the endpoints were looked through
        self._air: dict[UUID, tuple[Pair, float]] = {}  # what is out, and since when
        self._pace = Pace()
        self._sharing = Sharing()
        self._tasks: set[asyncio.Task[None]] = set()
        self._landed = asyncio.Event()
        self._scopes = asyncio.Semaphore(_SCOPES)

    async def poll(self) -> float:
        """Leases what is due and has room and sends it on its way; returns the seconds to wait before the next poll.
        Raises asyncpg's errors: what is leased and not sent goes after the lease.
        """
        self._landed.clear()
        _, full = await self.lease()
        if self._after[0] != _NOBODY:
            return 0.0
        if not full:
            return POLL_SECONDS
        with contextlib.suppress(TimeoutError):  # there is more, and it may go as soon as there is room
            await asyncio.wait_for(self._landed.wait(), POLL_SECONDS)
        return 0.0

    async def lease(self) -> tuple[int, bool]:
        """One round of a poll: how many went, and whether somebody's room was used up."""
        pool = await role_pool("relay")
        rows = await pool.fetch(_PAIRS, *self._after, PAIRS_A_POLL, sorted(CLOSED))
        more = len(rows) == PAIRS_A_POLL
        self._after = (rows[-1]["tenant_id"], rows[-1]["endpoint_id"]) if more else (_NOBODY, _NOBODY)
        due = {(row["tenant_id"], row["endpoint_id"]): row["failing"] for row in rows if row["due"]}
        rooms = self._rooms(due)
        leased = await self._send_off(pool, rooms) if rooms else 0
        return leased, leased == sum(rooms.values()) and bool(due)

    async def settle(self) -> None:
        """Waits for all that is in the air."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def stop(self) -> None:
        """Gives what is in the air a moment. The rest goes again, from elsewhere, when its lease has ended."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_SECONDS)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _rooms(self, due: dict[Pair, bool]) -> dict[Pair, int]:
        """How many of each endpoint may go now; `due` says of each whether it fails."""
        out = Counter(pair for pair, _ in self._air.values())
        late = time.monotonic() - QUICK_SECONDS
        waited_for = {pair for pair, since in self._air.values() if since < late}
        quick = {pair for pair in {*due, *out} if pair not in waited_for and self._pace.quick(pair)}
        return self._sharing.rooms(due, out, quick)

    async def _send_off(self, pool: Pool, rooms: dict[Pair, int]) -> int:
        tenants, endpoints = zip(*rooms, strict=True)
        rows = await pool.fetch(_LEASE, list(tenants), list(endpoints), list(rooms.values()), LEASE_SECONDS)
        by_tenant: dict[UUID, dict[UUID, Pair]] = {}
        for row in rows:
            pair = (row["tenant_id"], row["endpoint_id"])
            by_tenant.setdefault(row["tenant_id"], {})[row["id"]] = pair
            self._air[row["id"]] = (pair, time.monotonic())
        for tenant_id, leased in by_tenant.items():
            self._begin(self._carry_out(tenant_id, leased))
        IN_THE_AIR.set(len(self._air))
        return len(rows)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, tenant_id: UUID, leased: dict[UUID, Pair]) -> None:
        """One chain's deliveries, each by itself once they are read."""
        left = dict(leased)
        try:
            async with self._scopes:
                parcels = await read(tenant_id, list(leased))
            for parcel in parcels:
                pair = left.pop(parcel.id)
                self._air[parcel.id] = (pair, time.monotonic())
                self._begin(self._one(parcel, pair))
        except AWAY as error:
            log.warning("webhooks put off", error=type(error).__name__, deliveries=len(left))
        except Exception:
            log.exception("webhooks put off", deliveries=len(left))
        finally:
            for delivery_id in left:  # turned off or taken back meanwhile
                self._land(delivery_id)

    async def _one(self, parcel: Parcel, pair: Pair) -> None:
        try:
            attempt = await carry(parcel)
            self._pace.took(pair, attempt.milliseconds / 1000)
            async with self._scopes:
                await write_down(parcel, attempt)
        except AWAY as error:
            log.warning("webhook not written down", delivery_id=str(parcel.id), error=type(error).__name__)
        except Exception:
            log.exception("webhook not written down", delivery_id=str(parcel.id))
        finally:
            self._land(parcel.id)

    def _land(self, delivery_id: UUID) -> None:
        self._air.pop(delivery_id, None)
        IN_THE_AIR.set(len(self._air))
        self._landed.set()


async def deliver_due() -> None:
    """Carries out what is due, until nothing is: for tests and commands."""
    dispatcher = Dispatcher()
    while (await dispatcher.lease())[0]:
        await dispatcher.settle()


LOOP = Dispatcher
"""What the worker runs beside its jobs."""
