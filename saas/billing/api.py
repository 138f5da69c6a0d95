"""`/v1/billing`: a chain's own plan and what it pays. What asks Stripe opens no scope of its own around it."""

from datetime import datetime
from typing import Any, Literal

from litestar import Request, get, post, put
from litestar.params import JSONBody

from saas.billing import changing, checkout, ending, paying, portal
from saas.billing.account import OwnAccount, Subscribed, cursor_of, invoices, own_account
from saas.billing.changing import ChangePreview
from saas.billing.fapiao import Fapiao, set_fapiao
from saas.billing.profile import set_email
from saas.errors import DomainError
from saas.paging import Page, decode_cursor, page
from saas.plans.banner import Banner
from saas.plans.catalogue import Plan
from saas.principal import Principal
from saas.scope import tenant_scope
from saas.validation import Body, Email, ListQuery, parse_query

_READS: dict[str, Any] = {"requires": "admin"}
_ASKS: dict[str, Any] = {"requires": "admin", "scoped": False}
"""Stripe is asked: between scopes, and the operation's own row is what a repeated key finds."""


class PlanChoice(Body):
    plan: str


class CheckoutBody(PlanChoice):
    """`card`: a page of Stripe's to pay on; `invoice`: invoices are sent, to be paid by bank transfer or Alipay."""

    pay: Literal["card", "invoice"] = "card"


class ChangeBody(PlanChoice):
    """`preview`: says what it would cost and changes nothing. `proration_date`: of a preview, so that it costs that."""

    preview: bool = False
    proration_date: int | None = None


class CancelBody(Body):
    """`now`: at once, without money back; else at the end of what is paid for."""

    now: bool = False


class PayerBody(Body):
    """Where invoices are sent, and what a fapiao is made out to (null: none is wanted). What is left out stays."""

    email: Email | None = None
    fapiao: Fapiao | None = None


@get("/v1/billing", opt=_READS, summary="Own plan, subscription and what could be bought")
async def read() -> dict[str, Any]:
    return _account(await own_account())


@post(
    "/v1/billing/checkout",
    opt=_ASKS,
    status_code=200,
    summary="Buy a plan: the address of a page to pay on, or invoices by mail",
)
async def buy(request: Request[Any, Any, Any], data: JSONBody[CheckoutBody]) -> dict[str, Any]:
    who, key = _caller(request)
    if data.pay == "invoice":
        await checkout.subscribe_by_invoice(who, data.plan, key=key)
        return {"url": None, "expires_at": None}
    opened = await checkout.start_checkout(who, data.plan, key=key)
    return {"url": opened.url, "expires_at": opened.expires_at}


@post(
    "/v1/billing/portal",
    opt=_ASKS,
    status_code=200,
    summary="The address of a page for cards and tax ids, good for a few minutes",
)
async def open_portal(request: Request[Any, Any, Any]) -> dict[str, Any]:
    who, _ = _caller(request)
    return {"url": await portal.portal_link(who)}


@post(
    "/v1/billing/change-plan",
    opt=_ASKS,
    status_code=200,
    summary="Another plan: a larger one at once, a smaller one when the month is over",
)
async def change(request: Request[Any, Any, Any], data: JSONBody[ChangeBody]) -> dict[str, Any]:
    who, key = _caller(request)
    if data.preview:
        return _preview(await changing.preview_change(who, data.plan))
    made = await changing.change_plan(who, data.plan, proration_date=data.proration_date, key=key)
    return {"kind": made.kind, "plan": made.plan, "revision": made.revision, "at": made.at}


@post("/v1/billing/cancel", opt=_ASKS, status_code=200, summary="Cancel: at the end of what is paid for, or now")
async def cancel(request: Request[Any, Any, Any], data: JSONBody[CancelBody]) -> dict[str, Any]:
    who, key = _caller(request)
    await (ending.end_now if data.now else ending.cancel)(who, key=key)
    return await _now(who)


@post("/v1/billing/resume", opt=_ASKS, status_code=200, summary="Stay after all, before a cancellation takes effect")
async def resume(request: Request[Any, Any, Any]) -> dict[str, Any]:
    who, key = _caller(request)
    await ending.come_back(who, key=key)
    return await _now(who)


@post("/v1/billing/pay", opt=_ASKS, status_code=200, summary="Charge the card now for what is owed")
async def pay(request: Request[Any, Any, Any]) -> dict[str, Any]:
    who, key = _caller(request)
    await paying.pay_now(who, key=key)
    return await _now(who)


@put("/v1/billing/payer", opt=_READS, summary="Where invoices go, and fapiao details")
async def set_payer(data: JSONBody[PayerBody]) -> dict[str, Any]:
    if data.email is not None:
        await set_email(data.email)
    if "fapiao" in data.model_fields_set:
        await set_fapiao(data.fapiao)
    return _account(await own_account())


@get("/v1/billing/invoices", opt=_READS, summary="Own invoices, the newest first")
async def list_invoices(request: Request[Any, Any, Any]) -> Page:
    query = parse_query(ListQuery, request.query_params.multi_items())
    rows = await invoices(decode_cursor(query.cursor, datetime, str), query.limit + 1)
    return page(rows, query.limit, dict, cursor_of)


def _caller(request: Request[Any, Any, Any]) -> tuple[Principal, str | None]:
    return request.scope["state"]["principal"], request.headers.get("idempotency-key")


async def _now(who: Principal) -> dict[str, Any]:
    """The account as it is after what was asked."""
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    async with tenant_scope(who.tenant_id, principal=who):
        return _account(await own_account())


def _account(found: OwnAccount) -> dict[str, Any]:
    return {
        "status": found.status,
        "plan": _plan(found.plan, found.currency),
        "trial_ends_at": found.trial_ends_at,
        "subscription": None if found.subscribed is None else _subscription(found.subscribed),
        "banner": None if found.banner is None else _banner(found.banner),
        "use": {"branches": found.branches},
        "under_way": found.under_way,
        "email": found.email,
        "fapiao": found.fapiao,
        "offers": [_plan(one, found.currency) for one in found.offers] if found.open else [],
    }


def _plan(one: Plan, currency: str) -> dict[str, Any]:
    """`price` in minor units: `monthly` in advance, `per_thousand` for every further 1,000 active members."""
    price = one.prices.get(currency)
    told = {"currency": currency, "monthly": price.monthly, "per_thousand": price.per_thousand} if price else None
    return {
        "code": one.code,
        "revision": one.revision,
        "names": dict(one.names),
        "members": one.members,
        "branches": one.branches,
        "requests_per_second": one.requests_per_second,
        "price": told,
    }


def _subscription(told: Subscribed) -> dict[str, Any]:
    following = told.following
    return {
        "status": told.status,
        "collection_method": told.collection_method,
        "currency": told.currency,
        "period": {"start": told.period_start, "end": told.period_end},
        "trial_end": told.trial_end,
        "ends_at": told.ends_at,
        "ended_at": told.ended_at,
        "payment_method": told.payment_method,
        "next_plan": None if following is None else {"code": following.code, "revision": following.revision},
    }


def _banner(said: Banner) -> dict[str, Any]:
    return {"code": said.code, "level": said.level, "at": said.at}


def _preview(found: ChangePreview) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "plan": found.plan,
        "revision": found.revision,
        "at": found.at,
        "currency": found.currency,
        "amount_due": found.amount_due,
        "lines": [{"description": line.description, "amount": line.amount} for line in found.lines],
        "proration_date": found.proration_date,
        "branches_over": found.branches_over,
    }


HANDLERS = [read, buy, open_portal, change, cancel, resume, pay, set_payer, list_invoices]
