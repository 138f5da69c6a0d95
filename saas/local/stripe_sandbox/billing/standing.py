"""What an invoice's fate does to its subscription's status.

docs.stripe.com/billing/subscriptions/overview, «Subscription statuses»; the SDK's docstring of `Subscription.status`.
"""

from typing import Any

from saas.local.stripe_sandbox.billing.changing import change, keep
from saas.local.stripe_sandbox.billing.items import in_period, interval_of, item_list, items_of
from saas.local.stripe_sandbox.billing.periods import period_at
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store

_UPDATED = "customer.subscription.updated"
OWING = ("past_due", "unpaid")


def newest_final(store: Store, subscription: str) -> Object | None:
    """The subscription's invoice that was finalized last: what becomes of it decides the status."""
    found = [one for one in store.find("invoice", _subscription=subscription) if one["status"] != "draft"]
    return max(found, key=lambda one: int(one["status_transitions"]["finalized_at"]), default=None)


def _recover(store: Store, subscription: Object) -> None:
    """Who owes nothing of the newest invoice any more is active again."""
    newest = newest_final(store, subscription["id"])
    if subscription["status"] in OWING and newest is not None and newest["status"] != "open":
        change(store, subscription, _UPDATED, status="active")


def invoice_settled(store: Store, invoice: Object, method: str | None) -> None:
    """It was paid, or given up: what it held up goes on."""
    subscription = store.must("subscription", invoice["_subscription"])
    if method and subscription.get("_save_method"):
        change(store, subscription, _UPDATED, default_payment_method=method)
    if subscription.get("_pending", {}).get("invoice") == invoice["id"]:
        _apply_pending(store, subscription)
    if subscription.get("_resuming", {}).get("invoice") == invoice["id"]:
        resumed(store, subscription, "active")
    elif subscription["status"] == "incomplete":
        store.cancel("subscription.incomplete", subscription["id"])
        change(store, subscription, _UPDATED, status="active")
    else:
        _recover(store, subscription)


def invoice_failed(store: Store, invoice: Object, *, final: bool) -> None:
    """It was not paid when it was due: past due, and unpaid after the last attempt."""
    subscription = store.must("subscription", invoice["_subscription"])
    if subscription.get("_pending", {}).get("invoice") == invoice["id"]:
        return
    if subscription.get("_resuming", {}).get("invoice") == invoice["id"]:
        if subscription["_resuming"]["behaviour"] == "resume_on_payment_attempt":
            resumed(store, subscription, "past_due")
        return
    newest = newest_final(store, subscription["id"])
    is_newest = newest is not None and newest["id"] == invoice["id"]
    if is_newest and subscription["status"] in {"active", "past_due", "trialing"}:
        change(store, subscription, _UPDATED, status="unpaid" if final else "past_due")


def invoice_voided(store: Store, invoice: Object, now: int) -> None:
    """It is no longer asked for: a first invoice takes the subscription along, a pending update is dropped."""
    subscription = store.must("subscription", invoice["_subscription"])
    if subscription.get("_pending", {}).get("invoice") == invoice["id"]:
        keep(store, subscription, _pending={})
        change(store, subscription, _UPDATED, pending_update=None)
    elif subscription.get("_resuming", {}).get("invoice") == invoice["id"]:
        keep(store, subscription, _resuming={})
    elif subscription["status"] == "incomplete":
        change(store, subscription, _UPDATED, status="incomplete_expired", ended_at=now)
    else:
        _recover(store, subscription)


def resumed(store: Store, subscription: Object, status: str) -> Object:
    """A paused subscription goes on, from the anchor that its resumption was asked for with."""
    anchor = int(subscription["_resuming"]["anchor"])
    items = items_of(subscription)
    period = period_at(anchor, interval_of([item["price"] for item in items]), anchor)
    values: dict[str, Any] = {
        "status": status,
        "status_details": None,
        "billing_cycle_anchor": anchor,
        "items": item_list(subscription["id"], in_period(items, period)),
        "_resuming": {},
        "_used_from": {},
    }
    store.at(period.end, "subscription.period_end", subscription["id"])
    store.cancel("subscription.resumption_end", subscription["id"])
    change(store, subscription, _UPDATED, **values)
    emit(store, "customer.subscription.resumed", subscription)
    return subscription


def _apply_pending(store: Store, subscription: Object) -> None:
    """The update that waited for its invoice's payment is carried out."""
    waiting = subscription["_pending"]
    told = "pending_update" in subscription
    store.cancel("subscription.pending_update", subscription["id"])
    items = item_list(subscription["id"], waiting["items"])
    change(store, subscription, _UPDATED, items=items, pending_update=None, _pending={}, **waiting["remembered"])
    if told:
        emit(store, "customer.subscription.pending_update_applied", subscription)
