"""The owner's pages about plan and payment. They work without JavaScript, and say so where Stripe doesn't answer.

A form that leads to a page of Stripe's ends on a page of ours with the link: the content policy lets no form go
elsewhere, not even by a redirect.
"""

import json
from typing import Any, Final

from litestar import Request, Response, get, post

from saas.billing import changing, checkout, ending, paying, portal
from saas.billing.account import OwnAccount, invoices, own_account
from saas.billing.fapiao import Fapiao, set_fapiao
from saas.billing.profile import set_email
from saas.billing.usage.showing import Usage, usage_of
from saas.digits import number_of
from saas.errors import DomainError
from saas.forms import texts_of, told
from saas.pages import render_page, see_other
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.validation import Body, Email, parse_body
from tenants.frame import Frame, frame

HOME: Final = "/billing"
_SHOWN: Final = 24
_PAGE: Final[dict[str, Any]] = {"auth": "page", "requires": "admin", "scoped": False}
"""No scope around it: some ask Stripe, all others open their own."""
_Request = Request[Any, Any, Any]
_Form = dict[str, str]
_Answer = Response[Any]


class _Payer(Body):
    email: Email


@get(HOME, opt=_PAGE, include_in_schema=False)
async def show(request: _Request) -> _Answer:
    """Plan, use, invoices, who pays."""
    return await _overview(request)


@get(f"{HOME}/plans", opt=_PAGE, include_in_schema=False)
async def plans(request: _Request) -> _Answer:
    """What can be bought."""
    around, account, _ = await _seen(request)
    return render_page(request, "billing/plans.html", {"frame": around, "account": account, "problem": None})


@get(f"{HOME}/change", opt=_PAGE, include_in_schema=False)
async def preview(request: _Request) -> _Answer:
    """What another plan would cost, before it's chosen; for who has none yet: how to pay."""
    wanted = request.query_params.get("plan", "")
    around, account, _ = await _seen(request)
    chosen = next((one for one in account.offers if one.code == wanted), None)
    if chosen is None:
        return see_other(f"{HOME}/plans")
    context: dict[str, Any] = {"frame": around, "account": account, "plan": chosen, "shown": None}
    if account.subscribed is not None and account.subscribed.live:
        try:
            context["shown"] = await changing.preview_change(_who(request), wanted)
        except DomainError as error:
            return await _overview(request, error)
    return render_page(request, "billing/change.html", context)


@post(f"{HOME}/change", opt=_PAGE, include_in_schema=False)
async def change(request: _Request) -> _Answer:
    """The plan that was looked at."""
    form, who = await texts_of(request), _who(request)
    at = form.get("proration_date", "")
    try:
        await changing.change_plan(
            who,
            form.get("plan", ""),
            proration_date=number_of(at),
            key=form.get("key") or None,
        )
    except DomainError as error:
        return await _overview(request, error)
    return see_other(f"{HOME}?done=changed")


@post(f"{HOME}/checkout", opt=_PAGE, include_in_schema=False)
async def buy(request: _Request) -> _Answer:
    """By card on a page of Stripe's, or by invoice."""
    form, who = await texts_of(request), _who(request)
    plan, key = form.get("plan", ""), form.get("key") or None
    try:
        if form.get("pay") == "invoice":
            await checkout.subscribe_by_invoice(who, plan, key=key)
            return see_other(f"{HOME}?done=invoiced")
        opened = await checkout.start_checkout(who, plan, key=key)
    except DomainError as error:
        return await _overview(request, error)
    return await _go(request, opened.url)


@post(f"{HOME}/portal", opt=_PAGE, include_in_schema=False)
async def card(request: _Request) -> _Answer:
    """Cards and tax ids are kept by Stripe."""
    try:
        url = await portal.portal_link(_who(request))
    except DomainError as error:
        return await _overview(request, error)
    return await _go(request, url)


@get(f"{HOME}/leave", opt=_PAGE, include_in_schema=False)
async def leave(request: _Request) -> _Answer:
    """What cancelling means, before it's done."""
    around, account, _ = await _seen(request)
    return render_page(request, "billing/leave.html", {"frame": around, "account": account})


@post(f"{HOME}/act", opt=_PAGE, include_in_schema=False)
async def act(request: _Request) -> _Answer:
    """Cancel, stay, pay now."""
    form, who = await texts_of(request), _who(request)
    acts = {"cancel": ending.cancel, "resume": ending.come_back, "pay": paying.pay_now}
    wanted = form.get("act", "")
    if wanted not in acts:
        return see_other(HOME)
    try:
        await acts[wanted](who, key=form.get("key") or None)
    except DomainError as error:
        return await _overview(request, error)
    return see_other(f"{HOME}?done={wanted}")


@post(f"{HOME}/payer", opt=_PAGE, include_in_schema=False)
async def payer(request: _Request) -> _Answer:
    """The address and the fapiao details, both or neither."""
    form, who = await texts_of(request), _who(request)
    given = {name: value.strip() for name, value in form.items() if value.strip() and not name.startswith("_")}
    address, kind = given.pop("payer_email", ""), given.pop("fapiao", "none")
    try:
        email = parse_body(_Payer, json.dumps({"email": address}).encode()).email
        wanted = None if kind == "none" else parse_body(Fapiao, json.dumps({"type": kind, **given}).encode())
        async with tenant_scope(_tenant(who), principal=who):
            await set_email(email)
            await set_fapiao(wanted)
    except DomainError as error:
        return await _overview(request, error, form)
    return see_other(f"{HOME}?done=payer")


async def _overview(request: _Request, error: DomainError | None = None, form: _Form | None = None) -> _Answer:
    around, account, use = await _seen(request)
    who = _who(request)
    async with tenant_scope(_tenant(who), principal=who):
        rows = await invoices(None, _SHOWN)
    problem = told(request, error) if error is not None else None
    context = {
        "frame": around,
        "account": account,
        "use": use,
        "invoices": rows,
        "problem": problem,
        "form": form or _filled(account),
        "done": _done(request) if error is None else None,
    }
    return render_page(request, "billing/billing.html", context, status=problem.status if problem else 200)


def _done(request: _Request) -> str | None:
    """What the page that led here has done; Stripe's comes back with words of its own."""
    return "paid" if request.query_params.get("checkout") == "done" else request.query_params.get("done")


def _filled(account: OwnAccount) -> _Form:
    """The form of who pays, as it's kept."""
    kept = {name: str(value) for name, value in (account.fapiao or {}).items()}
    return {"payer_email": account.email or "", "fapiao": kept.pop("type", "none"), **kept}


async def _seen(request: _Request) -> tuple[Frame, OwnAccount, Usage | None]:
    who = _who(request)
    async with tenant_scope(_tenant(who), principal=who):
        around, account = await frame(), await own_account()
        try:
            use = await usage_of()
        except DomainError:  # nothing was counted yet
            use = None
    return around, account, use


async def _go(request: _Request, url: str) -> _Answer:
    around, _, _ = await _seen(request)
    return render_page(request, "billing/go.html", {"frame": around, "url": url})


def _who(request: _Request) -> Principal:
    who: Principal = request.scope["state"]["principal"]
    return who


def _tenant(who: Principal) -> Any:
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    return who.tenant_id


HANDLERS = [show, plans, preview, change, buy, card, leave, act, payer]
