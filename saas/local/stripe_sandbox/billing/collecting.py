"""Invoices from draft to paid: finalized, charged, tried again, written off."""

from saas.local.stripe_sandbox.billing import charges, standing
from saas.local.stripe_sandbox.billing.changing import change, keep, present
from saas.local.stripe_sandbox.billing.drafts import add_up, rate_use
from saas.local.stripe_sandbox.billing.dunning import DAY, next_attempt
from saas.local.stripe_sandbox.billing.paying import Outcome, charge, method_for
from saas.local.stripe_sandbox.clocks import timer
from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store


def finalize(store: Store, invoice: Object, now: int) -> Object:
    """From draft to open: its use rated, the customer's credit taken, its number given; paid if nothing is due."""
    if invoice["status"] != "draft":
        raise invalid(
            f"This invoice is already finalized, you can't re-finalize a non-draft invoice: {invoice['id']}.",
            code="invoice_not_editable",
        )
    customer = store.must("customer", invoice["customer"])
    invoice = add_up(rate_use(store, invoice), int(customer.get("balance", 0)))
    left = invoice["starting_balance"] + invoice["total"] - invoice["amount_due"]
    sequence = int(customer.get("next_invoice_sequence", 1))
    keep(store, customer, next_invoice_sequence=sequence + 1)
    change(store, customer, "customer.updated", balance=left)
    subscription = store.must("subscription", invoice["_subscription"])
    page = f"{store.base_url}/invoice/{invoice['id']}"
    invoice.pop("automatically_finalizes_at", None)
    invoice |= present(
        {
            "status": "open",
            "number": f"{customer.get('invoice_prefix') or customer['id'][-8:].upper()}-{sequence:04d}",
            "ending_balance": left,
            "effective_at": now,
            "status_transitions": {"finalized_at": now},
            "hosted_invoice_url": page,
            "invoice_pdf": f"{page}/pdf",
            "due_date": _due_date(subscription, now),
        }
    )
    store.cancel("invoice.finalize", invoice["id"])
    emit(store, "invoice.finalized", store.put(invoice))
    if invoice["amount_due"] == 0:
        return mark_paid(store, invoice, now)
    if "due_date" in invoice:
        store.at(invoice["due_date"], "invoice.overdue", invoice["id"])
        emit(store, "invoice.sent", invoice)
    return invoice


def _due_date(subscription: Object, now: int) -> int | None:
    if subscription["collection_method"] != "send_invoice":
        return None
    return now + int(subscription["days_until_due"]) * DAY


def attempt(
    store: Store,
    invoice: Object,
    now: int,
    method: str | None = None,
    *,
    on_session: bool = False,
    retries: bool = True,
) -> Outcome:
    """Charge an open invoice once: with `method`, or the subscription's, or the customer's. Tells what came of it.

    `retries`: the attempt belongs to the schedule of retries. Any attempt counts as the first; after it only those of
    the schedule are counted (the SDK's docstring of `Invoice.attempt_count`).
    """
    method = method or method_for(store, invoice)
    outcome = charge(store, method, on_session=on_session)
    counted = retries or invoice["attempt_count"] == 0
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + counted}
    if outcome.paid:
        mark_paid(store, invoice, now, method)
    else:
        _mark_failed(store, invoice, now, outcome, retries=retries)
    return outcome


def mark_paid(
    store: Store, invoice: Object, now: int, method: str | None = None, *, out_of_band: bool = False
) -> Object:
    """Paid: by a charge, by credit, or outside of Stripe."""
    for name in ("invoice.retry", "invoice.overdue"):
        store.cancel(name, invoice["id"])
    invoice.pop("next_payment_attempt", None)
    invoice |= {
        "status": "paid",
        "attempted": True,
        "auto_advance": False,
        "amount_paid": invoice["amount_due"],
        "amount_paid_off_stripe": invoice["amount_due"] if out_of_band else 0,
        "amount_remaining": 0,
        "status_transitions": invoice["status_transitions"] | {"paid_at": now},
    }
    store.put(invoice)
    if invoice["amount_due"] and not out_of_band:
        charges.record(store, invoice, now, method)
    emit(store, "invoice.paid", invoice)
    emit(store, "invoice.payment_succeeded", invoice)
    standing.invoice_settled(store, invoice, method)
    return store.must("invoice", invoice["id"])


