"""The pages around logging in: landing, log-in, choice of chain, log-out, language and theme."""

import math
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie

from saas.login.accounts import Chain, chains_of, enter, find_account, keep_hash_current
from saas.login.throttle import Tries
from saas.login.tickets import (
    account_of_ticket,
    account_ticket,
    form_cookie,
    form_nonce,
    form_token,
    form_token_is_valid,
)
from saas.pages import LANGUAGE_COOKIE, THEME_COOKIE, render_page, safe_next, see_other
from saas.passwords import LONGEST, check_password
from saas.sessions import ROLE_NAMES, end_session, same_origin, secure, session_cookie, session_of

HOME: Final = "/overview"
_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}
_YEAR: Final = 365 * 86400
_Form = dict[str, str]


@get("/", opt=_OPEN, include_in_schema=False)
async def home(request: Request[Any, Any, Any]) -> Response[Any]:
    """Who is logged in goes to work; anyone else sees what this is."""
    if await session_of(request) is not None:
        return see_other(HOME)
    return render_page(request, "login/landing.html")


@get("/login", opt=_OPEN, include_in_schema=False)
async def show_login(request: Request[Any, Any, Any]) -> Response[Any]:
    """The form. Who is logged in already goes straight on."""
    target = safe_next(request.query_params.get("next"))
    if await session_of(request) is not None:
        return see_other(target or HOME)
    return _login_form(request, {"next": target or ""})


@post("/login", opt=_OPEN, include_in_schema=False)
async def log_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """Checks the form, the number of tries and the password, in this order; then a new session, or the choice."""
    form, nonce = await _form(request), form_nonce(request)
    if not same_origin(request) or not form_token_is_valid(form.get("_form", ""), nonce):
        return _login_form(request, form, problem="expired", status=403)
    email, password = form.get("email", "").strip().lower(), form.get("password", "")
    tries = Tries.of(email, request.client.host if request.client else "")
    if (wait := await tries.count()) > 0:
        return _login_form(request, form, problem="throttled", status=429, wait=wait)
    account = await find_account(email)
    good = await check_password(account.password_hash if account else None, password[:LONGEST])
    if account is None or not good or len(password) > LONGEST:
        return _login_form(request, form, problem="wrong", status=401)
    await tries.forgive()
    await keep_hash_current(account, password)
    chains = await chains_of(account.id)
    if not chains:
        return _login_form(request, form, problem="nowhere", status=403)
    if len(chains) == 1:
        return await _go_in(request, account.id, chains[0].tenant_id, form.get("next"))
    return _choice(request, account.id, chains, form.get("next", ""), nonce)


@post("/login/chain", opt=_OPEN, include_in_schema=False)
async def choose_chain(request: Request[Any, Any, Any]) -> Response[Any]:
    """The second step for an account that works for several chains."""
    form, nonce = await _form(request), form_nonce(request)
    account_id = account_of_ticket(form.get("ticket", ""), nonce)
    if account_id is None or not same_origin(request):
        return _login_form(request, form, problem="expired", status=403)
    chains = {str(chain.tenant_id): chain for chain in await chains_of(account_id)}
    chosen = chains.get(form.get("tenant_id", ""))
    if chosen is None:
        return _choice(request, account_id, list(chains.values()), form.get("next", ""), nonce)
    return await _go_in(request, account_id, chosen.tenant_id, form.get("next"))


@post("/logout", opt={"auth": "page", "scoped": False}, include_in_schema=False)
async def log_out(request: Request[Any, Any, Any]) -> Response[Any]:
    """Ends the session here and in the browser."""
    session = await session_of(request)
    if session is not None:
        await end_session(session.token_hash)
    return see_other("/login", cookies=[session_cookie("")])


@post("/preferences", opt=_OPEN, include_in_schema=False)
async def set_preferences(request: Request[Any, Any, Any]) -> Response[Any]:
    """Language and theme of this browser. Nothing else hangs on them, so no token is asked for."""
    form = await _form(request)
    target = safe_next(form.get("next")) or "/"
    if not same_origin(request):
        return see_other(target)
    chosen = [
        _preference(cookie, form[field])
        for field, cookie, allowed in (
            ("language", LANGUAGE_COOKIE, {"zh-CN", "en"}),
            ("theme", THEME_COOKIE, {"light", "dark", "auto"}),
        )
        if form.get(field) in allowed
    ]
    return see_other(target, cookies=chosen)


async def _form(request: Request[Any, Any, Any]) -> _Form:
    """The form's text fields; the first of each name."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def _login_form(
    request: Request[Any, Any, Any], form: _Form, *, problem: str = "", status: int = 200, wait: int = 0
) -> Response[str]:
    """The form with what was typed, but for the password, and what is wrong with it."""
    nonce, headers = form_nonce(request), {}
    if status == 401:  # noqa: PLR2004  # RFC 9110, 11.6.1: a 401 names a scheme
        headers["WWW-Authenticate"] = "Bearer"
    if wait:
        headers["Retry-After"] = str(wait)
    context = {
        "email": form.get("email", "")[:254],
        "next": safe_next(form.get("next")) or "",
        "token": form_token(nonce),
        "problem": problem,
        "minutes": math.ceil(wait / 60),
    }
    return render_page(
        request, "login/login.html", context, status=status, headers=headers, cookies=[form_cookie(nonce)]
    )


def _choice(
    request: Request[Any, Any, Any], account_id: UUID, chains: list[Chain], target: str, nonce: str
) -> Response[str]:
    context = {
        "chains": chains,
        "ticket": account_ticket(account_id, nonce),
        "next": safe_next(target) or "",
        "role_names": ROLE_NAMES,
    }
    return render_page(request, "login/chains.html", context, cookies=[form_cookie(nonce)])


async def _go_in(
    request: Request[Any, Any, Any], account_id: UUID, tenant_id: UUID, target: str | None
) -> Response[bytes]:
    """A new session under a new token; one that the browser had before ends."""
    before = await session_of(request)
    if before is not None:
        await end_session(before.token_hash)
    token = await enter(account_id, tenant_id, request.scope["state"].get("request_id"))
    return see_other(safe_next(target) or HOME, cookies=[session_cookie(token)])


def _preference(name: str, value: str) -> Cookie:
    return Cookie(key=name, value=value, path="/", samesite="lax", secure=secure(), httponly=True, max_age=_YEAR)


HANDLERS = [home, show_login, log_in, choose_chain, log_out, set_preferences]
