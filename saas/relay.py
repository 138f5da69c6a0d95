"""The relay: sends committed outbox rows to the workers, again after a lease, fairly between tenants. Rows of a chain
that is closed wait (`saas.closed`).

Several relays may run: a row is locked and leased in one statement. A relay that dies between the lease and
the send delays a job by the lease and loses none.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from prometheus_client import Counter, Gauge, start_http_server

from saas.broker import Delivery, send, waiting
from saas.closed import HELD
from saas.db import Pool, role_pool
from saas.jobs import unheld
from saas.loops import Step, run_until_signal
from saas.outbox import DUE_SINCE, LEASE

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.1
GAUGE_SECONDS: Final = 15.0

# The queue is kept short, and the rest waits in PostgreSQL. That bounds two things: how long a tenant's first
# job stands behind another's thousands (the queue is first come, first served; only the relay is fair), and
# the duplicates that pile up when rows wait in the queue for longer than their lease. A duplicate costs a
# worker one round trip, and rows never sent go before rows sent again: their `next_at` is older.
QUEUE_BOUND: Final = 200
TENANTS_A_POLL: Final = 100
ROWS_A_TENANT: Final = 50

# Fair and cheap: hop through the tenants that have rows, one index probe each (index tenant_id, next_at), and
# take a few due rows of each. A tenant's 100,000 rows cost as little as ten; what is left is found by the
# next poll, which goes on behind the last tenant seen.
_TENANTS: Final = """
WITH RECURSIVE hop AS (
    (SELECT tenant_id, 1 AS n FROM outbox WHERE dead_at IS NULL AND tenant_id > $1 ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT o.tenant_id FROM outbox o WHERE o.dead_at IS NULL AND o.tenant_id > hop.tenant_id
             ORDER BY o.tenant_id LIMIT 1), n + 1
      FROM hop WHERE hop.tenant_id IS NOT NULL AND n < $2
)
SELECT tenant_id FROM hop WHERE tenant_id IS NOT NULL
"""
# A row that a job is working on is locked, thus skipped: a long job isn't sent again while it runs.
_HELD: Final = HELD.format(job="o.name", exempt="{exempt}", status="t.status")
_LEASE: Final = f"""
WITH due AS MATERIALIZED (
    SELECT d.tenant_id, d.id
      FROM tenant t
     CROSS JOIN LATERAL (
        SELECT o.tenant_id, o.id FROM outbox o
         WHERE o.tenant_id = t.tenant_id AND o.dead_at IS NULL AND o.next_at <= clock_timestamp()
           AND NOT {_HELD.format(exempt="$4")}
         ORDER BY o.next_at LIMIT $2 FOR UPDATE OF o SKIP LOCKED) d
     WHERE t.tenant_id = ANY ($1)
)
UPDATE outbox o SET next_at = clock_timestamp() + $3::interval, sends = o.sends + 1
  FROM due WHERE o.tenant_id = due.tenant_id AND o.id = due.id
RETURNING o.tenant_id, o.id, o.attempts
"""
_MEASURED: Final = f"""
SELECT count(*) FILTER (WHERE o.dead_at IS NULL) AS live, count(o.dead_at) AS dead,
       coalesce(extract(epoch FROM clock_timestamp() - min({DUE_SINCE}) FILTER (
           WHERE o.dead_at IS NULL AND NOT {_HELD.format(exempt="$2")})), 0) AS late
  FROM outbox o JOIN tenant t ON t.tenant_id = o.tenant_id
"""
_NOBODY: Final = UUID(int=0)

SENT = Counter("regulars_relay_sent", "Messages sent to the workers, repeats included")
DEPTH = Gauge("regulars_outbox_rows", "Outbox rows that wait or run")
OLDEST = Gauge("regulars_outbox_oldest_seconds", "How long the oldest outbox row that waits or runs has been due")
DEAD = Gauge("regulars_outbox_dead_rows", "Dead letters")
WAITING = Gauge("regulars_queue_messages", "Messages in the queue, not yet taken by a worker")


class Relay:
    """One relay. It remembers the tenant it saw last, so that everybody's turn comes."""

    def __init__(self) -> None:
        self._after = _NOBODY

    async def poll(self) -> float:
        """Leases and sends what is due and has room; returns the seconds to wait before the next poll.

        Raises asyncpg's or redis's errors; rows leased and not sent are sent after the lease. The queue is
        asked before anything is leased: while it is away rows stay due.
        """
        pool = await role_pool("relay")
        tenants = await self._tenants(pool, TENANTS_A_POLL)
        if not tenants:
            return POLL_SECONDS
        queued = await asyncio.to_thread(waiting)
        WAITING.set(queued)
        room = QUEUE_BOUND - queued
        if room <= 0:
            self._after = _before(tenants[0])
            return POLL_SECONDS
        if len(tenants) > room:
            tenants = tenants[:room]
            self._after = tenants[-1]
        each = max(1, min(ROWS_A_TENANT, room // len(tenants)))
        rows = await pool.fetch(_LEASE, tenants, each, LEASE, unheld())
        if rows:
            await asyncio.to_thread(send, [Delivery(*row) for row in rows])
            SENT.inc(len(rows))
        full = len(rows) >= each or len(tenants) == TENANTS_A_POLL
        return 0.0 if full and rows else POLL_SECONDS

    async def _tenants(self, pool: Pool, limit: int) -> list[UUID]:
        """Up to `limit` tenants with live rows, behind the last one seen; from the start where the end is
        near.
        """
        rows = await pool.fetch(_TENANTS, self._after, limit)
        if not rows and self._after != _NOBODY:
            rows = await pool.fetch(_TENANTS, _NOBODY, limit)
        tenants = [row["tenant_id"] for row in rows]
        self._after = tenants[-1] if len(tenants) == limit else _NOBODY
        return tenants


def _before(tenant_id: UUID) -> UUID:
    return UUID(int=tenant_id.int - 1) if tenant_id.int else _NOBODY


async def measure() -> float:
    """Sets the outbox gauges; returns the seconds until the next time."""
    pool = await role_pool("relay")
    row = await pool.fetchrow(_MEASURED, LEASE, unheld())
    if row is not None:
        DEPTH.set(row["live"])
        DEAD.set(row["dead"])
        OLDEST.set(max(0.0, float(row["late"])))
    return GAUGE_SECONDS


def run(*, metrics: tuple[str, int] | None = None, beside: Sequence[Step] = ()) -> None:
    """Runs a relay in this process until SIGTERM or SIGINT; it waits for servers that are away. `beside`: other steps
    of the role, repeated beside it.

    The caller has imported the modules that register jobs (`saas.worker.load_jobs`). `metrics` is the address and port
    for Prometheus.
    """
    if metrics is not None:
        start_http_server(metrics[1], addr=metrics[0])
    asyncio.run(run_until_signal(Relay().poll, measure, *beside))
