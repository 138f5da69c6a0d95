"""How a chain begins to pay: by card on Stripe's Checkout page, or by invoice (bank transfer, Alipay)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import stripe

from saas.billing.client import plain, read
from saas.billing.customers import CUSTOMER, customer_request, metadata, stripe_locale
from saas.billing.held import LEAST_TRIAL, LIVE, held_of, require_room
from saas.billing.items import prices
from saas.billing.operations import ask, lock_subscription
from saas.billing.prices import sold
from saas.billing.reading import read_invoice, read_subscription
from saas.billing.steps import Call, Json, Operation, Step, operation
from saas.clock import tenant_now
from saas.errors import DomainError
from saas.outbox import enqueue
from saas.plans.banner import EXPORT_WINDOW
from saas.plans.catalogue import Plan, currency_for
from saas.principal import Principal
from saas.scope import connection, current
from saas.settings import get_settings

DAYS_UNTIL_DUE: Final = 15
PAGE: Final = "/billing"

_TENANT: Final = "SELECT status, trial_ends_at, cancelled_at, currency, locale FROM tenant WHERE tenant_id = $1"
# A smaller plan that was chosen for a subscription that has ended meanwhile.
_FORGET: Final = (
    "UPDATE subscription AS s SET next_plan = NULL, next_revision = NULL, next_step = NULL WHERE s.tenant_id = $1"
)


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """Where the owner pays; the address is for him alone, until `expires_at`."""

    url: str
    expires_at: datetime


async def start_checkout(who: Principal, plan_code: str, *, key: str | None = None) -> CheckoutPage:
    """A page of Stripe's on which a card is given and the plan bought; an older one that is still open is closed.

    In trial the subscription begins when the trial ends; a card may be given later. Raises DomainError
    `subscription-exists`, `plan-too-small`, `validation-failed` for an unknown plan, and what `operations.ask` raises.
    """
    wanted = sold(plan_code)

    async def prepare() -> Json:
        return await _prepared(wanted, LEAST_TRIAL)

    done = await ask(who, CHECKOUT, {"plan": plan_code}, key=key, prepare=prepare)
    page = done.of("session")
    return CheckoutPage(page["url"], datetime.fromtimestamp(page["expires_at"], UTC))


async def subscribe_by_invoice(who: Principal, plan_code: str, *, key: str | None = None) -> None:
    """Begins a subscription whose invoices are sent and paid within 15 days, by bank transfer or Alipay.

    Raises as `start_checkout`, and DomainError `billing-email-missing`.
    """
    wanted = sold(plan_code)

    async def prepare() -> Json:
        request = await _prepared(wanted, timedelta())
        if "email" not in request["customer"]:
            raise DomainError("billing-email-missing")
        return request

    await ask(who, SUBSCRIBE, {"plan": plan_code}, key=key, prepare=prepare)


async def _prepared(wanted: Plan, least_trial: timedelta) -> Json:
    """Everything that Stripe is told, settled before it's asked: the same key must come with the same words."""
    row = await connection().fetchrow(_TENANT, current().tenant_id)
    if row is None or held_of(await lock_subscription()) is not None:
        raise DomainError("subscription-exists")
    now = await tenant_now()
    if row["cancelled_at"] is not None and now >= row["cancelled_at"] + EXPORT_WINDOW:
        raise DomainError("tenant-closed")  # it's being erased: nobody should pay for that
    await require_room(wanted)
    await connection().execute(_FORGET, current().tenant_id)
    ends = row["trial_ends_at"]
    trying = row["status"] == "trialing" and ends is not None and ends - now > least_trial
    return {
        **await customer_request(),
        "plan": wanted.code,
        "revision": wanted.revision,
        "currency": currency_for(row["currency"]),
        "locale": stripe_locale(row["locale"]),
        "trial_end": int(ends.timestamp()) if trying else None,
    }


