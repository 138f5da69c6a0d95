"""Whether chains' events get their positions, and arrive: read by the role operator, counts and instants alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.closed import CLOSED

NUMBERED_WITHIN: Final = "2 minutes"
SENT_WITHIN: Final = "10 minutes"
COUNTED: Final = 1_001
"""Deliveries of an endpoint are counted so far: this is that or more."""

# A queue, empty within a moment.
_UNNUMBERED: Final = """
SELECT n.tenant_id, t.name, count(*) AS events, min(uuid_extract_timestamp(n.id)) AS since
  FROM event_new n JOIN tenant t ON t.tenant_id = n.tenant_id
 WHERE uuid_extract_timestamp(n.id) < clock_timestamp() - $1::text::interval
 GROUP BY n.tenant_id, t.name ORDER BY since, n.tenant_id LIMIT $2"""
# Something waits there, and for a while nobody has taken any of it: what is taken is leased for the next minute.
_OVERDUE: Final = f"""
SELECT count(*) AS endpoints, count(DISTINCT e.tenant_id) AS chains
  FROM webhook_endpoint e JOIN tenant t ON t.tenant_id = e.tenant_id
 WHERE e.state = 'on' AND t.status <> ALL ($1)
   AND EXISTS (SELECT FROM webhook_delivery d WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id
                  AND d.state = 'waiting' AND d.next_at < clock_timestamp() - interval '{SENT_WITHIN}')
   AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id
                      AND d.state = 'waiting' AND d.next_at > clock_timestamp()
                      AND d.next_at <= clock_timestamp() + interval '1 minute')"""
_ENDPOINTS: Final = """
SELECT count(*) FILTER (WHERE e.state = 'on') AS sending,
       count(*) FILTER (WHERE e.state = 'on' AND e.failing_since IS NOT NULL) AS failing,
       count(*) FILTER (WHERE e.state IN ('gone', 'failing')) AS given_up,
       count(DISTINCT e.tenant_id) FILTER (WHERE e.state = 'on') AS sending_chains,
       count(DISTINCT e.tenant_id) FILTER (WHERE e.state = 'on' AND e.failing_since IS NOT NULL) AS failing_chains
  FROM webhook_endpoint e"""
_COUNT: Final = f"""
(SELECT count(*) FROM (SELECT FROM webhook_delivery d WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id
   AND d.state <> 'delivered' AND d.state = '{{}}' LIMIT {COUNTED}) AS few)"""
_TROUBLED: Final = f"""
SELECT e.tenant_id, t.name AS chain, e.id, CASE WHEN e.state = 'on' THEN 'ill' ELSE e.state END AS state,
       CASE WHEN e.state = 'on' THEN e.failing_since ELSE e.state_since END AS since,
       {_COUNT.format("waiting")} AS waiting, {_COUNT.format("failed")} AS failed
  FROM (SELECT x.tenant_id, x.id, x.state, x.state_since, x.failing_since FROM webhook_endpoint x
         WHERE x.state IN ('gone', 'failing') OR (x.state = 'on' AND x.failing_since IS NOT NULL)
         ORDER BY CASE WHEN x.state = 'on' THEN x.failing_since ELSE x.state_since END DESC, x.tenant_id, x.id
         LIMIT $1) e
  JOIN tenant t ON t.tenant_id = e.tenant_id ORDER BY since DESC, e.tenant_id, e.id"""


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Counts over all chains. `sending`: those that are on, of them `failing` fail; `given_up`: those that were turned
    off because they failed. `overdue`: due for ten minutes, and nothing is sent there.
    """

    sending: int
    failing: int
    given_up: int
    sending_chains: int
    failing_chains: int
    overdue: int
    overdue_chains: int


@dataclass(frozen=True, slots=True)
class Troubled:
    """An endpoint that fails or was given up (`state`: ill, gone, failing); `waiting` and `failed` up to 1,001."""

    tenant_id: UUID
    chain: str
    id: UUID
    state: str
    since: datetime
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class Unnumbered:
    """A chain whose events wait for their positions: how many, and the oldest one's instant."""

    tenant_id: UUID
    name: str
    events: int
    since: datetime


async def endpoints(connection: Any) -> Endpoints:
    """Of the whole installation."""
    row, overdue = await connection.fetchrow(_ENDPOINTS), await connection.fetchrow(_OVERDUE, sorted(CLOSED))
    return Endpoints(**row, overdue=overdue["endpoints"], overdue_chains=overdue["chains"])


async def troubled(connection: Any, most: int) -> list[Troubled]:
    """The endpoints that began to fail, or were given up, last."""
    return [Troubled(**row) for row in await connection.fetch(_TROUBLED, most)]


async def unnumbered(connection: Any, most: int, *, for_longer_than: str = NUMBERED_WITHIN) -> list[Unnumbered]:
    """Chains with events that have waited for so long (an interval of PostgreSQL), the longest first."""
    return [Unnumbered(**row) for row in await connection.fetch(_UNNUMBERED, for_longer_than, most)]
