"""The pages of a forgotten password: asking for a link, and the new password behind it."""

import math
from typing import Any, Final

from litestar import Request, Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.forms import texts_of
from saas.login.known import browser_of
from saas.login.pages import code_tries
from saas.login.resets import reset_of, send_link, set_password
from saas.login.throttle import Tries
from saas.login.tickets import form_cookie, form_nonce, form_token, form_token_is_valid
from saas.pages import error_page, reader_of, render_page, see_other
from saas.passwords import require_strong
from saas.second_factor.keeping import check, is_on
from saas.security_log import noted
from saas.sessions import same_origin, session_cookie
from saas.wording import field_message

_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}
_LONGEST_EMAIL: Final = 254
_Request = Request[Any, Any, Any]


@get("/forgot", opt=_OPEN, include_in_schema=False)
async def show_forgot(request: _Request) -> Response[Any]:
    """The form that asks for the address."""
    return _forgot_page(request)


@post("/forgot", opt=_OPEN, include_in_schema=False)
async def forgot(request: _Request) -> Response[Any]:
    """The same answer whoever has an account; what there is to do is done behind it."""
    form = await texts_of(request)
    email = form.get("email", "").strip().lower()[:_LONGEST_EMAIL]
    if not same_origin(request) or not form_token_is_valid(form.get("_form", ""), form_nonce(request)):
        return _forgot_page(request, email, problem="expired", status=403)
    wait = await Tries.of(email, request.client.host if request.client else "", door="forgot").count()
    if wait > 0:
        return _forgot_page(request, email, problem="throttled", status=429, wait=wait)
    answer = _forgot_page(request, email, sent=True)
    answer.background = BackgroundTask(send_link, email, request.scope["state"].get("request_id"))
    return answer


@get("/reset/{token:str}", opt=_OPEN, include_in_schema=False)
async def show_reset(request: _Request, token: FromPath[str]) -> Response[Any]:
    """The form for the new password."""
    try:
        found = await reset_of(token)
    except DomainError as error:
        return error_page(request.scope, error.code)
    return _reset_page(request, token, asks=await is_on(found.account_id))


@post("/reset/{token:str}", opt=_OPEN, include_in_schema=False)
async def reset(request: _Request, token: FromPath[str]) -> Response[Any]:
    """Then the log-in, with the new password. A second factor is asked for, too: else a mailbox would be enough."""
    form, asks = await texts_of(request), False
    password = form.get("password", "")
    try:
        found = await reset_of(token)
        asks = await is_on(found.account_id)
        if not same_origin(request) or not form_token_is_valid(form.get("_form", ""), form_nonce(request)):
            return _reset_page(request, token, asks=asks, problem="expired", status=403)
        require_strong(password, found.email)
        if asks:
            tries = code_tries(request, found.account_id)
            if (wait := await tries.count()) > 0:
                return _reset_page(request, token, asks=asks, problem="throttled", status=429, wait=wait)
            if not await check(found.account_id, form.get("code", "")):
                noted("code-refused", request, account=str(found.account_id))
                return _reset_page(request, token, asks=asks, problem="code", status=422)
            await tries.forgive()
        await set_password(token, password, request.scope["state"].get("request_id"))
    except InvalidValueError as fault:
        told = field_message(FieldError("", fault.code, fault.params), reader_of(request).language)
        return _reset_page(request, token, asks=asks, problem="password", fault=told, status=422)
    except DomainError as error:
        return error_page(request.scope, error.code)
    return see_other("/login?done=reset", cookies=[session_cookie(""), browser_of(request).cookie(found.account_id)])


def _forgot_page(
    request: _Request, email: str = "", *, sent: bool = False, problem: str = "", status: int = 200, wait: int = 0
) -> Response[str]:
    nonce = form_nonce(request)
    context = {
        "email": email,
        "sent": sent,
        "token": form_token(nonce),
        "problem": problem,
        "minutes": math.ceil(wait / 60),
    }
    headers = {"Retry-After": str(wait)} if wait else {}
    return render_page(
        request, "login/forgot.html", context, status=status, headers=headers, cookies=[form_cookie(nonce)]
    )


def _reset_page(
    request: _Request,
    token: str,
    *,
    asks: bool,
    problem: str = "",
    fault: str = "",
    status: int = 200,
    wait: int = 0,
) -> Response[str]:
    """`asks`: for a code, too."""
    nonce = form_nonce(request)
    context = {
        "path": f"/reset/{token}",
        "token": form_token(nonce),
        "asks": asks,
        "problem": problem,
        "fault": fault,
        "minutes": math.ceil(wait / 60),
    }
    headers = {"Retry-After": str(wait)} if wait else {}
    return render_page(
        request, "login/reset.html", context, status=status, headers=headers, cookies=[form_cookie(nonce)]
    )


HANDLERS = [show_forgot, forgot, show_reset, reset]
