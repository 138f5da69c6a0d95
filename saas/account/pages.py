"""`/account`. What can open doors (password, PIN) is changed only by who knows the password."""

import json
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post

from saas.account.own import change_password, end_others, require_password, sessions_of, speak
from saas.cookies import LANGUAGE, lasting_cookie
from saas.errors import DomainError, FieldError, InvalidValueError
from saas.forms import texts_of, told
from saas.login.telling import tell_chains
from saas.login.tilling import till_cookie, till_here
from saas.pages import render_page, see_other
from saas.scope import connection, current, tenant_scope
from saas.second_factor.keeping import factor_of
from saas.sessions import Session, session_of
from saas.validation import Body, Name, parse_body
from tenants.branches.branch import branches
from tenants.frame import frame
from tenants.staff.person import call_oneself
from tenants.staff.pins import LONGEST, SHORTEST, TRIES, drop_pin, hash_pin, keep_pin, pin_state, require_pin
from tenants.tills.people import note_log_in
from tenants.tills.till import IDLE_DEFAULT, IDLE_LONGEST, make_till, minutes_of, work_here

HOME: Final = "/account"
_PAGE: Final[dict[str, Any]] = {"auth": "page", "scoped": False, "although": ("moving",)}
_BRANCHES: Final = 2000
_TILL: Final = (
    "SELECT t.name, b.name AS branch, t.idle_minutes FROM till t"
    " JOIN branch b ON b.tenant_id = t.tenant_id AND b.id = t.branch_id WHERE t.tenant_id = $1 AND t.id = $2"
)
_Request = Request[Any, Any, Any]


class _Own(Body):
    name: Name


class _Till(Body):
    name: Name
    branch_id: UUID


async def session_here(request: _Request) -> Session:
    """The middleware has let it through. Raises DomainError `unauthenticated` where it has ended since."""
    session = await session_of(request)
    if session is None:
        raise DomainError("unauthenticated")
    return session


def caller(request: _Request) -> str:
    """The address that asks, for the number of tries."""
    return request.client.host if request.client else ""


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> Response[str]:
    """All of it on one page."""
    return await _page(request, await session_here(request))


@post("/account/name", opt=_PAGE, include_in_schema=False)
async def change_name(request: _Request) -> Response[Any]:
    """How one is called in this chain."""
    session, form = await session_here(request), await texts_of(request)
    try:
        body = parse_body(_Own, json.dumps({"name": form.get("name", "").strip()}).encode())
        async with _scope(request, session):
            await call_oneself(session.staff_id, body.name)
    except DomainError as error:
        return await _page(request, session, "name", form, error)
    return see_other(f"{HOME}?done=name")


@post("/account/language", opt=_PAGE, include_in_schema=False)
async def change_language(request: _Request) -> Response[Any]:
    """The account's own, on every device, and of letters; this browser follows."""
    session, language = await session_here(request), (await texts_of(request)).get("language")
    if language not in {"zh-CN", "en"}:
        return see_other(HOME)
    await speak(session.account_id, language)
    return see_other(f"{HOME}?done=language", cookies=[lasting_cookie(LANGUAGE, language)])


@post("/account/password", opt=_PAGE, include_in_schema=False)
async def new_password(request: _Request) -> Response[Any]:
    """Whoever else is logged in with the old one is out."""
    session, form = await session_here(request), await texts_of(request)
    request_id = request.scope["state"].get("request_id")
    try:
        await change_password(session, form.get("current", ""), form.get("password", ""), caller(request), request_id)
    except DomainError as error:
        return await _page(request, session, "password", {}, error)
    return see_other(f"{HOME}?done=password")


@post("/account/pin", opt=_PAGE, include_in_schema=False)
async def new_pin(request: _Request) -> Response[Any]:
    """For coming back to a shared till and for approving: the password proves who sets it."""
    session, form = await session_here(request), await texts_of(request)
    try:
        try:
            pin = require_pin(form.get("pin", ""))
        except InvalidValueError as fault:
            raise DomainError("validation-failed", errors=[FieldError("/pin", fault.code, fault.params)]) from None
        await require_password(session, form.get("current", ""), caller(request))
        hashed = await hash_pin(pin)
        async with _scope(request, session):
            await keep_pin(session.staff_id, hashed)
    except DomainError as error:
        return await _page(request, session, "pin", {}, error)
    return see_other(f"{HOME}?done=pin")


