"""The portal's page: the card, the invoices, the end of the subscription, and the way back."""

import time
from html import escape

from saas.local.stripe_sandbox.billing.changing import change, undone_on_error
from saas.local.stripe_sandbox.billing.items import period_of
from saas.local.stripe_sandbox.billing.methods import set_up
from saas.local.stripe_sandbox.billing.page_text import card_form, error_line, frame, link
from saas.local.stripe_sandbox.billing.paying import method_of
from saas.local.stripe_sandbox.billing.wording import money
from saas.local.stripe_sandbox.errors import StripeError, missing
from saas.local.stripe_sandbox.routes import Call, Page, page
from saas.local.stripe_sandbox.store import Object, Store

_UPDATED = "customer.subscription.updated"
_LIVE = {"trialing", "active", "past_due", "unpaid", "paused", "incomplete"}


def _session(call: Call) -> Object:
    found = call.store.find("billing_portal.session", _secret=call.path["secret"])
    if not found or found[0]["_until"] < time.time():
        raise missing("billing_portal.session", call.path["secret"])
    return found[0]


def _subscriptions(store: Store, customer: str) -> list[Object]:
    return [one for one in store.find("subscription", customer=customer) if one["status"] in _LIVE]


@page("GET", "/portal/{secret}")
def portal(call: Call) -> Page:
    return _portal(call, _session(call))


def _portal(call: Call, session: Object, error: str | None = None) -> Page:
    store = call.store
    features = store.must("billing_portal.configuration", session["configuration"])["features"]
    body = error_line(error)
    whole = "flow" not in session  # a flow is one task, without the rest
    for subscription in _subscriptions(store, session["customer"]) if whole else []:
        body += _subscription(store, subscription, cancels=features["subscription_cancel"]["enabled"])
    if features["payment_method_update"]["enabled"]:
        body += card_form("Use this card", required=True)
    if whole and features["invoice_history"]["enabled"]:
        body += _invoices(store, session["customer"])
    if "return_url" in session:
        body += link(session["return_url"], "Back")
    return frame("Billing", body)


def _subscription(store: Store, subscription: Object, *, cancels: bool) -> str:
    method = method_of(store, subscription)
    card = store.must("payment_method", method)["card"] if method else None
    text = f"Subscription: {subscription['status']}. "
    text += f"Card: {card['brand']} …{card['last4']}." if card else "No card."
    ends = "cancel_at" in subscription
    text += " It ends with the current period." if ends else ""
    word, label = ("renew", "Don't cancel") if ends else ("cancel", "Cancel at the period's end")
    button = f'<form method="post"><button name="do" value="{word}">{label}</button></form>' if cancels else ""
    return f"<p>{escape(text)}</p>{button}"


def _invoices(store: Store, customer: str) -> str:
    rows = "".join(
        f'<tr><td><a href="{escape(one["hosted_invoice_url"], quote=True)}">{escape(one["number"])}</a>'
        f" {one['status']}</td><td>{escape(money(one['total'], one['currency']))}</td></tr>"
        for one in store.find("invoice", customer=customer)
        if "number" in one
    )
    return f"<table>{rows}</table>"


@page("POST", "/portal/{secret}")
def portal_submit(call: Call) -> Page:
    session, action = _session(call), call.params.get("do", "")
    features = call.store.must("billing_portal.configuration", session["configuration"])["features"]
    try:
        with undone_on_error(call.store):
            if action == "pay" and features["payment_method_update"]["enabled"]:
                _use_card(call.store, session["customer"], call.params.get("card", "").replace(" ", ""))
            elif action in {"cancel", "renew"} and features["subscription_cancel"]["enabled"]:
                _schedule_end(call.store, session["customer"], ends=action == "cancel")
    except StripeError as error:
        return _portal(call, session, str(error))
    return Page(location=f"/portal/{call.path['secret']}")


def _use_card(store: Store, customer_id: str, number: str) -> None:
    """A new card is the customer's default, and takes the place of the card that a subscription has of its own."""
    intent = set_up(store, customer_id, number, {}, store.now(customer_id))
    customer = store.must("customer", customer_id)
    settings = customer["invoice_settings"] | {"default_payment_method": intent["payment_method"]}
    change(store, customer, "customer.updated", invoice_settings=settings)
    for subscription in _subscriptions(store, customer_id):
        if subscription.get("default_payment_method"):
            change(store, subscription, _UPDATED, default_payment_method=intent["payment_method"])


def _schedule_end(store: Store, customer: str, *, ends: bool) -> None:
    """In flexible billing the portal sets `cancel_at` alone; the flag `cancel_at_period_end` stays false.

    docs.stripe.com/billing/subscriptions/billing-mode/compare, «Scheduled subscription cancellation».
    """
    for subscription in _subscriptions(store, customer):
        now, details = store.now(subscription), dict(subscription["cancellation_details"])
        if ends:
            details["reason"] = "cancellation_requested"
        else:
            details.pop("reason", None)
        change(
            store,
            subscription,
            _UPDATED,
            cancel_at=period_of(subscription).end if ends else None,
            canceled_at=now if ends else None,
            cancel_at_period_end=False,
            cancellation_details=details,
        )
