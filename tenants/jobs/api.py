"""`GET /v1/jobs/{id}`, and `/events`: the same as it goes on."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import ServerSentEvent

from saas.principal import Principal
from saas.problem_details import language_of, request_id_of
from tenants.jobs.following import Follower, steps, take_place
from tenants.jobs.job import read_job


@get("/v1/jobs/{job_id:uuid}", tags=["jobs"])
async def get_job(request: Request[Any, Any, Any], job_id: FromPath[UUID]) -> dict[str, Any]:
    """State (queued, running, done, failed), progress 0…1, counts, and the result once done."""
    return await read_job(job_id, language_of(request.scope))


@get(
    "/v1/jobs/{job_id:uuid}/events", opt={"scoped": False}, tags=["jobs"], summary="The job as it goes on, as a stream"
)
async def follow_job(request: Request[Any, Any, Any], job_id: FromPath[UUID]) -> Response[Any]:
    """Server-sent events: each is the whole job, called by its state, under an id. The last one is `done` or `failed`;
    before that the stream ends after 20 seconds, and is to be asked for again with `Last-Event-ID`. 204 where the job
    is over and that was its last event: nothing more comes.
    """
    principal: Principal = request.scope["state"]["principal"]
    if principal.tenant_id is None:
        raise RuntimeError("a key without its tenant")
    seen, language = request.headers.get("last-event-id"), language_of(request.scope)
    who = Follower(principal.tenant_id, principal, request_id_of(request.scope), job_id, language, seen)
    first = await who.look()
    if first.is_over and first.id == seen:
        return Response(None, status_code=204)
    place = take_place(who.tenant_id)
    stream = ServerSentEvent(steps(who, first, place), headers={"Content-Language": language})
    del stream.headers["Connection"]  # the server's to say
    return stream


HANDLERS = [get_job, follow_job]
