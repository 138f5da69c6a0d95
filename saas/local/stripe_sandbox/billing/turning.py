"""The end of a period: the next one begins, is billed, or does not come.

A renewal's invoice stays a draft for an hour: metered use of the past period, rated when it's finalized, and the next
period of licensed items in advance (docs.stripe.com/billing/subscriptions/overview, «Invoice lifecycle»).
"""

from dataclasses import asdict

from saas.local.stripe_sandbox.billing import drafts, lines, pending
from saas.local.stripe_sandbox.billing.changing import change
from saas.local.stripe_sandbox.billing.ending import end, final_invoice
from saas.local.stripe_sandbox.billing.item_changes import debits_of, unbilled_use
from saas.local.stripe_sandbox.billing.items import in_period, interval_of, item_list, items_of, metered, period_of
from saas.local.stripe_sandbox.billing.paying import method_of
from saas.local.stripe_sandbox.billing.periods import Period, period_at
from saas.local.stripe_sandbox.clocks import timer
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store

_UPDATED = "customer.subscription.updated"
_LIVE = {"trialing", "active", "past_due", "unpaid"}


@timer("subscription.trial_will_end")
def _trial_will_end(store: Store, subscription_id: str, at: int) -> None:
    """Three days before a trial ends, or at its start if it's shorter."""
    del at
    subscription = store.must("subscription", subscription_id)
    if subscription["status"] == "trialing":
        emit(store, "customer.subscription.trial_will_end", subscription)


@timer("subscription.period_end")
def turn(store: Store, subscription_id: str, at: int) -> None:
    """The current period is over."""
    subscription = store.must("subscription", subscription_id)
    if subscription["status"] not in _LIVE or period_of(subscription).end != at:
        return
    if subscription.get("cancel_at") == at:
        final_invoice(store, subscription, at)
        end(store, store.must("subscription", subscription_id), at)
    elif subscription["status"] == "trialing" and _lacks_method(store, subscription):
        _trial_without_method(store, subscription, at)
    else:
        renew(store, subscription, at)


def _lacks_method(store: Store, subscription: Object) -> bool:
    wanted = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    automatic = subscription["collection_method"] == "charge_automatically"
    return wanted != "create_invoice" and automatic and method_of(store, subscription) is None


def _trial_without_method(store: Store, subscription: Object, at: int) -> None:
    if subscription["trial_settings"]["end_behavior"]["missing_payment_method"] == "cancel":
        end(store, subscription, at)
        return
    why = {"type": "subscription", "subscription": {"type": "trial_end_without_payment_method"}, "transitioned_at": at}
    change(store, subscription, _UPDATED, status="paused", status_details={"paused": why})
    emit(store, "customer.subscription.paused", subscription)


def renew(store: Store, subscription: Object, at: int, *, at_once: bool = False) -> Object:
    """Begin the next period and draft its invoice; `at_once`: not to wait an hour. Answers the invoice."""
    past, trial = period_of(subscription), subscription["status"] == "trialing"
    items = items_of(subscription)
    following = period_at(subscription["billing_cycle_anchor"], interval_of([item["price"] for item in items]), at)
    use = [] if trial else use_on_renewal(subscription, past.end)
    waiting = pending.pending(store, subscription["id"])
    billed = renewal_lines(store, subscription, use, waiting, following)
    invoice = drafts.make(store, subscription, billed, at, use=use, reason="subscription_cycle", period=past)
    pending.take_pending(store, waiting, invoice["id"])
    debits = [debit for debit in debits_of(subscription) if debit.end > at]
    debits += [debit for line in invoice["lines"]["data"] if (debit := lines.debit_of(line, invoice["id"]))]
    unpaid = subscription["status"] == "unpaid"
    change(
        store,
        subscription,
        _UPDATED,
        status="active" if trial else subscription["status"],
        items=item_list(subscription["id"], in_period(items, following)),
        latest_invoice=invoice["id"],
        _debits=[asdict(debit) for debit in debits if debit.end > at],
        _used_from={},
    )
    store.at(following.end, "subscription.period_end", subscription["id"])
    if unpaid:
        drafts.leave(store, invoice)
    elif not at_once:
        drafts.finalize_later(store, invoice, at)
    return store.must("invoice", invoice["id"])


def use_on_renewal(subscription: Object, end_of_period: int) -> list[Object]:
    """The metered use that the period's end bills: by item, from when to when."""
    return [
        {"item": item, "start": unbilled_use(subscription, item), "end": end_of_period}
        for item in items_of(subscription)
        if metered(item)
    ]


def renewal_lines(
    store: Store,
    subscription: Object,
    use: list[Object],
    waiting: list[Object],
    following: Period,
    *,
    licensed: bool = True,
) -> list[Object]:
    """Use of the past period, what waited, and (unless it ends: not `licensed`) the next period in advance."""
    billed = [
        line for one in use for line in lines.used(store, subscription, one["item"], Period(one["start"], one["end"]))
    ]
    billed += [pending.line_of(item) for item in waiting]
    ahead = [item for item in items_of(subscription) if licensed and not metered(item)]
    return billed + [lines.licensed(store, subscription["id"], item, following) for item in ahead]
