"""The owner's pages of staff: who works here, inviting, changing, removing. They work without JavaScript."""

import json
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.forms import texts_of, told
from saas.money import parse_decimal_amount, to_decimal
from saas.pages import render_page, see_other
from saas.sessions import ROLE_NAMES
from saas.validation import parse_body
from tenants.branches.branch import branches
from tenants.frame import frame
from tenants.staff.api import NewStaff, RulesChange, StaffChange
from tenants.staff.factors import has_factor, is_oneself, log_out, take_factor_away
from tenants.staff.inviting import invite, invite_again
from tenants.staff.person import change_person, people, person, remove_person
from tenants.staff.rules import change_rules, rules

HOME: Final = "/staff"
RULES: Final = "/staff/rules"
_DIGITS: Final = 10
_SHOWN: Final = 500
_BRANCHES: Final = 2000
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_Request = Request[Any, Any, Any]
_Answer = Response[Any]
_NOBODY: Final[dict[str, Any]] = {"name": "", "email": "", "role": "clerk", "where": "all", "branch_ids": []}


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> _Answer:
    """Who works here, and the form to invite somebody."""
    return await _list(request, _NOBODY)


@post(HOME, opt=_PAGE, include_in_schema=False)
async def invite_somebody(request: _Request) -> _Answer:
    """Answers with the link, which is shown this once."""
    form = await _form(request)
    try:
        body = parse_body(NewStaff, _json(form, "email", "name", "role"))
        made = await invite(body.email, body.name, body.role, body.branch_ids)
    except DomainError as error:
        return await _list(request, form, error=error)
    return await _list(request, _NOBODY, invited=made)


@get("/staff/{staff_id:uuid}", opt=_PAGE, include_in_schema=False)
async def show_person(request: _Request, staff_id: FromPath[UUID]) -> _Answer:
    """One of them, to be changed."""
    return await _person(request, staff_id)


@post("/staff/{staff_id:uuid}", opt=_PAGE, include_in_schema=False)
async def change(request: _Request, staff_id: FromPath[UUID]) -> _Answer:
    """Name, role and branches, as the form has them."""
    form = await _form(request)
    try:
        body = parse_body(StaffChange, _json(form, "name", "role"))
        await change_person(staff_id, name=body.name, role=body.role, limits=(body.branch_ids,))
    except DomainError as error:
        return await _person(request, staff_id, form, error)
    return see_other(f"{HOME}?done=changed")


@post("/staff/{staff_id:uuid}/remove", opt=_PAGE, include_in_schema=False)
async def remove(request: _Request, staff_id: FromPath[UUID]) -> _Answer:
    """Out at once."""
    try:
        await remove_person(staff_id)
    except DomainError as error:
        return await _person(request, staff_id, error=error)
    return see_other(f"{HOME}?done=removed")


@post("/staff/{staff_id:uuid}/invite", opt=_PAGE, include_in_schema=False)
async def again(request: _Request, staff_id: FromPath[UUID]) -> _Answer:
    """A new link."""
    try:
        made = await invite_again(staff_id)
    except DomainError as error:
        return await _person(request, staff_id, error=error)
    return await _list(request, _NOBODY, invited=made)


@post("/staff/{staff_id:uuid}/second-factor", opt=_PAGE, include_in_schema=False)
async def take_factor(request: _Request, staff_id: FromPath[UUID]) -> _Answer:
    """For who has lost phone and recovery codes."""
    try:
        await take_factor_away(staff_id)
    except DomainError as error:
        return await _person(request, staff_id, error=error)
    return see_other(f"{HOME}?done=factor")


@post("/staff/{staff_id:uuid}/log-out", opt=_PAGE, include_in_schema=False)
async def send_out(request: _Request, staff_id: FromPath[UUID]) -> _Answer:
    """For who left a device behind."""
    try:
        await log_out(staff_id)
    except DomainError as error:
        return await _person(request, staff_id, error=error)
    return see_other(f"{HOME}?done=out")


@get(RULES, opt=_PAGE, include_in_schema=False)
async def show_rules(request: _Request) -> _Answer:
    """How far clerks go alone, and who needs a second factor."""
    return await _rules(request)


