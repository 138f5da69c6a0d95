"""`/v1/proof`: whether what is stored is what the facts give."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post

from saas.paging import Page, decode_cursor
from saas.problem_details import language_of
from saas.validation import ListQuery, parse_query
from tenants.audit.record import record
from tenants.proofs.proof import prove_now
from tenants.proofs.told import read_differences, read_proof

ADMIN = {"requires": "admin"}


@get("/v1/proof", opt=ADMIN, tags=["proof"])
async def get_proof(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """When everything was proved last (`proved_on`), of how many members, what couldn't be proved and why, and the
    first differences, in words; beside it the proof that is under way.

    `state`: `never`, `proved` or `differs`, of the last one that came to its end.
    """
    return await read_proof(language_of(request.scope))


@post("/v1/proof", status_code=202, opt=ADMIN, tags=["proof"])
async def start_proof() -> dict[str, UUID]:
    """Proves now instead of at night, or goes on with what the last night left; the job tells the progress.

    409 `proof-running` where one is at work already.
    """
    proof_id = await prove_now()
    await record("proof.start", f"job:{proof_id}")
    return {"job_id": proof_id}


@get("/v1/proof/differences", opt=ADMIN, tags=["proof"])
async def list_differences(request: Request[Any, Any, Any]) -> Page:
    """The differences of the last proof that came to its end, the first thousand of them."""
    query = parse_query(ListQuery, request.query_params.multi_items())
    place = decode_cursor(query.cursor, UUID, int)
    after = None if place is None else (place[0], place[1])
    return await read_differences(language_of(request.scope), after, query.limit)


HANDLERS = [get_proof, start_proof, list_differences]
