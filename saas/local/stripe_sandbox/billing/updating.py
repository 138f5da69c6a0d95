"""Updates of a subscription's items, now: prorated, invoiced, and undone or kept waiting if the card doesn't pay."""

from dataclasses import replace

from saas.local.stripe_sandbox.billing import collecting, drafts, pending
from saas.local.stripe_sandbox.billing.changing import change, keep
from saas.local.stripe_sandbox.billing.item_changes import ItemChange, change_items
from saas.local.stripe_sandbox.billing.items import item_list, period_of
from saas.local.stripe_sandbox.billing.paying import Outcome, refusal
from saas.local.stripe_sandbox.billing.periods import Period
from saas.local.stripe_sandbox.clocks import timer
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store

_UPDATED = "customer.subscription.updated"
HOURS_OF_PENDING = 23


def update_items(
    store: Store,
    subscription: Object,
    given: list[Object],
    *,
    behaviour: str,
    payment: str,
    at: int,
    now: int,
    on_session: bool = True,
) -> None:
    """Carry out a change of items, prorated at `at`. The caller's copy of the subscription is stale afterwards.

    `payment`: `allow_incomplete` leaves the change in force and the subscription past due if the card fails,
    `error_if_incomplete` undoes it with a 402, `pending_if_incomplete` keeps it waiting for 23 hours as
    `pending_update` (docs.stripe.com/billing/subscriptions/pending-updates).
    """
    wanted = change_items(store, subscription, given, behaviour, at)
    if behaviour == "always_invoice" and wanted.lines:
        _invoiced(store, subscription, wanted, payment, at, now, on_session=on_session)
    else:
        pending.add_pending(store, subscription, wanted.lines, now)
        _apply(store, subscription, wanted)


def _apply(store: Store, subscription: Object, wanted: ItemChange) -> None:
    items = item_list(subscription["id"], wanted.items)
    keep(store, subscription, **wanted.remembered())
    change(store, subscription, _UPDATED, items=items)


def _invoiced(
    store: Store, subscription: Object, wanted: ItemChange, payment: str, at: int, now: int, *, on_session: bool
) -> None:
    """The prorations, and whatever waited, on an invoice that is finalized and charged at once."""
    waiting = pending.pending(store, subscription["id"])
    billed = [pending.line_of(item) for item in waiting] + wanted.lines
    before = period_of(subscription).start
    period = Period(before, max(now, before))
    if payment != "pending_if_incomplete":
        _apply(store, subscription, wanted)
    invoice = drafts.make(
        store, subscription, billed, now, reason="subscription_update", period=period, proration_date=at
    )
    pending.take_pending(store, waiting, invoice["id"])
    own = {line["id"] for line in wanted.lines}
    wanted.debits = [replace(debit, invoice=invoice["id"]) if debit.line in own else debit for debit in wanted.debits]
    values = {"_pending": {}} if payment != "pending_if_incomplete" else {"_pending": _waiting(invoice, wanted)}
    if payment != "pending_if_incomplete":
        values |= wanted.remembered()
    keep(store, subscription, **values)
    change(store, subscription, _UPDATED, latest_invoice=invoice["id"])
    if subscription["status"] == "unpaid":
        drafts.leave(store, invoice)
        return
    if subscription["collection_method"] == "send_invoice" and invoice["total"] > 0:
        drafts.finalize_later(store, invoice, now)
        return
    invoice = collecting.finalize(store, store.must("invoice", invoice["id"]), now)
    if invoice["status"] == "open" and payment != "default_incomplete":
        _collect(store, invoice, wanted, payment, now, on_session=on_session)


def _waiting(invoice: Object, wanted: ItemChange) -> Object:
    return {"invoice": invoice["id"], "items": wanted.items, "remembered": wanted.remembered()}


def _collect(store: Store, invoice: Object, wanted: ItemChange, payment: str, now: int, *, on_session: bool) -> None:
    retries = payment != "pending_if_incomplete"
    outcome: Outcome = collecting.attempt(store, invoice, now, on_session=on_session, retries=retries)
    if outcome.paid:
        return
    if payment == "error_if_incomplete":
        raise refusal(outcome, keep=False)
    if payment == "pending_if_incomplete":
        expires = now + HOURS_OF_PENDING * 3600
        subscription = store.must("subscription", invoice["_subscription"])
        update = {"expires_at": expires, "subscription_items": wanted.items}
        change(store, subscription, _UPDATED, pending_update=update)
        store.at(expires, "subscription.pending_update", subscription["id"])


@timer("subscription.pending_update")
def _pending_update_expired(store: Store, subscription_id: str, at: int) -> None:
    """It wasn't paid for in time: its invoice is void, and nothing has changed."""
    subscription = store.must("subscription", subscription_id)
    invoice = store.get(subscription.get("_pending", {}).get("invoice", ""))
    if "pending_update" in subscription and invoice is not None and invoice["status"] == "open":
        collecting.void(store, invoice, at)
        emit(store, "customer.subscription.pending_update_expired", store.must("subscription", subscription_id))
