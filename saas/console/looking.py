"""What the console shows of the installation and its chains, read by the role operator: never a member's data."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.closed import HELD
from saas.db import role_pool
from saas.outbox import DUE_SINCE, LEASE

PAGE: Final = 50
STATES: Final = ("trialing", "active", "past_due", "suspended", "cancelled")
_HELD: Final = HELD.format(job="o.name", exempt="'{}'::text[]", status="t.status")
# Of a payload ids, days and instants, numbers and codes of letters are shown: any other text might be a letter's with
# a link that opens an account, a code that pays, a person.
_PLAIN: Final = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d([T ][0-9:.]+([+-]\d\d:\d\d|Z)?)?|[a-z][a-z_.:-]{0,39}"
)

_STATES: Final = """
SELECT t.status, count(*) AS chains FROM tenant t WHERE t.sample_of IS NULL AND t.sandbox_of IS NULL
 GROUP BY t.status"""
_RECENT: Final = """
SELECT count(*) FILTER (WHERE t.created_at > clock_timestamp() - interval '30 days') AS month,
       count(*) FILTER (WHERE t.created_at > clock_timestamp() - interval '7 days') AS week
  FROM tenant t WHERE t.sample_of IS NULL AND t.sandbox_of IS NULL"""
_OWED: Final = """
SELECT i.currency, sum(i.amount_remaining)::bigint AS owed, count(DISTINCT i.tenant_id) AS chains
  FROM invoice i WHERE i.status = 'open' GROUP BY i.currency ORDER BY i.currency"""
_QUEUE: Final = f"""
SELECT count(*) FILTER (WHERE o.dead_at IS NOT NULL) AS dead,
       count(*) FILTER (WHERE o.dead_at IS NULL AND o.next_at <= clock_timestamp() AND NOT {_HELD}) AS due,
       count(*) FILTER (WHERE o.dead_at IS NULL AND o.attempts > 0) AS retried,
       extract(epoch FROM clock_timestamp() - min({DUE_SINCE}) FILTER (
           WHERE o.dead_at IS NULL AND {DUE_SINCE} <= clock_timestamp() AND NOT {_HELD}))::float8 AS oldest
  FROM outbox o JOIN tenant t ON t.tenant_id = o.tenant_id"""
_BY_NAME: Final = """
SELECT o.name, count(*) FILTER (WHERE o.dead_at IS NOT NULL) AS dead,
       count(*) FILTER (WHERE o.dead_at IS NULL) AS waiting, max(o.dead_at) AS last_dead
  FROM outbox o GROUP BY o.name ORDER BY dead DESC, waiting DESC, o.name LIMIT 100"""
_CHAINS: Final = """
SELECT t.tenant_id, t.slug, t.name, t.template, t.status, t.plan, t.created_at, t.held_by_operator, t.trial_ends_at,
       s.stripe_status, p.email, i.open AS open_invoices, i.owed, i.currency, u.value AS active_members,
       x.proved_on, x.differences, d.dead
  FROM tenant t
  LEFT JOIN subscription s ON s.tenant_id = t.tenant_id
  LEFT JOIN billing_profile p ON p.tenant_id = t.tenant_id
  LEFT JOIN LATERAL (SELECT count(*) AS open, sum(v.amount_remaining)::bigint AS owed, min(v.currency) AS currency
                       FROM invoice v WHERE v.tenant_id = t.tenant_id AND v.status = 'open') i ON true
  LEFT JOIN LATERAL (SELECT r.value FROM usage_report r WHERE r.tenant_id = t.tenant_id
                      ORDER BY r.at DESC LIMIT 1) u ON true
  LEFT JOIN LATERAL (SELECT y.proved_on, y.differences FROM proof y
                      WHERE y.tenant_id = t.tenant_id AND y.state = 'done' ORDER BY y.id DESC LIMIT 1) x ON true
  LEFT JOIN LATERAL (SELECT count(*) AS dead FROM outbox o
                      WHERE o.tenant_id = t.tenant_id AND o.dead_at IS NOT NULL) d ON true
 WHERE ($1::text IS NULL OR t.status = $1)
   AND ($2::text IS NULL OR t.tenant_id::text = $2 OR strpos(t.slug, $2) > 0 OR strpos(lower(t.name), $2) > 0
        OR strpos(lower(p.email), $2) > 0)
   AND (t.sample_of IS NULL AND t.sandbox_of IS NULL OR t.tenant_id::text = $2)
   AND ($3::timestamptz IS NULL OR (t.created_at, t.tenant_id) < ($3, $4))
 ORDER BY t.created_at DESC, t.tenant_id DESC LIMIT $5"""
_CHAIN: Final = f"SELECT * FROM ({_CHAINS}) c WHERE c.tenant_id = $6"
_INVOICES: Final = """
SELECT v.id, v.number, v.status, v.currency, v.total, v.amount_remaining, v.collection_method, v.created_at, v.due_at
  FROM invoice v WHERE v.tenant_id = $1 ORDER BY v.created_at DESC, v.id DESC LIMIT 24"""
_PROOFS: Final = """
SELECT y.id, y.state, y.started_at, y.finished_at, y.total, y.members, y.differences, y.proved_on
  FROM proof y WHERE y.tenant_id = $1 ORDER BY y.id DESC LIMIT 10"""
_REPORTS_REFUSED: Final = """
SELECT r.day, r.value, r.failed FROM usage_report r WHERE r.tenant_id = $1 AND r.failed IS NOT NULL
 ORDER BY r.at DESC LIMIT 10"""


@dataclass(frozen=True, slots=True)
class Installation:
    """Counts over all chains. `owed`: open invoices by currency, in minor units; `oldest`: seconds that the oldest
    job which is due has waited, None where none waits.
    """

    states: dict[str, int]
    joined_in_a_month: int
    joined_in_a_week: int
    owed: list[tuple[str, int, int]]
    dead: int
    due: int
    retried: int
    oldest: float | None

    @property
    def chains(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class ChainLine:
    """One chain. `active_members`: by the last report of use; `owed`: in minor units of `currency`; `dead`: jobs that
    failed for good.
    """

    tenant_id: UUID
    slug: str
    name: str
    template: str
    status: str
    plan: str
    created_at: datetime
    held_by_operator: bool
    trial_ends_at: datetime | None
    stripe_status: str | None
    email: str | None
    open_invoices: int
    owed: int | None
    currency: str | None
    active_members: int | None
    proved_on: Any
    differences: int | None
    dead: int

    @property
    def state(self) -> str:
        """What its account is in; `held` where the operator suspended it."""
        return "held" if self.held_by_operator else self.status


async def installation() -> Installation:
    """All chains together."""
    pool = await role_pool("operator")
    states = {row["status"]: row["chains"] for row in await pool.fetch(_STATES)}
    recent: Any = await pool.fetchrow(_RECENT)
    owed = [(row["currency"], row["owed"], row["chains"]) for row in await pool.fetch(_OWED)]
    queue: Any = await pool.fetchrow(_QUEUE, LEASE)
    counts = (queue["dead"], queue["due"], queue["retried"], queue["oldest"])
    return Installation(states, recent["month"], recent["week"], owed, *counts)


async def chains(
    state: str | None, q: str | None, after: tuple[datetime, UUID] | None, limit: int = PAGE
) -> list[ChainLine]:
    """The newest first, behind `after`. `q`: a part of the name, the slug or the payer's address, or the id."""
    created, last = after or (None, None)
    pool = await role_pool("operator")
    rows = await pool.fetch(_CHAINS, state, q.lower() if q else None, created, last, limit)
    return [ChainLine(**row) for row in rows]


