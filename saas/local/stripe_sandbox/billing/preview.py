"""/v1/invoices/create_preview: the invoice that would come, by the real one's arithmetic; nothing is stored."""

from typing import Any

from saas.local.stripe_sandbox.billing import drafts, pending
from saas.local.stripe_sandbox.billing.drafts import HOUR
from saas.local.stripe_sandbox.billing.item_changes import change_items
from saas.local.stripe_sandbox.billing.items import interval_of, item_list, items_of, period_of
from saas.local.stripe_sandbox.billing.periods import Period, period_at
from saas.local.stripe_sandbox.billing.starting import Wish, compose, first_lines
from saas.local.stripe_sandbox.billing.subscription_api import trial_end
from saas.local.stripe_sandbox.billing.turning import renewal_lines, use_on_renewal
from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.routes import Call, route
from saas.local.stripe_sandbox.store import Object, Store

_DETAILS = "subscription_details"


@route("POST", "/v1/invoices/create_preview", params="InvoiceCreatePreviewParams", object="invoice")
def create_preview(call: Call) -> Object:
    """With `proration_behavior=always_invoice`: the invoice of the change alone; else the next renewal's."""
    names = (
        "items.id", "items.price", "items.quantity", "items.deleted", "items.metadata", "proration_behavior",
        "proration_date", "trial_end", "cancel_at_period_end", "billing_mode.type",
    )  # fmt: skip
    call.only("customer", "subscription", *(f"{_DETAILS}.{name}" for name in names))
    details: dict[str, Any] = call.params.get(_DETAILS, {})
    subscription_id = call.params.get("subscription")
    if subscription_id is None and "items" in details:
        return _of_new(call.store, call.params, details)
    if subscription_id is None:
        subscription_id = _next_to_renew(call.store, call.params.get("customer"))
    subscription = call.store.must("subscription", subscription_id, "subscription")
    return _of_change(call.store, subscription, details)


def _next_to_renew(store: Store, customer: str | None) -> str:
    found = [
        subscription
        for subscription in (store.find("subscription", customer=customer) if customer else [])
        if subscription["status"] in {"active", "trialing", "past_due"}
    ]
    if not found:
        raise invalid("No upcoming invoices for customer", "customer", "invoice_upcoming_none")
    return str(min(found, key=lambda one: period_of(one).end)["id"])


def _of_new(store: Store, given: dict[str, Any], details: dict[str, Any]) -> Object:
    if "customer" not in given:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    now = store.now(given["customer"])
    wish = Wish(given["customer"], details["items"], trial_end=trial_end(details, now))
    subscription, period, in_trial = compose(store, wish, now)
    billed = first_lines(store, subscription, period, in_trial=in_trial)
    shown = _preview(store, subscription, billed, now, Period(now, now))
    del shown["parent"]["subscription_details"]["subscription"]  # there is none yet
    return shown | {"parent": {"type": "subscription_details", "subscription_details": {"subscription": ""}}}


def _of_change(store: Store, subscription: Object, details: dict[str, Any]) -> Object:
    now = store.now(subscription)
    if subscription["status"] in {"canceled", "incomplete_expired"}:
        raise invalid("No upcoming invoices for customer", "subscription", "invoice_upcoming_none")
    behaviour = details.get("proration_behavior", "create_prorations")
    at = details.get("proration_date", now)
    waiting = pending.pending(store, subscription["id"])
    added: list[Object] = []
    if "items" in details:
        wanted = change_items(store, subscription, details["items"], behaviour, at)
        if behaviour == "always_invoice":
            billed = [pending.line_of(item) for item in waiting] + wanted.lines
            start = period_of(subscription).start
            return _preview(store, subscription, billed, now, Period(start, max(now, start)), at)
        added = wanted.lines
        subscription = subscription | {
            "items": item_list(subscription["id"], wanted.items),
            "_used_from": wanted.used_from,
        }
    return _of_renewal(store, subscription, details, waiting, added, at if added else None)


def _of_renewal(
    store: Store,
    subscription: Object,
    details: dict[str, Any],
    waiting: list[Object],
    added: list[Object],
    prorated_at: int | None,
) -> Object:
    past, now = period_of(subscription), store.now(subscription)
    ends = details.get("cancel_at_period_end", "cancel_at" in subscription)
    trial = subscription["status"] == "trialing"
    if details.get("trial_end") == "now":
        subscription, past = subscription | {"billing_cycle_anchor": now}, Period(past.start, now)
    elif "trial_end" in details:
        raise invalid("Only trial_end=now can be previewed for a subscription.", "subscription_details[trial_end]")
    use = [] if trial else use_on_renewal(subscription, past.end)
    interval = interval_of([item["price"] for item in items_of(subscription)])
    following = period_at(subscription["billing_cycle_anchor"], interval, past.end)
    billed = renewal_lines(store, subscription, use, waiting, following, licensed=not ends)
    place = len(billed) - len([line for line in billed if line["period"]["start"] == following.start])
    billed[place:place] = added
    shown = _preview(store, subscription, billed, past.end, past, prorated_at)
    return shown | {"next_payment_attempt": past.end + HOUR}


def _preview(
    store: Store,
    subscription: Object,
    billed: list[Object],
    created: int,
    period: Period,
    prorated_at: int | None = None,
) -> Object:
    return drafts.compose(
        store,
        subscription,
        billed,
        created,
        reason="upcoming",
        period=period,
        invoice_id=store.new_id("upcoming_in"),
        proration_date=prorated_at,
    )