@post(RULES, opt=_PAGE, include_in_schema=False)
async def set_rules(request: _Request) -> _Answer:
    """All of them, as the form has them."""
    form, around = await texts_of(request), await frame()
    try:
        body = parse_body(RulesChange, _rules_json(form, around.currency))
        await change_rules(**body.model_dump(exclude_unset=True))
    except DomainError as error:
        return await _rules(request, form, error)
    return see_other(f"{RULES}?done=changed")


def _rules_json(form: dict[str, str], currency: str) -> bytes:
    """Raises DomainError `validation-failed`."""
    errors, points = [], form.get("clerk_points", "").strip()
    if not (points.isascii() and points.isdigit() and len(points) < _DIGITS):
        errors.append(FieldError("/clerk_points", "invalid-number"))
    money = 0
    try:
        money = parse_decimal_amount(form.get("clerk_money", ""), currency)
    except InvalidValueError as fault:
        errors.append(FieldError("/clerk_money", fault.code, fault.params))
    if errors:
        raise DomainError("validation-failed", errors=errors)
    wanted = {"clerk_points": int(points), "clerk_money": money, "second_factor": form.get("second_factor") == "yes"}
    return json.dumps(wanted).encode()


async def _rules(request: _Request, form: dict[str, str] | None = None, error: DomainError | None = None) -> _Answer:
    problem, around, kept = told(request, error) if error is not None else None, await frame(), await rules()
    filled = {
        "clerk_points": str(kept["clerk_points"]),
        "clerk_money": to_decimal(kept["clerk_money"], around.currency),
        "second_factor": "yes" if kept["second_factor"] else "",
    }
    context = {
        "frame": around,
        "form": filled if form is None else form,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "done": request.query_params.get("done"),
    }
    return render_page(request, "staff/rules.html", context, status=problem.status if problem else 200)


async def _list(
    request: _Request,
    form: dict[str, Any],
    *,
    invited: dict[str, Any] | None = None,
    error: DomainError | None = None,
) -> _Answer:
    problem = told(request, error) if error is not None else None
    known = await branches(None, _BRANCHES)
    context = {
        "frame": await frame(),
        "people": await people(None, _SHOWN),
        "branches": known,
        "branch_names": {branch["id"]: branch["name"] for branch in known},
        "role_names": ROLE_NAMES,
        "form": form,
        "invited": invited,
        "problem": problem,
        "done": request.query_params.get("done"),
    }
    return render_page(request, "staff/staff.html", context, status=problem.status if problem else 200)


async def _person(
    request: _Request, staff_id: UUID, form: dict[str, Any] | None = None, error: DomainError | None = None
) -> _Answer:
    found = await person(staff_id)
    if found["state"] == "left" or (error is not None and error.code == "not-found"):
        raise DomainError("not-found")
    problem = told(request, error) if error is not None else None
    context = {
        "frame": await frame(),
        "person": found,
        "oneself": is_oneself(staff_id),
        "has_factor": await has_factor(staff_id) and not is_oneself(staff_id),
        "branches": await branches(None, _BRANCHES),
        "role_names": ROLE_NAMES,
        "form": form or _filled(found),
        "problem": problem,
    }
    return render_page(request, "staff/person.html", context, status=problem.status if problem else 200)


def _filled(found: dict[str, Any]) -> dict[str, Any]:
    limits = found["branch_ids"]
    where = "all" if limits is None else "some"
    return {"name": found["name"], "role": found["role"], "where": where, "branch_ids": [str(x) for x in limits or []]}


async def _form(request: _Request) -> dict[str, Any]:
    sent = await request.form()
    texts = {name: value for name, value in sent.items() if isinstance(value, str)}
    return {**_NOBODY, **texts, "branch_ids": [str(value) for value in sent.getall("branch_ids", [])]}


def _json(form: dict[str, Any], *names: str) -> bytes:
    """The form as the API's body. That somebody works everywhere is said, not left open."""
    values = {name: form[name].strip() for name in names}
    return json.dumps({**values, "branch_ids": form["branch_ids"] if form["where"] == "some" else None}).encode()


HANDLERS = [show, invite_somebody, show_person, change, remove, again, take_factor, send_out, show_rules, set_rules]
