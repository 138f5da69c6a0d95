"""The pages around logging in: log-in, choice of chain, log-out, language and theme."""

import math
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post

from saas.cookies import LANGUAGE, THEME, lasting_cookie
from saas.forms import texts_of
from saas.login.accounts import Chain, chains_of, enter, find_account, keep_hash_current
from saas.login.known import browser_of, tries_here
from saas.login.throttle import Tries
from saas.login.tickets import (
    account_of_ticket,
    account_ticket,
    form_cookie,
    form_nonce,
    form_token,
    form_token_is_valid,
)
from saas.login.tilling import device_of, renewed, till_here
from saas.pages import render_page, safe_next, see_other
from saas.passwords import LONGEST, check_password
from saas.second_factor.keeping import check, is_on
from saas.security_log import noted
from saas.sessions import ROLE_NAMES, end_session, same_origin, session_cookie, session_of

HOME: Final = "/overview"
_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}
_LEAVE: Final = {"auth": "page", "scoped": False, "although": ("locked", "lacks-factor", "moving")}
_Form = dict[str, str]


@get("/login", opt=_OPEN, include_in_schema=False)
async def show_login(request: Request[Any, Any, Any]) -> Response[Any]:
    """The form. Who is logged in already goes straight on."""
    target = safe_next(request.query_params.get("next"))
    session = await session_of(request)
    if session is not None and not session.locked:
        return see_other(target or HOME)
    return _login_form(request, {"next": target or ""})


@post("/login", opt=_OPEN, include_in_schema=False)
async def log_in(request: Request[Any, Any, Any]) -> Response[Any]:
    """Checks the form, the number of tries and the password, in this order; then a new session, or the choice."""
    form, nonce = await texts_of(request), form_nonce(request)
    if not same_origin(request) or not form_token_is_valid(form.get("_form", ""), nonce):
        return _login_form(request, form, problem="expired", status=403)
    email, password = form.get("email", "").strip().lower(), form.get("password", "")
    account = await find_account(email)
    tries = tries_here(request, email, account.id if account else None)
    if (wait := await tries.count()) > 0:
        return _login_form(request, form, problem="throttled", status=429, wait=wait)
    good = await check_password(account.password_hash if account else None, password[:LONGEST])
    if account is None or not good or len(password) > LONGEST:
        noted("log-in-refused", request, account=str(account.id) if account else "")
        return _login_form(request, form, problem="wrong", status=401)
    await tries.forgive()
    await keep_hash_current(account, password)
    if await is_on(account.id):
        return _code_form(request, account.id, form.get("next", ""), nonce)
    return await _onward(request, account.id, form, nonce)


@post("/login/code", opt=_OPEN, include_in_schema=False)
async def give_code(request: Request[Any, Any, Any]) -> Response[Any]:
    """The step between password and chain, for an account with a second factor."""
    form, nonce = await texts_of(request), form_nonce(request)
    account_id = account_of_ticket(form.get("ticket", ""), nonce, "password")
    if account_id is None or not same_origin(request):
        return _login_form(request, form, problem="expired", status=403)
    tries, target = code_tries(request, account_id), form.get("next", "")
    if (wait := await tries.count()) > 0:
        return _code_form(request, account_id, target, nonce, problem="throttled", status=429, wait=wait)
    if not await check(account_id, form.get("code", "")):
        noted("code-refused", request, account=str(account_id))
        return _code_form(request, account_id, target, nonce, problem="wrong", status=401)
    await tries.forgive()
    return await _onward(request, account_id, form, nonce)


def code_tries(request: Request[Any, Any, Any], account_id: UUID) -> Tries:
    """The counters of codes: those of one account at every place that asks for one."""
    return Tries.of(str(account_id), request.client.host if request.client else "", door="code")


async def _onward(request: Request[Any, Any, Any], account_id: UUID, form: _Form, nonce: str) -> Response[Any]:
    """Into the only chain, or the choice of one."""
    chains = await chains_of(account_id)
    if not chains:
        return _login_form(request, form, problem="nowhere", status=403)
    if len(chains) == 1:
        return await _go_in(request, account_id, chains[0].tenant_id, form.get("next"))
    return _choice(request, account_id, chains, form.get("next", ""), nonce)


@post("/login/chain", opt=_OPEN, include_in_schema=False)
async def choose_chain(request: Request[Any, Any, Any]) -> Response[Any]:
    """The second step for an account that works for several chains."""
    form, nonce = await texts_of(request), form_nonce(request)
    account_id = account_of_ticket(form.get("ticket", ""), nonce)
    if account_id is None or not same_origin(request):
        return _login_form(request, form, problem="expired", status=403)
    chains = {str(chain.tenant_id): chain for chain in await chains_of(account_id)}
    chosen = chains.get(form.get("tenant_id", ""))
    if chosen is None:
        return _choice(request, account_id, list(chains.values()), form.get("next", ""), nonce)
    return await _go_in(request, account_id, chosen.tenant_id, form.get("next"))


@post("/logout", opt=_LEAVE, include_in_schema=False)
async def log_out(request: Request[Any, Any, Any]) -> Response[Any]:
    """Ends the session here and in the browser."""
    session = await session_of(request)
    if session is not None:
        await end_session(session.token_hash)
    return see_other("/login", cookies=[session_cookie("")])


@post("/preferences", opt=_OPEN, include_in_schema=False)
async def set_preferences(request: Request[Any, Any, Any]) -> Response[Any]:
    """Language and theme of this browser. Nothing else hangs on them, so no token is asked for."""
    form = await texts_of(request)
    target = safe_next(form.get("next")) or "/"
    if not same_origin(request):
        return see_other(target)
    chosen = [
        lasting_cookie(cookie, form[field])
        for field, cookie, allowed in (
            ("language", LANGUAGE, {"zh-CN", "en"}),
            ("theme", THEME, {"light", "dark", "auto"}),
        )
        if form.get(field) in allowed
    ]
    return see_other(target, cookies=chosen)


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
        "done": request.query_params.get("done", ""),
    }
    return render_page(
        request, "login/login.html", context, status=status, headers=headers, cookies=[form_cookie(nonce)]
    )


def _code_form(
    request: Request[Any, Any, Any],
    account_id: UUID,
    target: str,
    nonce: str,
    *,
    problem: str = "",
    status: int = 200,
    wait: int = 0,
) -> Response[str]:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004  # RFC 9110, 11.6.1
    if wait:
        headers["Retry-After"] = str(wait)
    context = {
        "ticket": account_ticket(account_id, nonce, "password"),
        "next": safe_next(target) or "",
        "problem": problem,
        "minutes": math.ceil(wait / 60),
    }
    cookies = [form_cookie(nonce)]
    return render_page(request, "login/code.html", context, status=status, headers=headers, cookies=cookies)


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
    return await begin(request, account_id, tenant_id, safe_next(target) or HOME)


async def begin(request: Request[Any, Any, Any], account_id: UUID, tenant_id: UUID, target: str) -> Response[bytes]:
    """Into the chain, on the device that asks: on a shared till of the chain the session is one of the till's."""
    till = await till_here(request)
    till = till if till is not None and till.tenant_id == tenant_id else None
    token = await enter(account_id, tenant_id, request.scope["state"].get("request_id"), device_of(request, till))
    noted("log-in", request, account=str(account_id))
    kept = [browser_of(request).cookie(account_id), *(renewed(request) if till else [])]
    return see_other(target, cookies=[session_cookie(token), *kept])


HANDLERS = [show_login, log_in, give_code, choose_chain, log_out, set_preferences]
