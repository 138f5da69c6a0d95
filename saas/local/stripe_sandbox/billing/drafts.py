"""Invoices as drafts: made, filled, added up."""

from typing import Any

from saas.local.stripe_sandbox.billing.changing import present
from saas.local.stripe_sandbox.billing.lines import used
from saas.local.stripe_sandbox.billing.periods import Period
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store

HOUR = 3600


def compose(
    store: Store,
    subscription: Object,
    lines: list[Object],
    now: int,
    *,
    reason: str,
    period: Period,
    invoice_id: str,
    proration_date: int | None = None,
) -> Object:
    """A draft with the lines, not stored. `period`: the time of use that it closes (both ends alike: none)."""
    customer = store.must("customer", subscription["customer"])
    details = present(
        {
            "subscription": subscription["id"],
            "metadata": subscription["metadata"],
            "subscription_proration_date": proration_date,
        }
    )
    invoice = present(
        {
            "id": invoice_id,
            "object": "invoice",
            "account_name": "Stripe sandbox",
            "amount_overpaid": 0,
            "amount_paid": 0,
            "amount_paid_off_stripe": 0,
            "amount_shipping": 0,
            "attempt_count": 0,
            "attempted": False,
            "auto_advance": True,
            "automatic_tax": {"enabled": False},
            "billing_reason": reason,
            "collection_method": subscription["collection_method"],
            "created": now,
            "currency": subscription["currency"],
            "customer": customer["id"],
            "customer_email": customer.get("email"),
            "customer_name": customer.get("name"),
            "customer_tax_exempt": "none",
            "default_payment_method": subscription.get("default_payment_method"),
            "default_tax_rates": [],
            "discounts": [],
            "issuer": {"type": "self"},
            "livemode": False,
            "metadata": {},
            "parent": {"type": "subscription_details", "subscription_details": details},
            "payment_settings": {},
            "period_end": period.end,
            "period_start": period.start,
            "post_payment_credit_notes_amount": 0,
            "pre_payment_credit_notes_amount": 0,
            "starting_balance": 0,
            "status": "draft",
            "status_transitions": {},
            "test_clock": store.clock(customer),
            "_subscription": subscription["id"],
        }
    )
    return add_up(with_lines(invoice, lines), int(customer.get("balance", 0)))


def make(
    store: Store, subscription: Object, lines: list[Object], now: int, *, use: list[Object] | None = None, **told: Any
) -> Object:
    """Compose a draft, store it and tell of it. `use`: the metered use on it, rated anew when it's finalized."""
    invoice = compose(store, subscription, lines, now, invoice_id=store.new_id("in"), **told)
    store.put(invoice | {"_use": use or []})
    emit(store, "invoice.created", invoice)
    return invoice


def finalize_later(store: Store, invoice: Object, now: int) -> None:
    """An hour as a draft: what is reported until then is on it."""
    store.put(store.must("invoice", invoice["id"]) | {"automatically_finalizes_at": now + HOUR})
    store.at(now + HOUR, "invoice.finalize", invoice["id"])


def leave(store: Store, invoice: Object) -> None:
    """A draft that nothing is done with: for unpaid subscriptions Stripe makes invoices and collects none of them."""
    store.put(store.must("invoice", invoice["id"]) | {"auto_advance": False})


def with_lines(invoice: Object, lines: list[Object]) -> Object:
    """The invoice with these lines."""
    own = [line | {"invoice": invoice["id"]} for line in lines]
    url = f"/v1/invoices/{invoice['id']}/lines"
    return invoice | {"lines": {"object": "list", "data": own, "has_more": False, "total_count": len(own), "url": url}}


def add_up(invoice: Object, balance: int) -> Object:
    """The sums of its lines. A credit balance (negative) pays first; a negative total becomes credit."""
    total = sum(line["amount"] for line in invoice["lines"]["data"])
    due = max(0, total + balance)
    return invoice | {
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "total": total,
        "total_excluding_tax": total,
        "total_taxes": [],
        "starting_balance": balance,
        "amount_due": due,
        "amount_remaining": due - invoice["amount_paid"],
    }


def rate_use(store: Store, invoice: Object) -> Object:
    """The draft with its lines of metered use as the meter stands now: late reports count until finalization."""
    waiting = invoice.get("_use", [])
    if not waiting:
        return invoice
    subscription = store.must("subscription", invoice["_subscription"])
    rated = [
        line for one in waiting for line in used(store, subscription, one["item"], Period(one["start"], one["end"]))
    ]
    items = {one["item"]["id"] for one in waiting}
    fixed = [line for line in invoice["lines"]["data"] if not _is_use(line, items)]
    return with_lines(invoice, rated + fixed)


def _is_use(line: Object, items: set[str]) -> bool:
    details = line["parent"]["subscription_item_details"]
    return details["subscription_item"] in items and not details["proration"]
