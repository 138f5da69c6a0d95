"""Activities over HTTP."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath, JSONBody
from pydantic import Field

from saas.limits.middleware import weigh
from saas.outcomes import outcomes_out
from saas.paging import Page, decode_cursor, page
from saas.validation import ListQuery, parse_query
from tenants.activities.activity import activities_of, shown
from tenants.activities.batch import record_batch
from tenants.activities.bodies import KIND, ActivityBatchBody, ActivityBody
from tenants.activities.history import activities_of_member, activity
from tenants.activities.record import Recorded, record_activity
from tenants.activities.values import require_exact
from tenants.members.existing import require_member

WRITE = {"requires": "purchases:write"}
READ = {"requires": "members:read"}


class ActivitiesQuery(ListQuery):
    """`kind`: only activities of this one."""

    kind: Annotated[str, Field(pattern=f"^{KIND}$")] | None = None


def answer(made: Recorded) -> dict[str, Any]:
    """What its recorder is told. `tier` is the main ladder's; `tiers` lists every ladder whose tier changed."""
    main = made.changes[0] if made.changes else None  # ladders come in the programme's order
    return {
        **shown(made.activity),
        "tier": None if main is None else {"ladder": main.ladder, "before": main.before, "after": main.after},
        "tiers": [
            {"ladder": c.ladder, "before": c.before, "after": c.after, "reason": c.reason, "decision_id": c.decision_id}
            for c in made.changes
            if c.decision_id is not None
        ],
        "decision_id": None if main is None else main.decision_id,
        "points_earned": made.points,
    }


@post("/v1/activities", opt=WRITE, tags=["activities"])
async def post_activity(data: JSONBody[ActivityBody], request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """Records an activity: 201, or 200 with the first answer where the same content had been recorded."""
    require_exact(await request.body())
    made = await record_activity(data)
    return Response(answer(made), status_code=201 if made.first else 200)


@post("/v1/activities:batch", status_code=200, opt=WRITE, items=ActivityBody, tags=["activities"])
async def post_activities(data: JSONBody[ActivityBatchBody], request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Up to 1,000 activities in the order given; an outcome for each, in the same order."""
    require_exact(await request.body())
    weigh(request.scope, len(data.items))
    return await outcomes_out(await record_batch(data.items), request.scope, answer)


@get("/v1/activities/{activity_id:uuid}", opt=READ, tags=["activities"])
async def get_activity(activity_id: FromPath[UUID]) -> dict[str, Any]:
    """One activity, with the tiers that it decided. Values of health measurements need `health:read`."""
    return answer(await activity(activity_id))


@get("/v1/members/{member_id:uuid}/activities", opt=READ, tags=["members"])
async def list_activities(member_id: FromPath[UUID], request: Request[Any, Any, Any]) -> Page:
    """What the member did, the last recorded first. Values of health measurements need `health:read`."""
    query = parse_query(ActivitiesQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await activities_of_member(members, query.kind, query.limit, before[0] if before else None)
    return page(await activities_of(rows), query.limit, shown, lambda one: (one.id,))


HANDLERS = [post_activity, post_activities, get_activity, list_activities]
