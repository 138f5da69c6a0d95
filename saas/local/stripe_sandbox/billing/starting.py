"""A subscription's beginning: at once with a first invoice, or with a trial."""

from dataclasses import dataclass, field
from typing import Any

from saas.local.stripe_sandbox.billing import collecting, drafts, lines
from saas.local.stripe_sandbox.billing.changing import change, present
from saas.local.stripe_sandbox.billing.item_changes import ItemChange
from saas.local.stripe_sandbox.billing.items import (
    interval_of,
    item_list,
    metered,
    new_item,
    same_prices_twice,
    usable_price,
)
from saas.local.stripe_sandbox.billing.paying import Outcome, method_for_customer, refusal
from saas.local.stripe_sandbox.billing.periods import Period, period_at
from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store

HOURS_TO_PAY = 23
_TWO_YEARS = 2 * 366 * 86_400
_WARNED_DAYS = 3


@dataclass
class Wish:
    """What a subscription is asked to be; by the API or by Checkout."""

    customer: str
    items: list[Object]
    trial_end: int | None = None
    missing_payment_method: str = "create_invoice"
    collection_method: str = "charge_automatically"
    days_until_due: int | None = None
    default_payment_method: str | None = None
    payment_behavior: str = "allow_incomplete"
    metadata: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    cancel_at_period_end: bool = False
    save_method: bool = False
    on_session: bool = False


def start(store: Store, wish: Wish, now: int) -> Object:
    """Create it. StripeError 402 if `error_if_incomplete` meets a card that doesn't pay: nothing was created."""
    subscription, in_trial = _new(store, wish, now)
    store.put(subscription)
    emit(store, "customer.subscription.created", subscription)
    period = Period(*(subscription["items"]["data"][0][f"current_period_{end}"] for end in ("start", "end")))
    store.at(period.end, "subscription.period_end", subscription["id"])
    if in_trial:
        warned = max(period.end - _WARNED_DAYS * 86_400, now)
        store.at(warned, "subscription.trial_will_end", subscription["id"])
    if wish.cancel_at_period_end:
        change(store, subscription, "customer.subscription.updated", cancel_at_period_end=True, cancel_at=period.end)
    billed = first_lines(store, subscription, period, in_trial=in_trial)
    if billed:
        _bill(store, subscription, billed, wish, now)
    elif subscription["status"] == "incomplete":
        change(store, subscription, "customer.subscription.updated", status="active")
    return store.must("subscription", subscription["id"])


def first_lines(store: Store, subscription: Object, period: Period, *, in_trial: bool) -> list[Object]:
    """The first invoice's lines: licensed items only. Flexible billing makes none for metered ones."""
    one = lines.on_trial if in_trial else lines.licensed
    items = subscription["items"]["data"]
    return [one(store, subscription["id"], item, period) for item in items if not metered(item)]


def compose(store: Store, wish: Wish, now: int) -> tuple[Object, Period, bool]:
    """The subscription as it would be, not stored; its first period; whether that is a trial."""
    subscription, in_trial = _new(store, wish, now)
    first = subscription["items"]["data"][0]
    return subscription, Period(first["current_period_start"], first["current_period_end"]), in_trial


