"""Simulations over HTTP: ask for one, and read who would move. `GET /v1/jobs/{id}` tells progress and result."""

from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from pydantic import Field, PlainValidator, WithJsonSchema

from saas.errors import InvalidValueError
from saas.field_types import parse_date, parse_rfc3339
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.validation import Body, Query, parse_query
from tenants.audit.record import record
from tenants.jobs.job import shown_by
from tenants.programme.strict import Code
from tenants.simulation.members_csv import Direction, Wanted, members_csv, require_done
from tenants.simulation.result import show
from tenants.simulation.runs import cancel_simulation
from tenants.simulation.start import KIND, Transition, start_simulation

WRITE: Final = {"requires": "programme:write"}
_DAY: Final = len("2027-03-14")

shown_by(KIND)(show)


def _instant_or_day(value: object) -> datetime | date | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidValueError("day-or-instant")
    try:
        return parse_date(value) if len(value) == _DAY else parse_rfc3339(value)
    except InvalidValueError:
        raise InvalidValueError("day-or-instant") from None


AsOf = Annotated[
    datetime | date | None,
    PlainValidator(_instant_or_day),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}], "examples": ["2027-03-14"]}),
]


class SimulateBody(Body):
    """`as_of`: an instant with its offset, or a local day, at its end; default: now. `holders`: for each ladder what
    becomes of who holds a code that the draft doesn't have (null: the ladder goes). `transition`: as a publish would
    move members, both ways or upward only.
    """

    as_of: AsOf = None
    holders: dict[Code, dict[Code, Code] | None] = Field(default_factory=dict, max_length=10)
    transition: Transition = "now"


class MoversQuery(Query):
    """`ladder`: that one alone. `direction`: only who rises, or only who falls."""

    ladder: Code | None = None
    direction: Direction | None = None


@post("/v1/programme/draft/simulate", status_code=202, opt=WRITE, tags=["programme"])
async def simulate_draft(data: JSONBody[SimulateBody]) -> dict[str, UUID]:
    """What publishing the draft would do to everybody's tier, and what its discounts and points would have cost in the
    last 90 days; nothing is changed. A simulation that is still under way ends for the new one.
    """
    return {"job_id": await start_simulation(data.as_of, data.holders, data.transition)}


@get(
    "/v1/programme/simulations/{job_id:uuid}/members.csv",
    opt={"requires": "members:read", "scoped": False},
    tags=["programme"],
)
async def get_movers(request: Request[Any, Any, Any], job_id: FromPath[UUID]) -> Stream:
    """Everyone whom a simulation would move, as a table; who has taken it is in the audit log. 409
    `simulation-not-done` until it is through.
    """
    query = parse_query(MoversQuery, request.query_params.multi_items())
    principal: Principal = request.scope["state"]["principal"]
    tenant_id = principal.tenant_id
    if tenant_id is None:
        raise RuntimeError("a key without its tenant")
    async with tenant_scope(tenant_id, principal=principal):
        await require_done(job_id)
        await record("programme.simulation_export", f"job:{job_id}", query.model_dump(mode="json", exclude_none=True))
    return Stream(
        members_csv(tenant_id, job_id, Wanted(query.ladder, query.direction)),
        media_type="text/csv",
        headers={
            "Content-Disposition": f'attachment; filename="simulation-{job_id}.csv"',
            "Cache-Control": "no-store",
        },
    )


@delete("/v1/programme/simulations/{job_id:uuid}", status_code=204, opt=WRITE, tags=["programme"])
async def stop_simulation(job_id: FromPath[UUID]) -> None:
    """Ends a simulation that is under way: its job fails with `simulation-cancelled`. 404 where it isn't."""
    await cancel_simulation(job_id)


HANDLERS = [simulate_draft, get_movers, stop_simulation]
