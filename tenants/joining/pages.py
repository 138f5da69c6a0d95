"""`/join/{code}`: the sign-up page that a poster's QR code opens. It ends on the card."""

import asyncio
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, post
from litestar.background_tasks import BackgroundTask
from litestar.params import FromPath

from saas.errors import DomainError
from saas.forms import texts_of, told
from saas.pages import reader_of, render_page, see_other
from saas.scope import tenant_scope
from tenants.branches.branch import branch, require_branch
from tenants.digital_card.answers import OPEN, AskedBy, address_of, language_chosen, require_own_page
from tenants.digital_card.links import card_link
from tenants.digital_card.phones import confirmed_cookie
from tenants.digital_card.showing import ChainOnCard, chain_on_card
from tenants.digital_card.sms_codes import MINUTES, can_send, check_code
from tenants.digital_card.throttle import count
from tenants.joining.agreeing import texts
from tenants.joining.codes import PATH, Found, find_code
from tenants.joining.enrolling import Typed, join, join_unverified, member_of_phone, read_form, send_digits, who_joins
from tenants.joining.offering import offered
from tenants.joining.settings import join_page
from tenants.joining.waiting import Waiting, became, find_waiting, keep_waiting
from tenants.members.phones import mask_phone
from tenants.members.terms import present_terms

_FORM: Final = "/join/{code:str}"
_DIGITS: Final = "/join/{code:str}/{ticket:str}"
_DONE: Final = "done"
_PAGES_PER_ADDRESS: Final = 300  # guests of a shop share one
_FORMS_PER_ADDRESS: Final = 60
_DIGITS_PER_ADDRESS: Final = 240
_FORMS_PER_PHONE: Final = 3
_FORMS_PER_PHONE_ANYWHERE: Final = 10
_FORMS_PER_PHONE_A_DAY: Final = 20
_FORMS_PER_POSTER: Final = 300
_QUARTER: Final = 15 * 60
_HOUR: Final = 60 * 60
_DAY: Final = 24 * 60 * 60
_MINUTE: Final = 60
_PATIENCE: Final = 0.5  # seconds that the first of two taps may take


@get(_FORM, **OPEN)
async def show_form(request: AskedBy, code: FromPath[str]) -> Response[Any]:
    """What one gets, and the form."""
    await count("join-page", address_of(request), _PAGES_PER_ADDRESS, _MINUTE)
    referred = request.query_params.get("r", "")
    if (chosen := language_chosen(request)) is not None:
        return see_other(f"{PATH}{code}{'?r=' + quote(referred, safe='') if referred else ''}", cookies=[chosen])
    return await _form_page(request, await find_code(code), {"r": referred})


@post(_FORM, **OPEN, status_code=200)
async def take_form(request: AskedBy, code: FromPath[str]) -> Response[Any]:
    """Sends digits to the number; without a way to send any, the number is taken as it is."""
    require_own_page(request)
    form, found = await texts_of(request), await find_code(code)
    try:
        await count("join-address", address_of(request), _FORMS_PER_ADDRESS, _QUARTER, must=True)
        async with tenant_scope(found.tenant_id, principal=who_joins(found)):
            chain = await _require_open(found)
            typed = read_form(form, await present_terms(), found.branch_id)
            said = texts(chain.name, (await join_page()).privacy_url, reader_of(request).tongue)
        await _count_phone(found, typed.body.phone or "")
        await count("join-poster", code, _FORMS_PER_POSTER, _QUARTER, must=True)
    except DomainError as error:
        if error.code in {"not-found", "join-closed"}:
            raise
        return await _form_page(request, found, form, error)
    waiting = _waiting(typed, {k: v for k, v in said.items() if k in typed.agreed}, reader_of(request).language)
    request_id = request.scope["state"].get("request_id")
    if not can_send():
        answer = see_other(f"{PATH}{code}/{_DONE}")
        answer.background = BackgroundTask(join_unverified, found, waiting, request_id)
        return answer
    ticket = await keep_waiting(found.tenant_id, waiting)
    answer = see_other(f"{PATH}{code}/{ticket}")
    answer.background = BackgroundTask(send_digits, found, _about(ticket), waiting.phone, request_id)
    return answer


async def _count_phone(found: Found, phone: str) -> None:
    """A number is left in peace: by one chain, and by all of them together. Raises DomainError `rate-limited`."""
    await count("join-phone", f"{found.tenant_id}{phone}", _FORMS_PER_PHONE, _QUARTER, must=True)
    await count("join-phone-anywhere", phone, _FORMS_PER_PHONE_ANYWHERE, _HOUR, must=True)
    await count("join-phone-day", phone, _FORMS_PER_PHONE_A_DAY, _DAY, must=True)


def _waiting(typed: Typed, agreed: dict[Any, str], language: str) -> Waiting:
    body = typed.body
    birthday = body.birthday.isoformat() if body.birthday else None
    return Waiting(body.phone or "", body.name, birthday, typed.referred, agreed, language)


@get(_DIGITS, **OPEN)
async def show_digits(request: AskedBy, code: FromPath[str], ticket: FromPath[str]) -> Response[Any]:
    """Asks for the digits; the address is the state, so Back and reload do no harm."""
    await count("join-page", address_of(request), _PAGES_PER_ADDRESS, _MINUTE)
    return await _digits_page(request, await find_code(code), ticket)