@post("/account/pin/drop", opt=_PAGE, include_in_schema=False)
async def no_pin(request: _Request) -> Response[Any]:
    """Without one there is only the password."""
    session = await session_here(request)
    async with _scope(request, session):
        await drop_pin(session.staff_id)
    return see_other(f"{HOME}?done=pin-gone")


@post("/account/sessions/end", opt=_PAGE, include_in_schema=False)
async def only_here(request: _Request) -> Response[Any]:
    """Out everywhere else. By the password: else who finds a session open could throw its owner out of the others."""
    session, form = await session_here(request), await texts_of(request)
    try:
        await require_password(session, form.get("current", ""), caller(request))
    except DomainError as error:
        return await _page(request, session, "sessions", {}, error)
    await tell_chains(session.account_id, "session.end_others", request.scope["state"].get("request_id"))
    await end_others(session)
    return see_other(f"{HOME}?done=sessions")


@post("/account/till", opt={**_PAGE, "requires": "purchases:write"}, include_in_schema=False)
async def become_till(request: _Request) -> Response[Any]:
    """Makes this device a shared till; sent twice it is still one."""
    session, form = await session_here(request), await texts_of(request)
    known = await till_here(request)
    if session.till_id is not None or (known is not None and known.tenant_id == session.tenant_id):
        if known is not None and session.till_id is None:
            await work_here(session.token_hash, known.id, known.idle_minutes)
        return see_other(f"{HOME}?done=till")
    try:
        minutes = minutes_of(form.get("idle_minutes", ""))
        sent = {"name": form.get("till_name", "").strip(), "branch_id": form.get("branch_id", "")}
        body = parse_body(_Till, json.dumps(sent).encode())
        async with _scope(request, session):
            till_id, token = await make_till(body.branch_id, body.name, minutes)
            await note_log_in(till_id, session.staff_id)
    except DomainError as error:
        return await _page(request, session, "till", form, error)
    await work_here(session.token_hash, till_id, minutes)
    return see_other(f"{HOME}?done=till", cookies=[till_cookie(token)])


def _scope(request: _Request, session: Session) -> Any:
    request_id = request.scope["state"].get("request_id")
    return tenant_scope(session.tenant_id, principal=session.principal, request_id=request_id)


async def _page(
    request: _Request,
    session: Session,
    at: str = "",
    form: dict[str, str] | None = None,
    error: DomainError | None = None,
) -> Response[str]:
    """`at`: the form in which `error` happened; `form`: what was typed there."""
    problem = told(request, error) if error is not None else None
    factor, own = await factor_of(session.account_id), await sessions_of(session)
    async with _scope(request, session):
        shown, wrong = await frame(), await pin_state(session.staff_id)
        here = await connection().fetchrow(_TILL, current().tenant_id, session.till_id) if session.till_id else None
        known = await branches(None, _BRANCHES) if here is None else []
    context = {
        "frame": shown,
        "email": session.email,
        "at": at,
        "form": form or {},
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "factor_since": factor.since if factor else None,
        "approves": session.role in {"owner", "manager"},
        "has_pin": wrong is not None,
        "pin_locked": wrong is not None and wrong >= TRIES,
        "shortest": SHORTEST,
        "longest": LONGEST,
        "sessions": own,
        "till": here,
        "branches": [
            (str(b["id"]), b["name"]) for b in known if b["closed_at"] is None and session.principal.may_at(b["id"])
        ],
        "may_be_till": session.principal.may("purchases:write"),
        "idle_default": IDLE_DEFAULT,
        "idle_longest": IDLE_LONGEST,
        "done": request.query_params.get("done", ""),
    }
    status = problem.status if problem else 200
    headers = dict(error.headers) if error is not None and error.headers else {}
    return render_page(request, "account/account.html", context, status=status, headers=headers)


HANDLERS = [
    show,
    change_name,
    change_language,
    new_password,
    new_pin,
    no_pin,
    only_here,
    become_till,
]
