"""A tenant's long work as the API shows it: state, progress, counts, result."""

from typing import Any
from uuid import UUID

from saas.errors import DomainError
from saas.scope import connection, current


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


async def finish_job(job_id: UUID, result: dict[str, Any]) -> None:
    await connection().execute(
        "UPDATE job SET state = 'done', progress = 1, counts = $3, result = $3, updated_at = clock_timestamp()"
        " WHERE tenant_id = $1 AND id = $2",
        current().tenant_id,
        job_id,
        result,
    )


async def fail_job(job_id: UUID, error: str) -> None:
    """`error` is for the operator; the tenant reads that it failed and its id."""
    await connection().execute(
        "UPDATE job SET state = 'failed', error = $3, updated_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2",
        current().tenant_id,
        job_id,
        {"code": "internal", "detail": error},
    )


async def read_job(job_id: UUID) -> dict[str, Any]:
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
    return job
