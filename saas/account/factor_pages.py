"""`/account/second-factor`: setting it up, new recovery codes, taking it away. Open also to who is led here first."""

from typing import Any, Final

from litestar import Request, Response, get, post

from saas.account.own import require_password
from saas.account.pages import caller, session_here
from saas.errors import DomainError, FieldError
from saas.forms import texts_of, told
from saas.login.pages import HOME as AFTER_LOGIN
from saas.login.pages import code_tries
from saas.login.telling import tell_chains
from saas.pages import render_page, safe_next, see_other, with_next
from saas.scope import tenant_scope
from saas.second_factor.keeping import begin, check, confirm, drop, factor_of, renew_codes
from saas.second_factor.totp import address, shown
from saas.sessions import Session
from tenants.cards.qr import qr_svg
from tenants.frame import frame

HOME: Final = "/account/second-factor"
_PAGE: Final[dict[str, Any]] = {"auth": "page", "scoped": False, "although": ("lacks-factor", "moving")}
_Request = Request[Any, Any, Any]


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> Response[str]:
    """Off, begun (the secret to be scanned), or on."""
    return await _page(request, await session_here(request), {})


@post("/account/second-factor/begin", opt=_PAGE, include_in_schema=False)
async def make(request: _Request) -> Response[Any]:
    """A secret for the app; the password proves whose app it will be."""
    session, form = await session_here(request), await texts_of(request)
    try:
        await require_password(session, form.get("current", ""), caller(request))
    except DomainError as error:
        return await _page(request, session, form, error)
    await begin(session.account_id)
    return see_other(_back(form))


@post("/account/second-factor/confirm", opt=_PAGE, include_in_schema=False)
async def turn_on(request: _Request) -> Response[Any]:
    """The app's first code turns it on; the recovery codes are shown this once."""
    session, form = await session_here(request), await texts_of(request)
    found = await factor_of(session.account_id)
    if found is None or found.since is not None:  # sent twice, or never begun
        return see_other(_back(form))
    try:
        tries = await _count(request, session)
        codes = await confirm(session.account_id, form.get("code", ""), session.token_hash)
        if codes is None:
            raise _wrong_code()
        await tries.forgive()
    except DomainError as error:
        return await _page(request, session, form, error)
    await tell_chains(session.account_id, "account.second_factor_on", request.scope["state"].get("request_id"))
    return await _page(request, session, form, codes=codes)


@post("/account/second-factor/codes", opt=_PAGE, include_in_schema=False)
async def new_codes(request: _Request) -> Response[Any]:
    """Ten new ones; the old are worthless."""
    session, form = await session_here(request), await texts_of(request)
    try:
        await _proved(request, session, form)
    except DomainError as error:
        return await _page(request, session, form, error)
    await tell_chains(session.account_id, "account.recovery_codes", request.scope["state"].get("request_id"))
    return await _page(request, session, form, codes=await renew_codes(session.account_id))


@post("/account/second-factor/off", opt=_PAGE, include_in_schema=False)
async def turn_off(request: _Request) -> Response[Any]:
    """The password alone is enough again; a chain that asks for the second factor leads to setting up a new one."""
    session, form = await session_here(request), await texts_of(request)
    try:
        await _proved(request, session, form)
    except DomainError as error:
        return await _page(request, session, form, error)
    await tell_chains(session.account_id, "account.second_factor_off", request.scope["state"].get("request_id"))
    await drop(session.account_id)
    return see_other(f"{HOME}?done=off")


async def _proved(request: _Request, session: Session, form: dict[str, str]) -> None:
    """By both, as at a log-in: neither an open session nor a phone on a desk is enough. Raises DomainError
    `validation-failed` at `/current` or `/code`, `too-many-tries`.
    """
    await require_password(session, form.get("current", ""), caller(request))
    tries = await _count(request, session)
    if not await check(session.account_id, form.get("code", "")):
        raise _wrong_code()
    await tries.forgive()


async def _count(request: _Request, session: Session) -> Any:
    tries = code_tries(request, session.account_id)
    if (wait := await tries.count()) > 0:
        raise DomainError("too-many-tries", headers={"Retry-After": str(wait)})
    return tries


def _wrong_code() -> DomainError:
    return DomainError("validation-failed", errors=[FieldError("/code", "wrong-code")])


def _back(form: dict[str, str]) -> str:
    return with_next(HOME, safe_next(form.get("next")))


async def _page(
    request: _Request,
    session: Session,
    form: dict[str, str],
    error: DomainError | None = None,
    *,
    codes: list[str] | None = None,
) -> Response[str]:
    problem = told(request, error) if error is not None else None
    found = await factor_of(session.account_id)
    async with tenant_scope(session.tenant_id, principal=session.principal):
        around = await frame()
    secret = found.secret if found is not None and found.since is None else None
    context = {
        "frame": around,
        "since": found.since if found else None,
        "codes_left": found.codes_left if found else 0,
        "secret": shown(secret) if secret else "",
        "qr": qr_svg(address(secret, session.email)) if secret else "",
        "codes": codes or [],
        "required": session.lacks_factor,
        "problem": problem,
        "wrong": problem.fields if problem else {},
        "act": request.url.path.rpartition("/")[2] if problem else "",
        "next": safe_next(form.get("next") or request.query_params.get("next")) or "",
        "after": safe_next(form.get("next") or request.query_params.get("next")) or AFTER_LOGIN,
        "done": request.query_params.get("done", ""),
    }
    status = problem.status if problem else 200
    headers = dict(error.headers) if error is not None and error.headers else {}
    return render_page(request, "account/second_factor.html", context, status=status, headers=headers)


HANDLERS = [show, make, turn_on, new_codes, turn_off]
