"""Beginnings after a trial or a pause: ended now, resumed, or never paid for."""

from saas.local.stripe_sandbox.billing import collecting, drafts, standing
from saas.local.stripe_sandbox.billing.changing import change, keep
from saas.local.stripe_sandbox.billing.items import interval_of, items_of
from saas.local.stripe_sandbox.billing.periods import Period, period_at
from saas.local.stripe_sandbox.billing.starting import HOURS_TO_PAY, first_lines
from saas.local.stripe_sandbox.billing.turning import renew
from saas.local.stripe_sandbox.clocks import timer
from saas.local.stripe_sandbox.store import Object, Store

_UPDATED = "customer.subscription.updated"


def end_trial(store: Store, subscription: Object, now: int) -> None:
    """`trial_end=now`: the first paid period begins and is charged at once."""
    keep(store, subscription, trial_end=now, billing_cycle_anchor=now)
    store.cancel("subscription.trial_will_end", subscription["id"])
    invoice = collecting.finalize(store, renew(store, subscription, now, at_once=True), now)
    if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        collecting.attempt(store, invoice, now)


def resume(store: Store, subscription: Object, behaviour: str, now: int) -> None:
    """A paused subscription's resumption invoice, finalized at once.

    `resume_on_payment_success` charges it now and goes on when it's paid; `resume_on_payment_attempt` (Stripe's
    default) charges nothing now: the first attempt by hand decides, active or past due. Without an attempt the invoice
    is void after 23 hours (docs.stripe.com/changelog/dahlia/2026-05-27/pause-subscriptions).
    """
    earlier = store.get(subscription.get("_resuming", {}).get("invoice", ""))
    if earlier is not None and earlier["status"] == "open":
        collecting.void(store, earlier, now)
        subscription = store.must("subscription", subscription["id"])
    period = period_at(now, interval_of([item["price"] for item in items_of(subscription)]), now)
    billed = first_lines(store, subscription, period, in_trial=False)
    keep(store, subscription, _resuming={"anchor": now, "behaviour": behaviour})
    if not billed:
        standing.resumed(store, subscription, "active")
        return
    invoice = drafts.make(store, subscription, billed, now, reason="subscription_update", period=Period(now, now))
    keep(store, subscription, _resuming={"anchor": now, "behaviour": behaviour, "invoice": invoice["id"]})
    change(store, subscription, _UPDATED, latest_invoice=invoice["id"])
    store.at(now + HOURS_TO_PAY * 3600, "subscription.resumption_end", subscription["id"])
    invoice = collecting.finalize(store, store.must("invoice", invoice["id"]), now)
    if invoice["status"] == "open" and behaviour == "resume_on_payment_success":
        collecting.attempt(store, invoice, now)


@timer("subscription.resumption_end")
def _resumption_ended(store: Store, subscription_id: str, at: int) -> None:
    subscription = store.must("subscription", subscription_id)
    invoice = store.get(subscription.get("_resuming", {}).get("invoice", ""))
    if invoice is not None and invoice["status"] == "open" and not invoice["attempted"]:
        collecting.void(store, invoice, at)


@timer("subscription.incomplete")
def _incomplete_expired(store: Store, subscription_id: str, at: int) -> None:
    """Its first invoice wasn't paid within 23 hours."""
    subscription = store.must("subscription", subscription_id)
    if subscription["status"] == "incomplete":
        collecting.void(store, store.must("invoice", subscription["latest_invoice"]), at)
