"""Gives committed events their positions, one after the other in each tenant, and lets others follow in the same
statement (webhooks make their deliveries so).

Part of the relay. Several may run: whoever numbers a tenant's events holds its counter to the commit, and the others
pass it by. So positions become visible in their order, and an event that commits late comes behind those that were
there: a reader who goes on behind the last position that it saw misses none.
"""

import logging
from typing import Final
from uuid import UUID

import asyncpg
from prometheus_client import Counter, Gauge

from saas.db import Pool, role_pool

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.1
GAUGE_SECONDS: Final = 15.0
TENANTS_A_POLL: Final = 100
EVENTS_A_POLL: Final = 5_000
"""Shared by the tenants of one poll, so that one that imports a million keeps nobody waiting."""

# As the relay finds tenants with jobs: one index probe each.
_TENANTS: Final = """
WITH RECURSIVE hop AS (
    (SELECT tenant_id, 1 AS n FROM event_new WHERE tenant_id > $1 ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.tenant_id FROM event_new e WHERE e.tenant_id > hop.tenant_id ORDER BY e.tenant_id LIMIT 1), n + 1
      FROM hop WHERE hop.tenant_id IS NOT NULL AND n < $2
)
SELECT h.tenant_id, EXISTS (SELECT FROM event_counter c WHERE c.tenant_id = h.tenant_id) AS counted
  FROM hop h WHERE h.tenant_id IS NOT NULL
"""
_COUNTERS: Final = """
INSERT INTO event_counter AS c (tenant_id, position) SELECT n, 0 FROM unnest($1::uuid[]) AS n ORDER BY n
ON CONFLICT DO NOTHING"""
# What another relay has numbered since this statement's snapshot is still seen in `due`; its deletion then deletes
# nothing, and the counter, read with its lock, stands behind it.
_NUMBER: Final = """
WITH counter AS MATERIALIZED (
    SELECT c.tenant_id, c.position FROM event_counter c WHERE c.tenant_id = ANY ($1::uuid[]) ORDER BY c.tenant_id
       FOR UPDATE SKIP LOCKED),
due AS MATERIALIZED (
    SELECT d.tenant_id, d.id FROM counter c CROSS JOIN LATERAL (
        SELECT n.tenant_id, n.id FROM event_new n WHERE n.tenant_id = c.tenant_id ORDER BY n.id LIMIT $2) d),
taken AS (
    DELETE FROM event_new n USING due d WHERE n.tenant_id = d.tenant_id AND n.id = d.id
    RETURNING n.tenant_id, n.id, n.type, n.member_id, n.at, n.data),
numbered AS (
    INSERT INTO event AS e (tenant_id, position, id, type, member_id, at, data)
    SELECT t.tenant_id, c.position + row_number() OVER (PARTITION BY t.tenant_id ORDER BY t.id), t.id, t.type,
           t.member_id, t.at, t.data
      FROM taken t JOIN counter c ON c.tenant_id = t.tenant_id
    RETURNING e.tenant_id, e.position, e.id, e.type, e.member_id, e.at, e.data),
counted AS (
    UPDATE event_counter c SET position = n.position
      FROM (SELECT m.tenant_id, max(m.position) AS position FROM numbered m GROUP BY m.tenant_id) n
     WHERE c.tenant_id = n.tenant_id){followers}
SELECT m.tenant_id, count(*) AS events FROM numbered m GROUP BY m.tenant_id"""
_OLDEST: Final = (
    "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(uuid_extract_timestamp(id))), 0) FROM event_new"
)
_NOBODY: Final = UUID(int=0)

NUMBERED = Counter("regulars_events_numbered", "Events that got their position")
OLDEST = Gauge("regulars_events_oldest_seconds", "How long the oldest event has been waiting for its position")

_followers: dict[str, str] = {}


def follow(name: str, sql: str) -> None:
    """Registers what is to happen with events as they get their positions, in the same statement: `sql` is the inside
    of a WITH query called `name`, and reads `numbered (tenant_id, position, id, type, member_id, at, data)`. It runs as
    the role `relay`, for many tenants at once. Raises ValueError where the name is taken.
    """
    if name in _followers:
        raise ValueError(f"{name!r} follows the events already")
    _followers[name] = sql


def _statement() -> str:
    return _NUMBER.format(followers="".join(f",\n{name} AS ({sql})" for name, sql in _followers.items()))


class Numbering:
    """One of the relay's steps. It remembers the tenant it saw last, so that everybody's turn comes."""

    def __init__(self) -> None:
        self._after = _NOBODY

    async def poll(self) -> float:
        """Numbers what is committed; returns the seconds to wait before the next poll. Raises asyncpg's errors: then
        nothing of it has happened.
        """
        pool = await role_pool("relay")
        rows = await pool.fetch(_TENANTS, self._after, TENANTS_A_POLL)
        tenants = [row["tenant_id"] for row in rows]
        more = len(rows) == TENANTS_A_POLL
        behind, self._after = self._after, tenants[-1] if more else _NOBODY
        if not tenants:
            return POLL_SECONDS if behind == _NOBODY else 0.0
        uncounted = [row["tenant_id"] for row in rows if not row["counted"]]
        if uncounted:
            await pool.execute(_COUNTERS, uncounted)
        each = max(1, EVENTS_A_POLL // len(tenants))
        most = await _number_each(pool, tenants, each)
        return 0.0 if more or most == each else POLL_SECONDS


async def _number_each(pool: Pool, tenants: list[UUID], each: int) -> int:
    """Up to `each` events of each tenant; the most that one had. What goes wrong for one tenant stops nobody else's:
    then they are gone through one by one. Raises the error where it is everybody's.
    """
    try:
        return await _number(pool, tenants, each)
    except asyncpg.PostgresError:
        if len(tenants) == 1:
            raise
    most, failed = 0, 0
    for tenant_id in tenants:
        try:
            most = max(most, await _number(pool, [tenant_id], each))
        except asyncpg.PostgresError as error:
            failed += 1
            log.exception("events of tenant %s can't be numbered", tenant_id)
            if failed == len(tenants):
                raise error from None
    return most


async def _number(pool: Pool, tenants: list[UUID], each: int) -> int:
    """Returns the most that a tenant had."""
    rows = await pool.fetch(_statement(), tenants, each)
    NUMBERED.inc(sum(row["events"] for row in rows))
    return max((row["events"] for row in rows), default=0)


async def number_all(tenant_id: UUID | None = None) -> None:
    """Numbers what is committed, of one tenant or of all, until nothing is left: for tests and commands."""
    pool = await role_pool("relay")
    if tenant_id is None:
        numbering, before = Numbering(), 0
        # A round takes some of each tenant's. One that leaves as many as it found has met what another relay is at.
        while (waiting := await pool.fetchval("SELECT count(*) FROM event_new")) not in (0, before):
            before = waiting
            while await numbering.poll() == 0:
                pass
        return
    await pool.execute(_COUNTERS, [tenant_id])
    while await _number(pool, [tenant_id], EVENTS_A_POLL):
        pass


async def measure() -> float:
    """Sets the gauge; returns the seconds until the next time."""
    pool = await role_pool("relay")
    OLDEST.set(max(0.0, float(await pool.fetchval(_OLDEST))))
    return GAUGE_SECONDS
