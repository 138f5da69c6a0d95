"""Simulations that were asked for: the latest one, whether it is of the draft as it is now, and how to stop one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.jobs.job import fail_job
from tenants.simulation.tables import forget

_COLUMNS: Final = """
SELECT id, state, document, lineage, programme_version, transition, as_of, gone_by, members, evaluated, winners,
       losers, created_at FROM simulation"""
_LATEST: Final = f"{_COLUMNS} WHERE tenant_id = $1 ORDER BY created_at DESC LIMIT 1"
_ONE: Final = f"{_COLUMNS} WHERE tenant_id = $1 AND id = $2"
_OF_NOW: Final = f"""{_COLUMNS}
 WHERE tenant_id = $1 AND document = $2 AND lineage = $3 AND programme_version = $4 AND transition = 'now'
   AND NOT gone_by AND ($5::timestamptz IS NULL OR as_of = $5)
   AND state IN ('running', 'done') AND created_at > clock_timestamp() - interval '6 hours'
 ORDER BY created_at DESC LIMIT 1"""
_CANCEL: Final = """
UPDATE simulation SET state = 'cancelled' WHERE tenant_id = $1 AND id = $2 AND state = 'running' RETURNING id"""


@dataclass(frozen=True, slots=True)
class Run:
    """A simulation. `state`: running, done, cancelled, failed. `document`: the draft as it was; `members`: about so
    many there were to look at, `evaluated` were. `then`: from the standings of before its instant, not those of now.
    """

    id: UUID
    state: str
    document: Mapping[str, Any]
    lineage: Mapping[str, Any]
    programme_version: int
    transition: str
    as_of: datetime
    then: bool
    members: int
    evaluated: int
    winners: int
    losers: int
    created_at: datetime

    @property
    def progress(self) -> float:
        return 1.0 if self.state == "done" else min(0.999, self.evaluated / max(1, self.members))


async def latest_run() -> Run | None:
    """The one that was asked for last, of those that are still kept."""
    row = await connection().fetchrow(_LATEST, current().tenant_id)
    return None if row is None else Run(*row.values())


async def run_of(simulation_id: UUID) -> Run:
    """Raises DomainError `not-found`."""
    row = await connection().fetchrow(_ONE, current().tenant_id, simulation_id)
    if row is None:
        raise DomainError("not-found")
    return Run(*row.values())


async def run_of_now(
    document: Mapping[str, Any], lineage: Mapping[str, Any], version: int, as_of: datetime | None
) -> Run | None:
    """One of just these rules, held against what members hold under this version; as of an instant, or (None) of a
    short while ago.
    """
    row = await connection().fetchrow(_OF_NOW, current().tenant_id, document, lineage, version, as_of)
    return None if row is None else Run(*row.values())


async def cancel_simulation(simulation_id: UUID) -> None:
    """Its next batch finds that nobody wants it any more. Raises DomainError `not-found` where it isn't under way."""
    if await connection().fetchval(_CANCEL, current().tenant_id, simulation_id) is None:
        raise DomainError("not-found")
    await forget([simulation_id])
    await fail_job(simulation_id, "cancelled", code="simulation-cancelled")
    await record("programme.simulation_cancelled", f"job:{simulation_id}")
