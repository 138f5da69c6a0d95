"""A subscription's end."""

from saas.local.stripe_sandbox.billing import collecting, drafts, lines, pending
from saas.local.stripe_sandbox.billing.changing import change, keep
from saas.local.stripe_sandbox.billing.item_changes import debits_of, unbilled_use
from saas.local.stripe_sandbox.billing.items import items_of, metered, period_of
from saas.local.stripe_sandbox.billing.periods import Period
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store

_TIMERS = ("period_end", "trial_will_end", "incomplete", "pending_update", "resumption_end")


def end(store: Store, subscription: Object, at: int, reason: str = "cancellation_requested") -> Object:
    """Canceled for good. What is open stays open, but is collected no more."""
    for name in _TIMERS:
        store.cancel(f"subscription.{name}", subscription["id"])
    for key in ("pending_update", "status_details"):
        subscription.pop(key, None)
    details = subscription["cancellation_details"] | {"reason": reason}
    subscription |= {
        "status": "canceled",
        "canceled_at": subscription.get("canceled_at", at),
        "ended_at": at,
        "cancellation_details": details,
        "_pending": {},
        "_resuming": {},
    }
    store.put(subscription)
    for invoice in store.find("invoice", _subscription=subscription["id"], status="open"):
        collecting.stop_collecting(store, invoice)
    emit(store, "customer.subscription.deleted", subscription)
    return subscription


def final_invoice(store: Store, subscription: Object, at: int, *, prorate: bool = False) -> None:
    """What is left to bill when it ends: metered use, what waits, and with `prorate` a credit for the rest of the time.

    It is a draft for an hour like any renewal's. None is made where there is nothing to bill.
    """
    trial = subscription["status"] == "trialing"
    use: list[Object] = [
        {"item": item, "start": unbilled_use(subscription, item), "end": at}
        for item in items_of(subscription)
        if metered(item) and not trial
    ]
    waiting = pending.pending(store, subscription["id"])
    billed = [line for one in use for line in lines.used(store, subscription, one["item"], Period(one["start"], at))]
    billed += [pending.line_of(item) for item in waiting]
    if prorate:
        billed += credits_at(store, subscription, at)
    if not billed:
        return
    past = Period(period_of(subscription).start, at)
    invoice = drafts.make(store, subscription, billed, at, use=use, reason="subscription_cycle", period=past)
    pending.take_pending(store, waiting, invoice["id"])
    keep(store, subscription, _debits=[])
    change(store, subscription, "customer.subscription.updated", latest_invoice=invoice["id"])
    drafts.finalize_later(store, invoice, at)


def credits_at(store: Store, subscription: Object, at: int) -> list[Object]:
    """What is given back for the rest of the time that was billed in advance."""
    found: list[Object] = []
    debits = debits_of(subscription)
    for item in items_of(subscription):
        if not metered(item):
            credits_, debits = lines.credits_for(store, subscription["id"], item, debits, at)
            found += credits_
    return found