async def chain(tenant_id: UUID) -> ChainLine | None:
    """None where there is none, or no more."""
    row = await (await role_pool("operator")).fetchrow(_CHAIN, None, str(tenant_id), None, None, 1, tenant_id)
    return None if row is None else ChainLine(**row)


async def invoices(tenant_id: UUID) -> list[Any]:
    """The last two years' of monthly ones."""
    return list(await (await role_pool("operator")).fetch(_INVOICES, tenant_id))


async def proofs(tenant_id: UUID) -> list[Any]:
    """The last ten."""
    return list(await (await role_pool("operator")).fetch(_PROOFS, tenant_id))


async def reports_refused(tenant_id: UUID) -> list[Any]:
    """Reports of use that Stripe refused."""
    return list(await (await role_pool("operator")).fetch(_REPORTS_REFUSED, tenant_id))


async def jobs_by_name() -> list[Any]:
    """(name, dead, waiting, last_dead), those that failed first."""
    return list(await (await role_pool("operator")).fetch(_BY_NAME))


def plain(payload: Any) -> str:
    """A job's payload in one line: ids, numbers and codes; any other text is an ellipsis."""
    if isinstance(payload, dict):
        return ", ".join(f"{name}: {plain(value)}" for name, value in payload.items())
    if isinstance(payload, list):
        return f"[{len(payload)}]"
    if isinstance(payload, str):
        return payload if _PLAIN.fullmatch(payload) else "…"
    return str(payload)