async def _clear_the_way(call: Call) -> Json:
    """Nobody can pay twice: whoever has a subscription already is told so, and a page that is open elsewhere is
    closed before there is a new one.
    """
    customer = call.operation.of("customer")["id"]
    for held in await _subscriptions(call.client, customer):
        if held["status"] in LIVE and not _ours(held, call):
            raise DomainError("subscription-exists")
    params: Any = {"customer": customer, "status": "open", "limit": 100}
    opened = await read(call.client.v1.checkout.sessions.list_async(params))
    for session in opened.data:
        options: stripe.RequestOptions = {"idempotency_key": f"{call.options['idempotency_key']}:{session.id}"}
        try:
            await call.client.v1.checkout.sessions.expire_async(session.id, None, options)
        except stripe.InvalidRequestError:
            now = await read(call.client.v1.checkout.sessions.retrieve_async(session.id))
            if now.status == "complete":  # paid a moment ago, in another window
                raise DomainError("subscription-exists") from None
            if now.status == "open":
                raise
    return {"closed": [session.id for session in opened.data]}


async def _subscriptions(client: stripe.StripeClient, customer: str) -> list[Json]:
    params: Any = {"customer": customer, "status": "all", "limit": 100}
    return [plain(one) for one in (await read(client.v1.subscriptions.list_async(params))).data]


def _ours(held: Json, call: Call) -> bool:
    """Whether a subscription was made by this very operation."""
    return bool((held.get("metadata") or {}).get("operation") == str(call.operation.id))


async def _open_page(call: Call) -> Json:
    if call.repeated:  # the page may be there, and nobody knows its address
        await _clear_the_way(call)
    request, page = call.operation.request, f"{get_settings().public_url.rstrip('/')}{PAGE}"
    data: Json = {"metadata": metadata(call.operation)}
    if request["trial_end"] is not None:
        data["trial_end"] = request["trial_end"]
        data["trial_settings"] = {"end_behavior": {"missing_payment_method": "pause"}}
    params: Any = {
        "mode": "subscription",
        "customer": call.operation.of("customer")["id"],
        "client_reference_id": str(call.operation.tenant_id),
        "line_items": _items(call, with_quantity=True),
        "payment_method_collection": "always" if request["trial_end"] is None else "if_required",
        "subscription_data": data,
        "tax_id_collection": {"enabled": True},
        "customer_update": {"name": "auto"},
        "metadata": metadata(call.operation),
        "locale": request["locale"],
        "success_url": f"{page}?checkout=done",
        "cancel_url": f"{page}?checkout=left",
    }
    made = plain(await call.client.v1.checkout.sessions.create_async(params, call.options))
    return {name: made[name] for name in ("id", "url", "expires_at")}


async def _subscribe(call: Call) -> Json:
    customer = call.operation.of("customer")["id"]
    if call.repeated:
        for held in await _subscriptions(call.client, customer):
            if _ours(held, call):
                return {"id": held["id"]}
    params: Any = {
        "customer": customer,
        "items": _items(call, with_quantity=False),
        "collection_method": "send_invoice",
        "days_until_due": DAYS_UNTIL_DUE,
        "metadata": metadata(call.operation),
    }
    if call.operation.request["trial_end"] is not None:
        params["trial_end"] = call.operation.request["trial_end"]
    made = await call.client.v1.subscriptions.create_async(params, call.options)
    return {"id": made.id}


def _items(call: Call, *, with_quantity: bool) -> list[Json]:
    """Checkout wants a quantity of what isn't metered."""
    found = call.operation.of("prices")
    base: Json = {"price": found["base"], "quantity": 1} if with_quantity else {"price": found["base"]}
    return [base, {"price": found["usage"]}]


async def _read_later(_operation: Operation, answer: Json) -> None:
    await enqueue("billing.read", {"subscription": answer["id"]})


async def _read_now(done: Operation) -> None:
    copy = await read_subscription(done.tenant_id, done.of("subscription")["id"])
    if copy is not None and copy.latest_invoice is not None:
        await read_invoice(done.tenant_id, copy.latest_invoice)


_BEGIN: Final = (CUSTOMER, Step("prices", prices), Step("clear", _clear_the_way))
CHECKOUT: Final = operation("checkout", *_BEGIN, Step("session", _open_page))
SUBSCRIBE: Final = operation("subscribe", *_BEGIN, Step("subscription", _subscribe, _read_later), after=_read_now)