@post(_DIGITS, **OPEN, status_code=200)
async def take_digits(request: AskedBy, code: FromPath[str], ticket: FromPath[str]) -> Response[Any]:
    """The right digits, and the card opens; without any, new ones are sent."""
    require_own_page(request)
    form, found = await texts_of(request), await find_code(code)
    try:
        await count("join-digits", address_of(request), _DIGITS_PER_ADDRESS, _QUARTER, must=True)
        waiting = await find_waiting(found.tenant_id, ticket)
        if waiting is None or (waiting.member_id is not None and "digits" not in form):
            return await _digits_page(request, found, ticket)
        if "digits" not in form:
            await _count_phone(found, waiting.phone)
            answer = see_other(f"{PATH}{code}/{ticket}")
            request_id = request.scope["state"].get("request_id")
            answer.background = BackgroundTask(send_digits, found, _about(ticket), waiting.phone, request_id)
            return answer
        return await _joined(request, found, ticket, waiting, form["digits"].strip())
    except DomainError as error:
        if error.code in {"not-found", "join-closed"}:
            raise
        return await _digits_page(request, found, ticket, error)


async def _joined(request: AskedBy, found: Found, ticket: str, waiting: Waiting, digits: str) -> Response[Any]:
    if waiting.member_id is None and await check_code(_about(ticket), digits):
        await _become(found, ticket, waiting, digits)
    after = await find_waiting(found.tenant_id, ticket)
    if after is not None and after.member_id is None:  # perhaps the second tap of two: the first is still at work
        await asyncio.sleep(_PATIENCE)
        after = await find_waiting(found.tenant_id, ticket)
    if after is None or after.member_id is None or after.used != digits:
        return await _digits_page(request, found, ticket, wrong=True)
    async with tenant_scope(found.tenant_id, principal=who_joins(found)):
        member_id = UUID(after.member_id)
        link = await card_link(member_id)
        cookie = await confirmed_cookie(link, member_id)
    return see_other(f"{link.path}?done=joined", cookies=[cookie])


async def _become(found: Found, ticket: str, waiting: Waiting, digits: str) -> None:
    """Enrols; who was enrolled somewhere else meanwhile has shown by the digits that the number is its own."""
    try:
        async with tenant_scope(found.tenant_id, principal=who_joins(found)):
            await _require_open(found)
            member_id = await join(found, waiting, verified=True)
    except DomainError as error:
        if error.code != "phone-taken":
            raise
        async with tenant_scope(found.tenant_id, principal=who_joins(found)):
            known = await member_of_phone(waiting.phone)
        if known is None:
            raise
        member_id = known
    await became(found.tenant_id, ticket, waiting, member_id, digits)


async def _require_open(found: Found) -> ChainOnCard:
    """Raises DomainError `join-closed` where the chain has shut its page, or is shut itself, or the branch is."""
    chain = await chain_on_card()
    if chain.closed or not (await join_page()).open:
        raise DomainError("join-closed")
    if found.branch_id is not None:
        try:
            await require_branch(found.branch_id)
        except DomainError:
            raise DomainError("join-closed") from None
    return chain


async def _form_page(
    request: AskedBy, found: Found, form: dict[str, str], error: DomainError | None = None
) -> Response[Any]:
    speaks = reader_of(request).tongue
    async with tenant_scope(found.tenant_id, principal=who_joins(found)):
        chain, page = await _require_open(found), await join_page()
        shop = None if found.branch_id is None else (await branch(found.branch_id))["name"]
        context = {
            "chain": chain,
            "branch": shop,
            "code": found.code,
            "words": page.words.get(speaks.language) or next(iter(page.words.values()), None),
            "texts": texts(chain.name, page.privacy_url, speaks),
            "privacy_url": page.privacy_url,
            "min_age": (await present_terms()).programme.eligibility.min_age,
            **await offered(chain, speaks),
        }
    problem = told(request, error) if error else None
    context |= {"form": form, "problem": problem, "wrong": problem.fields if problem else {}}
    status = problem.status if problem else 200
    return render_page(request, "joining/form.html", context, status=status, headers=error.headers if error else None)


async def _digits_page(
    request: AskedBy, found: Found, ticket: str, error: DomainError | None = None, *, wrong: bool = False
) -> Response[Any]:
    waiting = None if ticket == _DONE else await find_waiting(found.tenant_id, ticket)
    async with tenant_scope(found.tenant_id, principal=who_joins(found)):
        chain = await chain_on_card()
    problem = told(request, error) if error else None
    over = ticket != _DONE and (waiting is None or waiting.member_id is not None)
    context = {
        "chain": chain,
        "code": found.code,
        "ticket": ticket,
        "done": ticket == _DONE,
        "over": over,
        "phone": mask_phone(waiting.phone) if waiting else "",
        "minutes": MINUTES,
        "wrong": wrong,
        "problem": problem,
    }
    status = problem.status if problem else 422 if wrong else 410 if over else 200
    return render_page(request, "joining/digits.html", context, status=status, headers=error.headers if error else None)


def _about(ticket: str) -> str:
    return f"join:{ticket}"


HANDLERS = [show_form, take_form, show_digits, take_digits]
