"""The console's log-in: address and password, then the app's code; who has no second factor sets it up first."""

import math
from typing import Any, Final
from uuid import UUID

import segno
from litestar import Request, Response, get, post
from markupsafe import Markup

from saas.console import acts
from saas.console.frame import LOGIN, Handlers, act
from saas.console.people import Operator, by_id, code_is_right, factor_to_set_up, with_password
from saas.console.sessions import address_of, console_is_open, end, posted, session_cookie, start
from saas.errors import DomainError
from saas.forms import texts_of
from saas.login.throttle import Tries
from saas.login.tickets import (
    account_of_ticket,
    account_ticket,
    form_cookie,
    form_nonce,
    form_token,
    form_token_is_valid,
)
from saas.pages import render_page, see_other
from saas.passwords import LONGEST
from saas.second_factor import totp
from saas.security_log import noted
from saas.sessions import same_origin
from saas.settings import get_settings

_HOME: Final = "/operator"
_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}
_Request = Request[Any, Any, Any]


@get(LOGIN, opt=_OPEN, include_in_schema=False)
async def show(request: _Request) -> Response[Any]:
    """The form."""
    _there()
    return _form(request)


@post(LOGIN, opt=_OPEN, include_in_schema=False)
async def log_in(request: _Request) -> Response[Any]:
    """The form, the number of tries and the password, in this order; then the code is asked for."""
    _there()
    form, nonce = await texts_of(request), form_nonce(request)
    if not same_origin(request) or not form_token_is_valid(form.get("_form", ""), nonce):
        return _form(request, problem="expired", status=403)
    email = form.get("email", "").strip().lower()  # else each spelling of an address would have tries of its own
    tries = Tries.of(email, address_of(request), door="operator")
    if (wait := await tries.count()) > 0:
        return _form(request, problem="throttled", status=429, wait=wait)
    found = await with_password(email, form.get("password", "")[:LONGEST])
    if found is None:
        noted("log-in-refused", request, door="operator")
        return _form(request, problem="wrong", status=401)
    if found.confirmed_at is None and get_settings().environment != "production":
        await tries.forgive()
        return await _go_in(request, found)
    return await _code_form(request, found)


@post("/operator/code", opt=_OPEN, include_in_schema=False)
async def give_code(request: _Request) -> Response[Any]:
    """The app's code: the first one of a new second factor puts it in force."""
    _there()
    form, nonce = await texts_of(request), form_nonce(request)
    operator_id = account_of_ticket(form.get("ticket", ""), nonce)
    found = await by_id(operator_id) if operator_id is not None and same_origin(request) else None
    if found is None:
        return _form(request, problem="expired", status=403)
    tries = Tries.of(found.email, address_of(request), door="operator-code")
    if (wait := await tries.count()) > 0:
        return _form(request, problem="throttled", status=429, wait=wait)
    if not await code_is_right(found.id, form.get("code", "")):
        noted("code-refused", request, operator=str(found.id))
        await acts.write(found.id, "log-in-refused", address_of(request))
        return await _code_form(request, found, wrong=True)
    await tries.forgive()
    await Tries.of(found.email, address_of(request), door="operator").forgive()
    return await _go_in(request, found)


@act("/operator/logout")
async def log_out(request: _Request) -> Response[Any]:
    """Ends the session here and in the browser."""
    who, _ = await posted(request)
    await end(request)
    await acts.write(who.operator.id, "log-out", who.address)
    return see_other(LOGIN, cookies=[session_cookie("")])


def _there() -> None:
    if not console_is_open():
        raise DomainError("not-found")


async def _go_in(request: _Request, found: Operator) -> Response[bytes]:
    """A new session under a new token; one that the browser had before ends."""
    await end(request)
    noted("log-in", request, operator=str(found.id))
    await acts.write(found.id, "log-in", address_of(request))
    return see_other(_HOME, cookies=[session_cookie(await start(found.id))])


def _form(request: _Request, *, problem: str = "", status: int = 200, wait: int = 0) -> Response[str]:
    nonce = form_nonce(request)
    context = {"token": form_token(nonce), "problem": problem, "minutes": math.ceil(wait / 60)}
    headers = {"Retry-After": str(wait)} if wait else {}
    if status == 401:  # noqa: PLR2004  # RFC 9110, 11.6.1: a 401 names a scheme
        headers["WWW-Authenticate"] = "Bearer"
    return render_page(
        request, "console/login.html", context, status=status, headers=headers, cookies=[form_cookie(nonce)]
    )


async def _code_form(request: _Request, found: Operator, *, wrong: bool = False) -> Response[str]:
    """Asks for the code; with the QR that an app learns the secret from, as long as none is in force."""
    nonce = form_nonce(request)
    secret = await factor_to_set_up(found.id)
    context = {
        "ticket": _ticket(found.id, nonce),
        "wrong": wrong,
        "key": totp.shown(secret) if secret else None,
        "qr": _picture(totp.address(secret, found.email)) if secret else None,
    }
    status = 422 if wrong else 200
    return render_page(request, "console/code.html", context, status=status, cookies=[form_cookie(nonce)])


def _ticket(operator_id: UUID, nonce: str) -> str:
    return account_ticket(operator_id, nonce)


def _picture(text: str) -> Markup:
    drawn = segno.make(text, error="m").svg_inline(scale=4, border=2, dark="#000", light="#fff", svgclass="qr")
    return Markup(drawn)  # noqa: S704 - segno's own  # nosec B704


HANDLERS: Handlers = [show, log_in, give_code, log_out]