def _new(store: Store, wish: Wish, now: int) -> tuple[Object, bool]:
    customer = store.must("customer", wish.customer, "customer")
    prices = _prices(store, wish.items)
    in_trial = wish.trial_end is not None
    if wish.trial_end is not None and not now < wish.trial_end <= now + _TWO_YEARS:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
    if wish.default_payment_method:
        owner = store.must("payment_method", wish.default_payment_method, "default_payment_method").get("customer")
        if owner != wish.customer:
            raise invalid(
                "The customer does not have a payment method with the ID"
                f" {wish.default_payment_method}. The payment method must be attached to the customer.",
                "default_payment_method",
                "resource_missing",
            )
    _check_collection(wish)
    anchor = wish.trial_end or now
    period = Period(now, anchor) if in_trial else period_at(anchor, interval_of(prices), now)
    subscription_id = store.new_id("sub")
    items = [
        new_item(subscription_id, price, given, period, now, f"items[{number}]")
        for number, (price, given) in enumerate(zip(prices, wish.items, strict=True))
    ]
    if same_prices_twice(items):
        raise invalid("Cannot add multiple subscription items with the same price.", "items")
    sent = wish.collection_method == "send_invoice"
    subscription = {
        "id": subscription_id,
        "object": "subscription",
        "automatic_tax": {"enabled": False},
        "billing_cycle_anchor": anchor,
        "billing_mode": {"type": "flexible", "flexible": {"proration_discounts": "included"}},
        "billing_schedules": [],
        "cancel_at_period_end": False,
        "cancellation_details": {},
        "collection_method": wish.collection_method,
        "created": now,
        "currency": prices[0]["currency"],
        "customer": customer["id"],
        "days_until_due": wish.days_until_due,
        "default_payment_method": wish.default_payment_method,
        "default_tax_rates": [],
        "description": wish.description,
        "discounts": [],
        "invoice_settings": {"issuer": {"type": "self"}},
        "items": item_list(subscription_id, items),
        "livemode": False,
        "metadata": wish.metadata,
        "payment_settings": {"save_default_payment_method": "on_subscription" if wish.save_method else "off"},
        "start_date": now,
        "status": "trialing" if in_trial else ("active" if sent else "incomplete"),
        "test_clock": customer.get("test_clock"),
        "trial_end": wish.trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": wish.missing_payment_method}},
        "trial_start": now if in_trial else None,
        "_save_method": wish.save_method,
    }
    return present(subscription), in_trial


def _prices(store: Store, given: list[Object]) -> list[Object]:
    if not given:
        raise invalid("Missing required param: items.", "items", "parameter_missing")
    prices: list[Object] = []
    for number, item in enumerate(given):
        if "price" not in item:
            raise invalid(f"Missing required param: items[{number}][price].", "items", "parameter_missing")
        currency = prices[0]["currency"] if prices else None
        prices.append(usable_price(store, item["price"], currency, f"items[{number}][price]"))
    return prices


def _check_collection(wish: Wish) -> None:
    if wish.collection_method == "send_invoice" and wish.days_until_due is None:
        raise invalid(
            "If `collection_method` is set to `send_invoice`, you must specify `days_until_due`.", "days_until_due"
        )
    if wish.collection_method == "charge_automatically" and wish.days_until_due is not None:
        raise invalid("`days_until_due` can only be set if `collection_method` is `send_invoice`.", "days_until_due")


def _bill(store: Store, subscription: Object, billed: list[Object], wish: Wish, now: int) -> None:
    """The first invoice, finalized at once; one that is to be sent stays a draft for an hour."""
    invoice = drafts.make(store, subscription, billed, now, reason="subscription_create", period=Period(now, now))
    change(
        store,
        store.must("subscription", subscription["id"]),
        "customer.subscription.updated",
        latest_invoice=invoice["id"],
        _debits=debits_on(invoice),
    )
    if wish.collection_method == "send_invoice" and invoice["total"]:
        drafts.finalize_later(store, invoice, now)
        return
    invoice = collecting.finalize(store, store.must("invoice", invoice["id"]), now)
    if invoice["status"] == "open":
        _collect_first(store, invoice, wish, now)


def _collect_first(store: Store, invoice: Object, wish: Wish, now: int) -> None:
    subscription = invoice["_subscription"]
    store.at(now + HOURS_TO_PAY * 3600, "subscription.incomplete", subscription)
    if wish.payment_behavior == "default_incomplete":
        return
    method = wish.default_payment_method or method_for_customer(store, wish.customer)
    if method is None:
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a default"
            " payment method.",
            code="resource_missing",
        )
    outcome: Outcome = collecting.attempt(store, invoice, now, method, on_session=wish.on_session, retries=False)
    if not outcome.paid and wish.payment_behavior == "error_if_incomplete":
        raise refusal(outcome, keep=False)


def debits_on(invoice: Object) -> list[dict[str, Any]]:
    """What an invoice bills in advance, as the subscription remembers it."""
    found = [lines.debit_of(line, invoice["id"]) for line in invoice["lines"]["data"]]
    return ItemChange([], [debit for debit in found if debit is not None], {}).remembered()["_debits"]  # type: ignore[no-any-return]
