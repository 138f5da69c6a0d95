"""Signing up in three short steps: company, template, account. It ends logged in, on the new chain's overview.

The first two are plain GET forms: what they say is in the address, so Back and reload lose nothing. Only the last one
writes, and sent twice it makes one chain.
"""

import hashlib
import json
import math
import secrets
from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, get, post

from saas.errors import DomainError
from saas.forms import Told, texts_of, told
from saas.login.accounts import enter
from saas.login.tickets import form_cookie, form_nonce, form_token, form_token_is_valid
from saas.pages import reader_of, render_page, see_other
from saas.plans.catalogue import TRIAL_DAYS
from saas.sessions import end_session, same_origin, session_cookie, session_of
from saas.signup.body import SignUp
from saas.signup.once import Once
from saas.signup.places import currencies, zones
from saas.signup.sign_up import sign_up
from saas.signup.steps import Wanted
from saas.signup.throttle import count_sign_up
from saas.validation import parse_body
from saas.welcome.pages import found
from saas.welcome.showing import cards

HOME: Final = "/overview"
COMPANY, TEMPLATE, ACCOUNT = "/signup", "/signup/template", "/signup/account"
_OPEN: Final[dict[str, Any]] = {"auth": "none", "scoped": False}
_FIRST: Final = frozenset({"company", "timezone", "currency"})
_SECOND: Final = frozenset({"template", "variant"})
_KEY_LENGTH: Final = 32
_Request = Request[Any, Any, Any]
_Answer = Response[Any]


@get(COMPANY, opt=_OPEN, include_in_schema=False)
async def company(request: _Request) -> _Answer:
    """Whose chain it is, and by which clock and in which money it trades."""
    return _company(request, Wanted.of(dict(request.query_params.items())), None)


@get(TEMPLATE, opt=_OPEN, include_in_schema=False)
async def template(request: _Request) -> _Answer:
    """What to begin with. What is wrong with the first step is said there."""
    wanted = Wanted.of(dict(request.query_params.items()))
    if (fault := wanted.faults()) is not None:
        return _company(request, wanted, fault)
    return _template(request, wanted, missing=False)


@get(ACCOUNT, opt=_OPEN, include_in_schema=False)
async def account(request: _Request) -> _Answer:
    """Who owns it."""
    wanted = Wanted.of(dict(request.query_params.items()))
    return _not_there_yet(request, wanted) or _account(request, wanted, {})


@post(ACCOUNT, opt=_OPEN, include_in_schema=False)
async def create(request: _Request) -> _Answer:
    """Makes the chain and goes in. Sent twice, the second one finds what the first one made."""
    wanted = Wanted.of(dict(request.query_params.items()))
    form, nonce = await texts_of(request), form_nonce(request)
    if (early := _not_there_yet(request, wanted)) is not None:
        return early
    if not same_origin(request) or not form_token_is_valid(form.get("_form", ""), nonce):
        return _account(request, wanted, form, expired=True, status=403)
    body = _body(wanted, form, reader_of(request).language)
    try:
        data = parse_body(SignUp, body)
        await count_sign_up(request.client.host if request.client else "")
        once = Once(_key(form, nonce, body), body)
        made, _ = await sign_up(data, once, request.scope["state"].get("request_id"), with_key=False)
    except DomainError as error:
        return _refused(request, wanted, form, error)
    return await _go_in(request, json.loads(made))


def _body(wanted: Wanted, form: dict[str, str], language: str) -> bytes:
    """The same as the API takes."""
    given = {
        "company": wanted.company,
        "template": wanted.template,
        "email": form.get("email", "").strip(),
        "password": form.get("password", ""),
        "locale": language,
        "timezone": wanted.timezone,
        "currency": wanted.currency,
        **({"variant": wanted.variant} if wanted.variant else {}),
        **({"samples": True} if form.get("samples") else {}),
        **({"name": form["name"].strip()} if form.get("name", "").strip() else {}),
    }
    return json.dumps(given).encode()


def _key(form: dict[str, str], nonce: str, body: bytes) -> str:
    """One for each page and what was sent from it: another password is another sign-up."""
    page = form.get("key", "")[:_KEY_LENGTH]
    return "page-" + hashlib.sha256(f"{nonce}|{page}|".encode() + body).hexdigest()


async def _go_in(request: _Request, made: dict[str, Any]) -> Response[bytes]:
    before = await session_of(request)
    if before is not None:
        await end_session(before.token_hash)
    account_id, tenant_id = UUID(made["account"]["id"]), UUID(made["tenant"]["id"])
    token = await enter(account_id, tenant_id, request.scope["state"].get("request_id"))
    return see_other(HOME, cookies=[session_cookie(token)])


def _not_there_yet(request: _Request, wanted: Wanted) -> _Answer | None:
    """The step that something is wrong with; None: the last one may begin."""
    if (fault := wanted.faults()) is not None:
        return _company(request, wanted, fault)
    return None if wanted.chosen else _template(request, wanted, missing=True)


def _refused(request: _Request, wanted: Wanted, form: dict[str, str], error: DomainError) -> _Answer:
    """The step whose field is at fault, with what was typed but for the password."""
    problem = told(request, error)
    if problem.fields.keys() & _FIRST:
        return _company(request, wanted, error)
    if problem.fields.keys() & _SECOND:
        return _template(request, wanted, missing=True)
    wait = int(error.headers.get("Retry-After", "0")) if error.code == "rate-limited" else 0
    return _account(request, wanted, form, problem=problem, code=error.code, wait=wait, status=problem.status)


def _company(request: _Request, wanted: Wanted, fault: DomainError | None) -> _Answer:
    language = reader_of(request).language
    context = {
        **({"found": found(request)} if request.url.path == COMPANY and not wanted.company else {}),
        "step": 1,
        "wanted": wanted,
        "form": {"company": wanted.company, "timezone": wanted.timezone, "currency": wanted.currency},
        "wrong": told(request, fault).fields if fault is not None else {},
        "zones": zones(language, wanted.timezone),
        "currencies": currencies(language, wanted.currency),
        "trial_days": TRIAL_DAYS,
    }
    return render_page(request, "signup/company.html", context, status=422 if fault is not None else 200)


def _template(request: _Request, wanted: Wanted, *, missing: bool) -> _Answer:
    asked = missing and bool(request.query_params.get("chosen"))
    context = {"step": 2, "wanted": wanted, "cards": cards(reader_of(request).language), "missing": asked}
    return render_page(request, "signup/template.html", context, status=422 if asked else 200)


def _account(
    request: _Request,
    wanted: Wanted,
    form: dict[str, str],
    *,
    problem: Told | None = None,
    code: str = "",
    wait: int = 0,
    expired: bool = False,
    status: int = 200,
) -> _Answer:
    nonce = form_nonce(request)
    context = {
        "step": 3,
        "wanted": wanted,
        "template_name": wanted.template_name(reader_of(request).language),
        "form": {**form, "email": form.get("email", "")[:254], "name": form.get("name", "")[:200]},
        "key": form.get("key", "")[:_KEY_LENGTH] or secrets.token_hex(_KEY_LENGTH // 2),
        "token": form_token(nonce),
        "problem": problem,
        "wrong": problem.fields if problem is not None else {},
        "code": code,
        "minutes": math.ceil(wait / 60),
        "expired": expired,
        "first": not form,
        "trial_days": TRIAL_DAYS,
    }
    headers = {"Retry-After": str(wait)} if wait else {}
    return render_page(
        request, "signup/account.html", context, status=status, headers=headers, cookies=[form_cookie(nonce)]
    )


HANDLERS = [company, template, account, create]
