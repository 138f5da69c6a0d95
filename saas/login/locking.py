"""The locked till: who lately worked there comes back by PIN, to where the page was; anyone else logs in.

Without a session it works just as well: the device's own cookie says which till it is.
"""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post

from saas.errors import DomainError
from saas.forms import texts_of, told
from saas.login.accounts import enter_by_pin
from saas.login.pages import HOME
from saas.login.tickets import form_cookie, form_nonce, form_token, form_token_is_valid
from saas.login.tilling import device_of, renewed, till_here
from saas.pages import render_page, safe_next, see_other, with_next
from saas.sessions import (
    ROLE_NAMES,
    end_session,
    lock_session,
    same_origin,
    session_cookie,
    session_of,
    unlock_session,
)
from tenants.staff.pins import LONGEST, SHORTEST
from tenants.tills.people import come_back, people_of
from tenants.tills.till import Till

_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}
_LOCK: Final = {"auth": "page", "scoped": False, "although": ("locked", "lacks-factor", "moving")}
_AWAKE: Final = {"auth": "page", "scoped": False, "although": ("lacks-factor", "moving")}
_Request = Request[Any, Any, Any]


@get("/lock", opt=_OPEN, include_in_schema=False)
async def show(request: _Request) -> Response[Any]:
    """Who lately worked here. On a device that is no shared till there is only the log-in."""
    till, target = await till_here(request), safe_next(request.query_params.get("next")) or ""
    session = await session_of(request)
    if till is None:
        return see_other(with_next("/login", target))
    if session is not None and not session.locked and session.till_id == till.id:
        return see_other(target or HOME)
    chosen = str(session.staff_id) if session is not None and session.tenant_id == till.tenant_id else ""
    return await _page(request, till, {"next": target, "staff_id": chosen})


@post("/lock", opt=_OPEN, include_in_schema=False)
async def come_in(request: _Request) -> Response[Any]:
    """The session is theirs: the locked one goes on if it was, else a new one under a new token."""
    form, till = await texts_of(request), await till_here(request)
    if till is None:
        return see_other("/login")
    if not same_origin(request) or not form_token_is_valid(form.get("_form", ""), form_nonce(request)):
        return await _page(request, till, form, expired=True)
    request_id = request.scope["state"].get("request_id")
    try:
        staff_id = UUID(form.get("staff_id", ""))
    except ValueError:
        return await _page(request, till, form, error=DomainError("nobody-chosen"))
    try:
        account_id = await come_back(till, staff_id, form.get("pin", ""), request_id)
    except DomainError as error:
        return await _page(request, till, form, error=error)
    back, session = safe_next(form.get("next")) or HOME, await session_of(request)
    if session is not None and (session.tenant_id, session.staff_id) == (till.tenant_id, staff_id):
        await unlock_session(session.token_hash)
        return see_other(back, cookies=renewed(request))
    if session is not None:
        await end_session(session.token_hash)
    token = await enter_by_pin(account_id, till, device_of(request, till))
    return see_other(back, cookies=[session_cookie(token), *renewed(request)])


@post("/lock/now", opt=_LOCK, include_in_schema=False)
async def lock_now(request: _Request) -> Response[Any]:
    """Locks this till's session; elsewhere there is nothing to lock."""
    session, target = await session_of(request), safe_next((await texts_of(request)).get("next")) or HOME
    if session is None or session.till_id is None:
        return see_other(target)
    await lock_session(session.token_hash)
    return see_other(with_next("/lock", target))


@get("/lock/awake", opt=_AWAKE, include_in_schema=False, status_code=204)
async def stay_awake(request: _Request) -> None:
    """Somebody types: that counts as a use of the session, which the middleware has noted."""


async def _page(
    request: _Request, till: Till, form: dict[str, str], *, error: DomainError | None = None, expired: bool = False
) -> Response[str]:
    nonce, session = form_nonce(request), await session_of(request)
    people, problem = await people_of(till), told(request, error) if error is not None else None
    chosen = form.get("staff_id", "")
    if not any(str(one.id) == chosen and one.ready for one in people):
        chosen = next((str(one.id) for one in people if one.ready), "")
    context = {
        "till": till,
        "people": people,
        "role_names": ROLE_NAMES,
        "chosen": chosen,
        "next": safe_next(form.get("next")) or "",
        "token": form_token(nonce),
        "locked": session is not None and session.locked,
        "shortest": SHORTEST,
        "longest": LONGEST,
        "problem": problem,
        "expired": expired,
    }
    status = 403 if expired else problem.status if problem else 200
    return render_page(request, "login/lock.html", context, status=status, cookies=[form_cookie(nonce)])


HANDLERS = [show, come_in, lock_now, stay_awake]
