"""`/sandbox`: in the chain, its sandbox and keys for it; in the sandbox, its clock and what it would have sent."""

import json
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post

from industry_templates import loader
from saas.errors import DomainError, FieldError
from saas.forms import texts_of, told
from saas.i18n import n_
from saas.once import once
from saas.pages import reader_of, render_page, see_other
from saas.principal import Principal
from saas.sandbox.api import NewSandbox, NewTestKey
from saas.sandbox.asking import ask, read, remove, reset
from saas.sandbox.clock import CANCELLED, Advance, Move, cancel, look, move
from saas.sandbox.crossing import HOME, cross_back, cross_over
from saas.sandbox.keys import issue_test_key
from saas.sandbox.letters import letters
from saas.sandbox.middleware import MOVING
from saas.sandboxed import in_sandbox
from saas.scope import connection, current, tenant_scope
from saas.sessions import session_of
from saas.validation import parse_body
from tenants.branches.branch import require_whole_chain
from tenants.frame import frame

STEPS: Final = {
    "day": (Advance(days=1), n_("One day")),
    "week": (Advance(days=7), n_("One week")),
    "month": (Advance(months=1), n_("One month")),
    "year": (Advance(years=1), n_("One year")),
}
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin"}
_MOVES: Final[dict[str, Any]] = {**_PAGE, "although": (MOVING,)}
_LETTERS: Final = 20
_KEYS: Final = """
SELECT count(*) FILTER (WHERE k.revoked_at IS NULL) FROM platform.api_key AS k WHERE k.tenant_id = $1"""
_Request = Request[Any, Any, Any]
_Answer = Response[Any]
_NEW: Final = {"template": "", "name": ""}


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> _Answer:
    """As it is; who follows work under way by htmx gets the part that changes alone."""
    return await _page(request)


@post(f"{HOME}/make", opt=_PAGE, status_code=200, include_in_schema=False)
async def make(request: _Request) -> _Answer:
    """Pressed twice it is one."""
    require_whole_chain()
    form = await texts_of(request)
    try:
        wanted = {"template": form.get("template") or None, "samples": bool(form.get("samples"))}
        body = parse_body(NewSandbox, json.dumps(wanted).encode())
        await ask(body.template, body.chosen_variant, reader_of(request).language, samples=body.samples)
    except DomainError as error:
        if error.code == "sandbox-exists":
            return see_other(HOME)
        return await _page(request, form, error)
    return see_other(HOME)


@get(f"{HOME}/sure", opt=_PAGE, include_in_schema=False)
async def ask_first(request: _Request) -> _Answer:
    """Before everything in it goes: `act` is `reset` or `remove`."""
    require_whole_chain()
    act = request.query_params.get("act")
    if act not in {"reset", "remove"} or (await read())["state"] == "none":
        return see_other(HOME)
    return render_page(request, "sandbox/sure.html", {"frame": await frame(), "act": act})


@post(f"{HOME}/sure", opt=_PAGE, include_in_schema=False)
async def end(request: _Request) -> _Answer:
    """`reset`, `remove`."""
    require_whole_chain()
    act = (await texts_of(request)).get("act")
    if act == "reset":
        await reset()
    elif act == "remove":
        await remove()
    return see_other(HOME)


@post(f"{HOME}/cross", opt={**_MOVES, "scoped": False}, include_in_schema=False)
async def cross(request: _Request) -> _Answer:
    """Over to the sandbox, or back to the chain."""
    session = await session_of(request)
    if session is None:  # ended a moment ago
        raise DomainError("unauthenticated")
    back = (await texts_of(request)).get("to") == "chain"
    return await (cross_back if back else cross_over)(request, session)


@post(f"{HOME}/keys", opt={**_PAGE, "scoped": False, "shows_secret": True}, status_code=200, include_in_schema=False)
async def issue(request: _Request) -> _Answer:
    """A key of the sandbox's with every right in it, shown this once."""
    form, who = await texts_of(request), _who(request)
    request_id = request.scope["state"].get("request_id")
    made, error = None, None
    try:
        wanted = {"name": form.get("name", "").strip(), "scopes": ["admin"]}
        body = parse_body(NewTestKey, json.dumps(wanted).encode())
        made = await issue_test_key(who, body.name, body.scopes, form.get("once") or None, request_id)
    except DomainError as refused:
        error = refused
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    async with tenant_scope(who.tenant_id, principal=who, request_id=request_id):
        return await _page(request, form if error else None, error, made=made)


@post(f"{HOME}/clock", opt=_MOVES, status_code=200, include_in_schema=False)
async def move_clock(request: _Request) -> _Answer:
    """`by` a step, or `to` a local instant."""
    require_whole_chain()
    form = await texts_of(request)

    async def begin() -> str:
        await move(await _wanted(form))
        return HOME

    try:
        return see_other(await once(request, begin))
    except DomainError as error:
        return await _page(request, form, error)


@post(f"{HOME}/clock/cancel", opt=_MOVES, include_in_schema=False)
async def cancel_move() -> _Answer:
    """The clock stops where it is."""
    require_whole_chain()
    await cancel()
    return see_other(HOME)


async def _wanted(form: dict[str, str]) -> Move:
    """Raises DomainError `validation-failed` for a text that is no instant."""
    if form.get("by") in STEPS:
        return Move(advance=STEPS[form["by"]][0])
    zone = ZoneInfo(
        await connection().fetchval("SELECT timezone FROM tenant WHERE tenant_id = $1", current().tenant_id)
    )
    try:
        return Move(to=datetime.fromisoformat(form.get("to", "")).replace(tzinfo=zone))
    except ValueError:
        raise DomainError("validation-failed", errors=[FieldError("/to", "wrong-format")]) from None


def _who(request: _Request) -> Principal:
    who: Principal = request.scope["state"]["principal"]
    return who


async def _page(
    request: _Request,
    form: dict[str, str] | None = None,
    error: DomainError | None = None,
    *,
    made: dict[str, Any] | None = None,
) -> _Answer:
    require_whole_chain()
    problem = told(request, error) if error is not None else None
    context: dict[str, Any] = {
        "frame": await frame(),
        "form": form or _NEW,
        "made": made,
        "problem": problem,
        "wrong": problem.fields if problem else {},
    }
    inside = await in_sandbox()
    if inside:
        clock = await look()
        going = clock["move"] is not None and clock["move"]["state"] in {"queued", "running"}
        context |= {"clock": clock, "going": going, "steps": STEPS, "letters": await letters(None, _LETTERS)}
        context["cancelled"] = clock["move"] is not None and clock["move"]["error"] == CANCELLED
        context["keys"] = await connection().fetchval(_KEYS, current().tenant_id)
    else:
        sandbox, language = await read(), reader_of(request).language
        context |= {"sandbox": sandbox, "going": sandbox["state"] in {"making", "resetting", "removing"}}
        context["templates"] = [(code, one.names.get(language)) for code, one in sorted(loader.load_all().items())]
    part = request.headers.get("hx-request") and not request.headers.get("hx-history-restore-request")
    name = "inside" if inside else "beside"
    template = f"sandbox/_{name}.html" if part else f"sandbox/{name}.html"
    answer = render_page(request, template, context, status=problem.status if problem else 200)
    if part and inside and not context["going"]:  # it has arrived: all of the page is of another day
        answer.headers["HX-Refresh"] = "true"
    return answer


HANDLERS = [show, make, ask_first, end, cross, issue, move_clock, cancel_move]
