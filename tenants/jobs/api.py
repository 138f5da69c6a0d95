"""`GET /v1/jobs/{id}`."""

from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath

from saas.problem_details import language_of
from tenants.jobs.job import read_job


@get("/v1/jobs/{job_id:uuid}", tags=["jobs"])
async def get_job(request: Request[Any, Any, Any], job_id: FromPath[UUID]) -> dict[str, Any]:
    """State (queued, running, done, failed), progress 0…1, counts, and the result once done."""
    return await read_job(job_id, language_of(request.scope))


HANDLERS = [get_job]
