"""Checkout sessions: opened by the API, completed once by whoever holds the page, or expired."""

from typing import Any

from saas.local.stripe_sandbox.billing.changing import change, present
from saas.local.stripe_sandbox.billing.items import metered, usable_price
from saas.local.stripe_sandbox.billing.methods import attach_new, set_up
from saas.local.stripe_sandbox.billing.rating import half_up, unit_amount
from saas.local.stripe_sandbox.billing.starting import Wish, start
from saas.local.stripe_sandbox.clocks import timer
from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store


def amount_of(store: Store, line_items: list[Object], *, in_trial: bool) -> int:
    """What is due at completion: licensed prices, nothing in a trial and nothing for metered ones."""
    if in_trial:
        return 0
    return sum(
        half_up(unit_amount(price) * int(item.get("quantity", 1)))
        for item in line_items
        if not metered({"price": (price := usable_price(store, item["price"], None, "line_items[price]"))})
    )


def needs_card(session: Object) -> bool:
    """Whether it can't be completed without a card."""
    if session["mode"] == "setup" or session["payment_method_collection"] == "always":
        return True
    return bool(session["amount_total"])


def complete(store: Store, session: Object, card: str | None, now: int, *, name: str = "", tax_id: str = "") -> Object:
    """Complete it with a card (its number, or a `pm_card_…` name; None where none is needed). It goes through once.

    StripeError 402 if the card is declined: then nothing has changed, and another card may be tried.
    """
    if session["status"] != "open":
        raise invalid(f"This Checkout Session is {session['status']}; it can't be completed.", "session")
    if card is None and needs_card(session):
        raise invalid("A card is needed.", "card")
    store.cancel("checkout.expire", session["id"])
    if session["mode"] == "setup":
        metadata = session["_setup_intent_data"].get("metadata", {})
        intent = set_up(store, session["customer"], card or "", metadata, now)
        values: dict[str, Any] = {"setup_intent": intent["id"]}
    else:
        values = _subscribe(store, session, card, now)
    if "tax_id_collection" in session and (name or tax_id):
        values |= _of_business(store, session, name, tax_id)
    session |= values | {"status": "complete"}
    session.pop("url", None)
    store.put(session)
    emit(store, "checkout.session.completed", session)
    return session


def _of_business(store: Store, session: Object, name: str, tax_id: str) -> dict[str, Any]:
    customer = store.must("customer", session["customer"])
    if name:
        change(store, customer, "customer.updated", name=name)
    tax_ids = [{"type": "cn_tin" if session["currency"] == "cny" else "unknown", "value": tax_id}] if tax_id else []
    details = {"name": name, "business_name": name} if name else {}
    return {"customer_details": session["customer_details"] | details | {"tax_ids": tax_ids}}


def _subscribe(store: Store, session: Object, card: str | None, now: int) -> dict[str, Any]:
    data = session["_subscription_data"]
    method = attach_new(store, session["customer"], card, now) if card else None
    subscription = start(
        store,
        Wish(
            customer=session["customer"],
            items=session["_given_items"],
            trial_end=data.get("trial_end"),
            default_payment_method=method["id"] if method else None,
            payment_behavior="error_if_incomplete",
            metadata=data.get("metadata", {}),
            description=data.get("description"),
            on_session=True,
            missing_payment_method=data.get("missing_payment_method", "create_invoice"),
        ),
        now,
    )
    due = session["amount_total"] > 0
    return present(
        {
            "subscription": subscription["id"],
            "invoice": subscription.get("latest_invoice"),
            "payment_status": "paid" if due else "no_payment_required",
        }
    )


def expire(store: Store, session: Object) -> Object:
    """Nobody can complete it any more."""
    if session["status"] != "open":
        raise invalid(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of'
            f" {session['status']}.",
            "session",
        )
    store.cancel("checkout.expire", session["id"])
    session.pop("url", None)
    store.put(session | {"status": "expired"})
    session["status"] = "expired"
    emit(store, "checkout.session.expired", session)
    return session


@timer("checkout.expire")
def _expired(store: Store, session_id: str, at: int) -> None:
    del at
    session = store.must("checkout.session", session_id)
    if session["status"] == "open":
        expire(store, session)
