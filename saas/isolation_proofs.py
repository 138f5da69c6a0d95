"""The installation's proofs that chains are apart: one row a run, written by the operator, read by every chain."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from saas.db import role_pool
from saas.i18n import n_
from saas.scope import connection

ATTACKS: Final[Mapping[str, str]] = {
    "no-credentials": n_("Nothing, nonsense, or the look of a key or a session in place of credentials"),
    "ended-credentials": n_("A key that was revoked, a session that has ended"),
    "wrong-door": n_("A chain’s own key or session at the platform’s console, a key at a page"),
    "foreign-ids": n_("The other chain’s ids in the address, the query, the form or the body"),
    "foreign-version": n_("The other chain’s ids with If-Match and If-None-Match"),
    "foreign-session": n_("The other chain’s session with one’s own form token, and the other way round"),
    "foreign-replay": n_("The other chain’s very request again, with its idempotency key"),
    "foreign-cursor": n_("The other chain’s place in a list"),
    "lists": n_("Everything that can be seen without naming anything, searched for what is the other chain’s"),
    "links": n_("Signed links, posters and tokens of the other chain: spliced, bent, or followed from one’s own"),
    "jobs": n_("Background jobs of one’s own, told to work on what is the other chain’s"),
    "database": n_("Each table: read, change, delete and insert what is the other chain’s, as the application may"),
    "leftovers": n_("Everything that one’s own tables hold afterwards, searched for what is the other chain’s"),
    "cache": n_("What lies in the cache: each key is one chain’s or nobody’s, and the other chain’s stayed as it was"),
    "control": n_("The same with one’s own ids: what is refused whoever asks would prove nothing"),
}
"""Each kind, in words."""
KEPT: Final = 30
LONGEST: Final = timedelta(minutes=30)
"""A run that is still at work after that has died."""

_BEGIN: Final = "INSERT INTO platform.isolation_proof AS p (asked_by) VALUES ($1) ON CONFLICT DO NOTHING RETURNING p.id"
_DIED: Final = """
UPDATE platform.isolation_proof SET state = 'failed', finished_at = clock_timestamp(), error = 'it died'
 WHERE state = 'running' AND started_at < clock_timestamp() - $1::interval RETURNING id"""
_END: Final = """
UPDATE platform.isolation_proof SET state = $2, finished_at = clock_timestamp(), routes = $3, attacks = $4, tries = $5,
       leaks = $6, report = $7, found = $8, error = $9
 WHERE id = $1 AND state = 'running'"""
_FORGET: Final = """
DELETE FROM platform.isolation_proof WHERE state <> 'running'
   AND id NOT IN (SELECT id FROM platform.isolation_proof ORDER BY id DESC LIMIT $1)"""
_SHOWN: Final = "id, started_at, finished_at, routes, attacks, tries, leaks"
_DONE: Final = "FROM platform.isolation_proof WHERE state = 'done' ORDER BY id DESC LIMIT 1"
_BEGUN: Final = """
SELECT coalesce(max(p.started_at), (SELECT min(t.created_at) FROM tenant t WHERE t.sample_of IS NULL) + $1::interval)
  FROM platform.isolation_proof p"""


@dataclass(frozen=True, slots=True)
class Proof:
    """What the last run that came to its end tried and found."""

    id: UUID
    started_at: datetime
    finished_at: datetime
    routes: int
    attacks: int
    tries: int
    leaks: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `report` and `found` as in the table; `error` None: it came to its end."""

    routes: int = 0
    attacks: int = 0
    tries: int = 0
    report: tuple[dict[str, Any], ...] = ()
    found: tuple[dict[str, Any], ...] = ()
    error: str | None = None


async def begin(asked_by: str) -> UUID | None:
    """A new run's id; None where one is at work."""
    run_id: UUID | None = await (await role_pool("operator")).fetchval(_BEGIN, asked_by)
    return run_id


async def died() -> list[UUID]:
    """The runs that have died, from now on failed."""
    return [row["id"] for row in await (await role_pool("operator")).fetch(_DIED, LONGEST)]


async def end(run_id: UUID, outcome: Outcome) -> None:
    """Keeps what came of it, and forgets the oldest."""
    pool, state = await role_pool("operator"), "done" if outcome.error is None else "failed"
    counts = (outcome.routes, outcome.attacks, outcome.tries, len(outcome.found))
    await pool.execute(_END, run_id, state, *counts, list(outcome.report), list(outcome.found), outcome.error)
    await pool.execute(_FORGET, KEPT)


async def last_begun(grace: timedelta) -> datetime | None:
    """When the last run began; for the first, the installation's first chain counts, `grace` later. None without."""
    begun: datetime | None = await (await role_pool("operator")).fetchval(_BEGUN, grace)
    return begun


async def last_proof() -> Proof | None:
    """In a chain's scope: the last run that came to its end."""
    row = await connection().fetchrow(f"SELECT {_SHOWN} {_DONE}")
    return None if row is None else Proof(**row)


async def last_report() -> tuple[Proof, list[dict[str, Any]]] | None:
    """The same, with what was tried where."""
    row = await connection().fetchrow(f"SELECT {_SHOWN}, report {_DONE}")
    if row is None:
        return None
    told = dict(row)
    report: list[dict[str, Any]] = told.pop("report")
    return Proof(**told), report
