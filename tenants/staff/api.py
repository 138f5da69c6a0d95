"""`/v1/staff`."""

from functools import partial
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

from litestar import Request, Response, delete, get, patch, post
from litestar.params import FromPath, JSONBody
from pydantic import Field

from saas.etags import Tags
from saas.money import MAX_MINOR
from saas.paging import Page, decode_cursor, page
from saas.scope import current
from saas.validation import Body, ChangeBody, Email, ListQuery, Name, parse_query
from tenants.staff.employ import Role
from tenants.staff.factors import log_out, take_factor_away
from tenants.staff.inviting import invite, invite_again
from tenants.staff.person import change_person, people, person, remove_person
from tenants.staff.rules import change_rules, rules

OPT = {"requires": "admin"}
_BOUND = {**OPT, "bound": True}  # within one's own branches
_PEOPLE: Final = Tags("staff", moves=frozenset({"state", "invited_until"}))
_RULES: Final = Tags("tenant", "tenant_id")
_Branches = Annotated[list[UUID], Field(min_length=1, max_length=1000)]


class NewStaff(Body):
    """`branch_ids`: the only branches where this person works; none given: everywhere."""

    email: Email
    name: Name
    role: Role
    branch_ids: _Branches | None = None


class StaffChange(ChangeBody):
    """What is left out stays; `branch_ids` null: every branch."""

    CLEARABLE: ClassVar[frozenset[str]] = frozenset({"branch_ids"})

    name: Name | None = None
    role: Role | None = None
    branch_ids: _Branches | None = None


@post("/v1/staff", opt={**_BOUND, "shows_secret": True}, summary="Invite somebody: the answer shows the link, once")
async def create(data: JSONBody[NewStaff]) -> dict[str, Any]:
    return await invite(data.email, data.name, data.role, data.branch_ids)


@get("/v1/staff", opt=_BOUND, summary="Who works here or is invited, the oldest first")
async def list_staff(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    (after,) = decode_cursor(query.cursor, UUID) or (None,)
    rows = await people(after, query.limit + 1)
    return page(rows, query.limit, dict, lambda row: (row["id"],))


@get("/v1/staff/{staff_id:uuid}", opt={**_BOUND, "tagged": True}, summary="One of staff, also who has left")
async def read(request: Request[Any, Any, Any], staff_id: FromPath[UUID]) -> Response[dict[str, Any]]:
    return _PEOPLE.answer(request, await person(staff_id))


@patch(
    "/v1/staff/{staff_id:uuid}", opt={**_BOUND, "tagged": True}, summary="Change name, role or branches; counts at once"
)
async def change(
    request: Request[Any, Any, Any], staff_id: FromPath[UUID], data: JSONBody[StaffChange]
) -> Response[dict[str, Any]]:
    await _PEOPLE.require(request, staff_id, partial(person, staff_id))
    limits = (data.branch_ids,) if "branch_ids" in data.model_fields_set else None
    return _PEOPLE.answer(request, await change_person(staff_id, name=data.name, role=data.role, limits=limits))


@delete(
    "/v1/staff/{staff_id:uuid}",
    opt={**_BOUND, "tagged": True},
    summary="Remove somebody, or withdraw an invitation; again is fine",
)
async def remove(request: Request[Any, Any, Any], staff_id: FromPath[UUID]) -> None:
    await _PEOPLE.require(request, staff_id, partial(person, staff_id))
    await remove_person(staff_id)


@post(
    "/v1/staff/{staff_id:uuid}/invite", opt={**_BOUND, "shows_secret": True}, summary="A new link; the old one is dead"
)
async def again(staff_id: FromPath[UUID]) -> dict[str, Any]:
    return await invite_again(staff_id)


class RulesChange(ChangeBody):
    """What is left out stays. `clerk_money` in minor units."""

    clerk_points: Annotated[int, Field(strict=True, ge=0, le=10**9)] | None = None
    clerk_money: Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR)] | None = None
    second_factor: bool | None = None


@delete("/v1/staff/{staff_id:uuid}/second-factor", opt=OPT, summary="Take a lost second factor away; told by mail")
async def remove_factor(staff_id: FromPath[UUID]) -> None:
    await take_factor_away(staff_id)


@delete("/v1/staff/{staff_id:uuid}/sessions", opt=OPT, summary="Log somebody out on every device; again is fine")
async def end_sessions(staff_id: FromPath[UUID]) -> None:
    await log_out(staff_id)


@get(
    "/v1/staff-rules",
    opt={**OPT, "tagged": True},
    summary="What clerks may do alone, and who needs a second factor",
)
async def read_rules(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    return _RULES.answer(request, await rules())


@patch("/v1/staff-rules", opt={**OPT, "tagged": True}, summary="Change them; counts at once")
async def set_rules(request: Request[Any, Any, Any], data: JSONBody[RulesChange]) -> Response[dict[str, Any]]:
    await _RULES.require(request, current().tenant_id, rules)
    return _RULES.answer(request, await change_rules(**data.model_dump(exclude_unset=True)))


HANDLERS = [create, list_staff, read, change, remove, again, remove_factor, end_sessions, read_rules, set_rules]
