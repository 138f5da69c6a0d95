"""Enrolling and changing a member by a form: errors beside the fields, nothing typed or kept is lost."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.digits import number_of
from saas.errors import DomainError
from saas.forms import texts_of
from saas.i18n import Tongue
from saas.pages import reader_of, render_page, see_other
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.validation import parse_body
from tenants.branches.branch import branches
from tenants.frame import frame
from tenants.member_pages.forms import Form, change_of, enrolment_of, filled
from tenants.member_pages.lines import title_of
from tenants.member_pages.one import CHANNEL_NAMES, GENDERS, ONE
from tenants.member_pages.telling import Told, told
from tenants.members.bodies import MemberChange, NewMember
from tenants.members.change import change_member
from tenants.members.enrol import enrol
from tenants.members.phones import mask_phone
from tenants.members.row import member_row
from tenants.members.showing import show
from tenants.members.terms import present_terms
from tenants.programme.rules import Attribute
from tenants.programme.versions import current_programme

NEW: Final = "/members/new"
_EDIT: Final = f"{ONE}/edit"
_WRITE: Final[dict[str, Any]] = {"auth": "page", "requires": "members:write", "scoped": False}
"""Scopes of their own: what was refused is rolled back before the form is shown again."""
_BRANCHES: Final = 1_000
_FROM_SEARCH: Final = ("name", "phone", "card_no")
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@get(NEW, opt=_WRITE, include_in_schema=False)
async def new(request: _Request) -> _Answer:
    """An empty form, or one with what was searched for."""
    given = {name: request.query_params[name] for name in _FROM_SEARCH if name in request.query_params}
    return await _enrolment(request, given)


@post(NEW, opt=_WRITE, include_in_schema=False)
async def create(request: _Request) -> _Answer:
    """Enrols, and opens the member."""
    form, who = await texts_of(request), _who(request)
    try:
        async with _scope(who):
            rules = await current_programme()
            body = parse_body(NewMember, enrolment_of(form, rules.attributes))
            made = await enrol(body, await present_terms())
    except DomainError as error:
        return await _enrolment(request, form, told(error, reader_of(request).language))
    return see_other(f"/members/{made['id']}?done=enrolled")


@get(_EDIT, opt=_WRITE, include_in_schema=False)
async def edit(request: _Request, member_id: FromPath[UUID]) -> _Answer:
    """The form as the member is kept."""
    return await _editing(request, member_id)


@post(_EDIT, opt=_WRITE, include_in_schema=False)
async def change(request: _Request, member_id: FromPath[UUID]) -> _Answer:
    """Changes what the form was opened on; where somebody else was faster, it says what they wrote and asks again."""
    form, who = await texts_of(request), _who(request)
    revision = form.get("revision", "")
    try:
        async with _scope(who):
            rules = await current_programme()
            body = parse_body(MemberChange, change_of(form, rules.attributes))
            opened_on = number_of(revision)
            await change_member(member_id, body, () if opened_on is None else (opened_on,))
    except DomainError as error:
        if error.code == "not-found":
            raise
        return await _editing(request, member_id, form, told(error, reader_of(request).language))
    return see_other(f"/members/{member_id}?done=changed")


async def _enrolment(request: _Request, form: Form, problem: Told | None = None) -> _Answer:
    async with _scope(_who(request)):
        context = {**await _choices(reader_of(request).tongue), "frame": await frame()}
    context |= {"form": form, "problem": problem, "wrong": problem.fields if problem else {}, "member": None}
    return render_page(request, "member_pages/form.html", context, status=problem.status if problem else 200)


async def _editing(
    request: _Request, member_id: UUID, form: Form | None = None, problem: Told | None = None
) -> _Answer:
    speaks = reader_of(request).tongue
    async with _scope(_who(request)):
        row = await member_row(member_id)
        if row["id"] != member_id:
            return see_other(f"/members/{row['id']}/edit")
        if row["status"] != "active":
            raise DomainError("member-closed")
        found = await show(row, speaks.language)
        context = {**await _choices(speaks), "frame": await frame()}
    kept = filled(found, speaks)
    late = problem is not None and problem.code == "precondition-failed"
    context |= {
        "form": form or kept,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "member": found,
        "title": title_of(found, speaks),
        "phone": mask_phone(found["phone"]),
        "revision": row["revision"] if form is None or late else form.get("revision", ""),
        "theirs": _differing(form, kept) if form is not None and late else {},
        "late": late,
    }
    return render_page(request, "member_pages/form.html", context, status=problem.status if problem else 200)


def _differing(form: Form, kept: Form) -> Mapping[str, str]:
    """What is kept now where the form says something else, by field."""
    return {name: value for name, value in kept.items() if form.get(name, "") != value}


async def _choices(speaks: Tongue) -> dict[str, Any]:
    rules = await current_programme()
    shops = [(str(one["id"]), one["name"]) for one in await branches(None, _BRANCHES) if one["closed_at"] is None]
    return {
        "branches": [("", "—"), *shops],
        "genders": [("", "—"), *((code, speaks.say(name)) for code, name in GENDERS.items())],
        "channels": [(f"consents_{code}", speaks.say(name)) for code, name in CHANNEL_NAMES.items()],
        "attributes": [_field(one, speaks) for one in rules.attributes],
    }


def _field(attribute: Attribute, speaks: Tongue) -> dict[str, Any]:
    options = [(one.code, one.names.get(speaks.language)) for one in attribute.choices or ()]
    if attribute.type == "boolean":
        options = [("yes", speaks.say("Yes")), ("no", speaks.say("No"))]
    return {
        "name": f"attributes_{attribute.code}",
        "label": attribute.names.get(speaks.language),
        "type": "date" if attribute.type == "date" else "text",
        "inputmode": "decimal" if attribute.type == "number" else "",
        "options": [("", "—"), *options] if options else [],
    }


def _scope(who: Principal) -> Any:
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    return tenant_scope(who.tenant_id, principal=who)


def _who(request: _Request) -> Principal:
    who: Principal = request.scope["state"]["principal"]
    return who


HANDLERS = [new, create, edit, change]
