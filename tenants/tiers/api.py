"""A member's tiers over HTTP: the explanation, the decisions, and the recalculation of everyone."""

from functools import partial
from typing import Any, Self
from uuid import UUID

from litestar import Request as HttpRequest
from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody
from pydantic import Field, model_validator

from saas.errors import InvalidValueError
from saas.paging import Page, decode_cursor, page
from saas.problem_details import language_of
from saas.validation import AwareDatetime, Body, Code, ListQuery, LocalDate, LongText, Query, parse_query
from tenants.audit.record import record
from tenants.members.existing import require_member
from tenants.programme.versions import current_programme
from tenants.tiers.by_hand import Held, set_tier, unlock_tier
from tenants.tiers.explain import explain
from tenants.tiers.history import decision_out, decisions_of
from tenants.tiers.recalculate import Cause, Request, start_recalculation


class ExplainQuery(Query):
    ladder: Code | None = None


class TierBody(Body):
    """`ladder`: the main one by default. `locked_until`: the last local day on which the rules leave the tier alone;
    by default that of a normal validity from today, 12 months where the tier has none.
    """

    ladder: Code | None = None
    tier: Code
    reason: LongText
    locked_until: LocalDate | None = None


class RecalculateBody(Body):
    """`as_of`: the run counts as the schedule firing at that instant; default: now. `rebuild` instead: the computed
    decisions are dropped and made anew from everything that is known.
    """

    as_of: AwareDatetime | None = Field(default=None)
    rebuild: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.rebuild and self.as_of is not None:
            raise InvalidValueError("rebuild-is-whole", at="/as_of")
        return self


@get("/v1/members/{member_id:uuid}/tier", opt={"requires": "members:read"}, tags=["members"])
async def get_tier(member_id: FromPath[UUID], request: HttpRequest[Any, Any, Any]) -> dict[str, Any]:
    """Why the member is in its tier and what is missing to the next, on one ladder (default: the main one); its
    sentences follow Accept-Language.
    """
    query = parse_query(ExplainQuery, request.query_params.multi_items())
    survivor, *_ = await require_member(member_id)
    return await explain(survivor, query.ladder, language_of(request.scope))


@put("/v1/members/{member_id:uuid}/tier", opt={"requires": "members:write"}, tags=["members"])
async def put_tier(member_id: FromPath[UUID], data: JSONBody[TierBody]) -> Held:
    """Sets the member's tier by hand. It holds until `locked_until`; a raised member may still rise, a lowered one
    stays. The same again changes nothing.
    """
    survivor, *_ = await require_member(member_id)
    return await set_tier(survivor, data.ladder, data.tier, data.reason, data.locked_until)


@delete("/v1/members/{member_id:uuid}/tier", status_code=200, opt={"requires": "members:write"}, tags=["members"])
async def delete_tier(member_id: FromPath[UUID], request: HttpRequest[Any, Any, Any]) -> Held:
    """Ends the lock of a tier set by hand (default: on the main ladder): the rules decide at once."""
    query = parse_query(ExplainQuery, request.query_params.multi_items())
    survivor, *_ = await require_member(member_id)
    return await unlock_tier(survivor, query.ladder)


@get("/v1/members/{member_id:uuid}/decisions", opt={"requires": "members:read"}, tags=["members"])
async def list_decisions(member_id: FromPath[UUID], request: HttpRequest[Any, Any, Any]) -> Page:
    """The member's decisions, the newest first, each with the values that caused it; those of the records that were
    merged into it too, under their own ids.
    """
    query = parse_query(ListQuery, request.query_params.multi_items())
    members = await require_member(member_id)
    before = decode_cursor(query.cursor, UUID)
    rows = await decisions_of(members, query.limit, before[0] if before else None)
    show = partial(decision_out, rules=await current_programme())
    return page(rows, query.limit, show, lambda row: (row["id"],))


@post("/v1/programme/recalculate", status_code=202, opt={"requires": "programme:write"}, tags=["programme"])
async def recalculate(data: JSONBody[RecalculateBody]) -> dict[str, UUID]:
    """Evaluates every member as of an instant; the job tells progress and result.

    409 `later-decisions` where a decision was made for a later instant. With `rebuild` every purchase, activity, act by
    hand and schedule is walked in the order in which it happened, under the rules in force then, as after a migration
    of old history; a chain's tills wait while their members' turn is on.
    """
    cause: Cause = "rebuild" if data.rebuild else "request"
    run_id = await start_recalculation(Request(cause, as_of=data.as_of))
    detail = {"as_of": None if data.as_of is None else data.as_of.isoformat()}
    await record(f"programme.{'rebuild' if data.rebuild else 'recalculate'}", f"job:{run_id}", detail)
    return {"job_id": run_id}


HANDLERS = [get_tier, put_tier, delete_tier, list_decisions, recalculate]