def _mark_failed(store: Store, invoice: Object, now: int, outcome: Outcome, *, retries: bool) -> None:
    final = False
    if retries and invoice["auto_advance"]:
        due = next_attempt(int(invoice["status_transitions"]["finalized_at"]), now)
        invoice.pop("next_payment_attempt", None)
        invoice |= present({"next_payment_attempt": due})
        final = due is None
        if due is not None:
            store.at(due, "invoice.retry", invoice["id"])
    store.put(invoice)
    emit(store, "invoice.payment_failed", invoice)
    if outcome.action:
        emit(store, "invoice.payment_action_required", invoice)
    if retries:
        emit(store, "invoice.updated", invoice, {"attempt_count": invoice["attempt_count"] - 1})
    standing.invoice_failed(store, invoice, final=final)


def void(store: Store, invoice: Object, now: int) -> Object:
    """Open or uncollectible, to void: as if it had never been asked for."""
    if invoice["status"] not in {"open", "uncollectible"}:
        raise invalid(f"You can only void open or uncollectible invoices. This invoice is {invoice['status']}.")
    invoice = _close(store, invoice, now, "void", "voided_at")
    emit(store, "invoice.voided", invoice)
    standing.invoice_voided(store, invoice, now)
    return store.must("invoice", invoice["id"])


def mark_uncollectible(store: Store, invoice: Object, now: int) -> Object:
    """Open, to uncollectible: a bad debt that may still be paid."""
    if invoice["status"] != "open":
        raise invalid(f"You can only mark open invoices as uncollectible. This invoice is {invoice['status']}.")
    invoice = _close(store, invoice, now, "uncollectible", "marked_uncollectible_at")
    emit(store, "invoice.marked_uncollectible", invoice)
    standing.invoice_settled(store, invoice, None)
    return store.must("invoice", invoice["id"])


def _close(store: Store, invoice: Object, now: int, status: str, moment: str) -> Object:
    for name in ("invoice.retry", "invoice.overdue"):
        store.cancel(name, invoice["id"])
    invoice.pop("next_payment_attempt", None)
    transitions = invoice["status_transitions"] | {moment: now}
    return store.put(invoice | {"status": status, "auto_advance": False, "status_transitions": transitions})


def stop_collecting(store: Store, invoice: Object) -> None:
    """A subscription's end stops the automatic collection of what is open; it can still be paid."""
    store.cancel("invoice.retry", invoice["id"])
    store.cancel("invoice.finalize", invoice["id"])
    change(store, invoice, "invoice.updated", auto_advance=False, next_payment_attempt=None)


def _of_customer(store: Store, invoice_id: str) -> Object | None:
    """The invoice; None if its customer was deleted: then nothing is collected any more."""
    invoice = store.must("invoice", invoice_id)
    customer = store.get(invoice["customer"])
    return None if customer is None or customer.get("deleted") else invoice


@timer("invoice.finalize")
def _finalize(store: Store, invoice_id: str, at: int) -> None:
    """An hour after it was drafted: finalized, and charged if it's to be charged."""
    invoice = _of_customer(store, invoice_id)
    if invoice is None or invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    invoice = finalize(store, invoice, at)
    if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        attempt(store, invoice, at)


@timer("invoice.retry")
def _retry(store: Store, invoice_id: str, at: int) -> None:
    invoice = _of_customer(store, invoice_id)
    if invoice is not None and invoice["status"] == "open" and invoice["auto_advance"]:
        attempt(store, invoice, at)


@timer("invoice.overdue")
def _overdue(store: Store, invoice_id: str, at: int) -> None:
    """Its due date has passed."""
    del at
    invoice = _of_customer(store, invoice_id)
    if invoice is not None and invoice["status"] == "open":
        emit(store, "invoice.overdue", invoice)
        standing.invoice_failed(store, invoice, final=False)
