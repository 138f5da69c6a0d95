"""Asking for a sandbox, for a new beginning, and for its end: in the chain's own scope. Jobs do it."""

from typing import Any, Final
from uuid import UUID

from uuid_utils.compat import uuid7

from saas.errors import DomainError, Language
from saas.outbox import enqueue
from saas.sandboxed import require_live
from saas.scope import connection, current
from tenants.audit.record import record
from tenants.jobs.job import new_job
from tenants.trading import require_trading

MAKE: Final = "sandbox.make"
REMOVE: Final = "sandbox.remove"
KIND: Final = "sandbox"

_ASK: Final = """
INSERT INTO sandbox AS s (tenant_id, sandbox_id, job_id, asked_by, template, variant, samples, language, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'making')
ON CONFLICT (tenant_id) DO NOTHING RETURNING s.sandbox_id"""
_AGAIN: Final = """
UPDATE sandbox AS s SET state = $3, job_id = $2, asked_by = $4 WHERE s.tenant_id = $1 AND s.state IN ('ready', 'failed')
RETURNING s.sandbox_id"""
_REMOVE: Final = """
UPDATE sandbox AS s SET state = 'removing', job_id = $2 WHERE s.tenant_id = $1 AND s.state <> 'removing'
RETURNING s.sandbox_id"""
_READ: Final = """
SELECT s.state, s.sandbox_id AS id, s.job_id, s.template, s.variant, s.samples, j.created_at AS asked_at,
       j.progress::float8 AS progress
  FROM sandbox s LEFT JOIN job j ON j.tenant_id = s.tenant_id AND j.id = s.job_id WHERE s.tenant_id = $1"""


async def ask(template: str | None, variant: str | None, language: Language, *, samples: bool) -> None:
    """One sandbox a chain. `template` None: it is set up as the chain is; `language` is that of made-up names.

    Raises DomainError `sandbox-exists`, `live-only`, `tenant-closed`.
    """
    await require_live()
    await require_trading()
    scope, job_id = current(), uuid7()
    wanted = (template, variant, samples, language)
    asked = await connection().fetchval(_ASK, scope.tenant_id, uuid7(), job_id, scope.principal.actor, *wanted)
    if asked is None:
        raise DomainError("sandbox-exists")
    await _begin(asked, job_id, MAKE, "sandbox.ask")


async def reset() -> None:
    """Everything of it but its keys goes, and it is made anew, as it was asked for. What failed begins again; what is
    under way goes on. Raises DomainError `no-sandbox`, `live-only`, `tenant-closed`.
    """
    await require_live()
    await require_trading()
    scope, job_id = current(), uuid7()
    asked = await connection().fetchval(_AGAIN, scope.tenant_id, job_id, "resetting", scope.principal.actor)
    if asked is not None:
        await _begin(asked, job_id, MAKE, "sandbox.reset")
    elif (await read())["state"] not in {"making", "resetting"}:
        raise DomainError("no-sandbox")


async def remove() -> None:
    """It goes as a whole, its keys too. Without one, or twice: nothing. Raises DomainError `live-only`."""
    await require_live()
    job_id: UUID = uuid7()
    going = await connection().fetchval(_REMOVE, current().tenant_id, job_id)
    if going is not None:
        await _begin(going, job_id, REMOVE, "sandbox.remove")


async def _begin(sandbox_id: UUID, job_id: UUID, job: str, act: str) -> None:
    await new_job(job_id, KIND)
    await record(act, f"tenant:{sandbox_id}", {})
    await enqueue(job, {})


async def read() -> dict[str, Any]:
    """The current chain's sandbox as JSON data; `state` is `none` where there is none. Raises DomainError
    `live-only`.
    """
    await require_live()
    row = await connection().fetchrow(_READ, current().tenant_id)
    if row is None:
        names = ("id", "job_id", "template", "variant", "samples", "asked_at", "progress")
        return {"state": "none", **dict.fromkeys(names)}
    return dict(row)
