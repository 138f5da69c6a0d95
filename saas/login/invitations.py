"""The page behind an invitation's link: who has an account confirms with its password, anyone else gets one."""

import math
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import FromPath

from saas.accounts import create_account
from saas.errors import DomainError, InvalidValueError
from saas.errors import FieldError as Fault
from saas.field_types import clean_line
from saas.login.accounts import Account, find_account
from saas.login.known import tries_here
from saas.login.pages import HOME, begin, code_tries
from saas.login.tickets import (
    account_of_ticket,
    account_ticket,
    form_cookie,
    form_nonce,
    form_token,
    form_token_is_valid,
)
from saas.pages import error_page, reader_of, render_page
from saas.passwords import LONGEST, check_password, hash_password, require_strong
from saas.principal import SYSTEM
from saas.scope import tenant_scope
from saas.second_factor.keeping import check, is_on
from saas.security_log import noted
from saas.sessions import ROLE_NAMES, end_session, same_origin, session_of
from saas.wording import field_message
from tenants.staff.inviting import Invitation, accept, invitation, tenant_of

_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}
_LONGEST_NAME: Final = 200
_Request = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True)
class _Link:
    """What a good link leads to."""

    token: str
    tenant_id: UUID
    found: Invitation
    account: Account | None


@get("/invitation/{token:str}", opt=_OPEN, include_in_schema=False)
async def show(request: _Request, token: FromPath[str]) -> Response[Any]:
    """The chain, the role, and what is asked of whom."""
    try:
        link = await _link(token)
    except DomainError as error:
        return error_page(request.scope, error.code)
    return _form_page(request, link, {"name": link.found.name})


@post("/invitation/{token:str}", opt=_OPEN, include_in_schema=False)
async def take(request: _Request, token: FromPath[str]) -> Response[Any]:
    """Checks the form, the number of tries, the password; then the place is taken and its session begins."""
    form = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    try:
        link = await _link(token)
        if not same_origin(request) or not form_token_is_valid(form.get("_form", ""), form_nonce(request)):
            return _form_page(request, link, form, problem="expired", status=403)
        known = account_of_ticket(form.get("ticket", ""), form_nonce(request), "password")
        if known is not None and link.account is not None and known == link.account.id:
            return await _with_code(request, link, form)
        return await _with_password(request, link, form)
    except _RefusedError as refused:
        return _form_page(request, link, form, problem=refused.field, status=422, fault=refused.fault)
    except DomainError as error:
        return error_page(request.scope, error.code)


async def _with_password(request: _Request, link: _Link, form: dict[str, str]) -> Response[Any]:
    """Raises _RefusedError, DomainError `invitation-…`."""
    tries = tries_here(request, link.found.email, link.account.id if link.account else None)
    if (wait := await tries.count()) > 0:
        return _form_page(request, link, form, problem="throttled", status=429, wait=wait)
    password = form.get("password", "")
    if link.account is None:
        account_id = await _newcomer(link, form, password, reader_of(request).language)
    elif len(password) > LONGEST or not await check_password(link.account.password_hash, password):
        noted("log-in-refused", request, account=str(link.account.id))
        return _form_page(request, link, form, problem="wrong", status=422)
    elif await is_on(link.account.id):
        await tries.forgive()
        return _form_page(request, link, form, asks=True)
    else:
        account_id = link.account.id
        await _accept(link, account_id, None)
    await tries.forgive()
    return await _go_in(request, account_id, link.tenant_id)


async def _with_code(request: _Request, link: _Link, form: dict[str, str]) -> Response[Any]:
    """The second step of who has a second factor: the password was right a moment ago. Raises DomainError
    `invitation-…`.
    """
    if link.account is None:
        raise DomainError("invitation-unknown")
    tries = code_tries(request, link.account.id)
    if (wait := await tries.count()) > 0:
        return _form_page(request, link, form, asks=True, problem="throttled", status=429, wait=wait)
    if not await check(link.account.id, form.get("code", "")):
        noted("code-refused", request, account=str(link.account.id))
        return _form_page(request, link, form, asks=True, problem="code", status=422)
    await tries.forgive()
    await _accept(link, link.account.id, None)
    return await _go_in(request, link.account.id, link.tenant_id)


class _RefusedError(Exception):
    """A field's value can't be taken."""

    def __init__(self, field: str, fault: InvalidValueError) -> None:
        super().__init__(field)
        self.field, self.fault = field, fault


async def _link(token: str) -> _Link:
    """Raises DomainError `invitation-…` for a link that leads nowhere."""
    tenant_id = tenant_of(token)
    if tenant_id is None:
        raise DomainError("invitation-unknown")
    async with tenant_scope(tenant_id, principal=SYSTEM):
        found = await invitation(token)
    return _Link(token, tenant_id, found, await find_account(found.email))


async def _newcomer(link: _Link, form: dict[str, str], password: str, language: str) -> UUID:
    """The new account's id. Raises _RefusedError, DomainError `invitation-…`."""
    name = _checked("name", form.get("name", ""), lambda text: clean_line(text[:_LONGEST_NAME]))
    _checked("password", password, lambda text: require_strong(text, link.found.email, link.found.chain, name))
    return await _accept(link, None, name, await hash_password(password), language)


def _checked(field: str, text: str, check: Any) -> str:
    try:
        good: str = check(text.strip() if field == "name" else text)
    except InvalidValueError as fault:
        raise _RefusedError(field, fault) from None
    if not good:
        raise _RefusedError(field, InvalidValueError("required"))
    return good


async def _accept(
    link: _Link, account_id: UUID | None, name: str | None, password_hash: str = "", language: str = ""
) -> UUID:
    """In one transaction: the link is looked at again, the account is made where there is none, the place is taken."""
    async with tenant_scope(link.tenant_id, principal=SYSTEM):
        found = await invitation(link.token)
        known = account_id or await create_account(found.email, password_hash, language)
        if known is None:  # somebody signed up with this address a moment ago
            raise DomainError("email-taken")
        await accept(found, known, name)
    return known


async def _go_in(request: _Request, account_id: UUID, tenant_id: UUID) -> Response[bytes]:
    before = await session_of(request)
    if before is not None:
        await end_session(before.token_hash)
    return await begin(request, account_id, tenant_id, HOME)


def _form_page(
    request: _Request,
    link: _Link,
    form: dict[str, str],
    *,
    asks: bool = False,
    problem: str = "",
    status: int = 200,
    wait: int = 0,
    fault: InvalidValueError | None = None,
) -> Response[str]:
    """`asks`: the password was right, now for the code."""
    nonce = form_nonce(request)
    told = Fault("", fault.code, fault.params) if fault is not None else None
    context = {
        "path": f"/invitation/{link.token}",
        "invitation": link.found,
        "role_name": ROLE_NAMES[link.found.role],
        "known": link.account is not None,
        "name": form.get("name", "")[:_LONGEST_NAME],
        "token": form_token(nonce),
        "ticket": account_ticket(link.account.id, nonce, "password") if asks and link.account else "",
        "problem": problem,
        "fault": field_message(told, reader_of(request).language) if told else "",
        "minutes": math.ceil(wait / 60),
    }
    headers = {"Retry-After": str(wait)} if wait else {}
    return render_page(
        request, "login/invitation.html", context, status=status, headers=headers, cookies=[form_cookie(nonce)]
    )


HANDLERS = [show, take]
