"""A tenant's long work as the API shows it: state, progress, counts, result."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from saas.errors import DEFAULT_LANGUAGE, DomainError, Language
from saas.scope import connection, current

Show = Callable[[dict[str, Any], Language], Awaitable[dict[str, Any]]]
S = TypeVar("S", bound=Show)

_shown: dict[str, Show] = {}


def shown_by(kind: str) -> Callable[[S], S]:
    """Registers what makes the result of a job of this kind ready for who asks: names of people are read then, and are
    no copy that an erased person would leave behind.
    """

    def register(show: S) -> S:
        _shown[kind] = show
        return show

    return register


async def new_job(job_id: UUID, kind: str) -> None:
    """A queued job; its first batch is enqueued in the same transaction."""
    await connection().execute(
        "INSERT INTO job AS j (tenant_id, id, kind, state, request_id) VALUES ($1, $2, $3, 'queued', $4)",
        current().tenant_id,
        job_id,
        kind,
        current().request_id,
    )


async def progress_job(job_id: UUID, progress: float, counts: dict[str, Any]) -> None:
    """`progress` in 0…1."""
    await connection().execute(
        "UPDATE job SET state = 'running', progress = round($3::numeric, 4), counts = $4,"
        " updated_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2",
        current().tenant_id,
        job_id,
        progress,
        counts,
    )


async def finish_job(job_id: UUID, result: dict[str, Any], counts: dict[str, Any] | None = None) -> None:
    """`counts`: what was counted, where that isn't the result."""
    await connection().execute(
        "UPDATE job SET state = 'done', progress = 1, counts = $4, result = $3, updated_at = clock_timestamp()"
        " WHERE tenant_id = $1 AND id = $2",
        current().tenant_id,
        job_id,
        result,
        result if counts is None else counts,
    )


async def fail_job(job_id: UUID, error: str, *, code: str = "internal") -> None:
    """`error` is for the operator; the tenant reads the code, that it failed and its id."""
    await connection().execute(
        "UPDATE job SET state = 'failed', error = $3, updated_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2",
        current().tenant_id,
        job_id,
        {"code": code, "detail": error},
    )


async def read_job(job_id: UUID, language: Language = DEFAULT_LANGUAGE) -> dict[str, Any]:
    """A job of the current tenant. Raises DomainError `not-found`."""
    row = await connection().fetchrow(
        "SELECT id, kind, state, progress::float8 AS progress, counts, result, error, created_at, updated_at"
        " FROM job WHERE tenant_id = $1 AND id = $2",
        current().tenant_id,
        job_id,
    )
    if row is None:
        raise DomainError("not-found")
    job = dict(row)
    if job["error"] is not None:
        job["error"] = {"code": job["error"]["code"]}
    if job["result"] is not None and job["kind"] in _shown:
        job["result"] = await _shown[job["kind"]](job["result"], language)
    return job
