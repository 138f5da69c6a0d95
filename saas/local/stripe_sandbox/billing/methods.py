"""Cards that are typed into a page: tried, attached and set up for later charges."""

from typing import Any

from saas.local.stripe_sandbox.errors import declined
from saas.local.stripe_sandbox.resources import cards, payment_methods, setup_intents
from saas.local.stripe_sandbox.store import Object, Store


def new_card(store: Store, given: str, now: int) -> Object:
    """A payment method by a test card's number, or by its name `pm_card_…`; 402 for a number that is no test card's."""
    card = cards.by_name(given) if given.startswith("pm_card_") else cards.by_number(given)
    if card is None:
        raise declined("incorrect_number", None, "Your card number is incorrect.", param="number")
    return payment_methods.make(store, card, now)


def set_up(store: Store, customer: str, given: str, metadata: dict[str, str], now: int) -> Object:
    """The succeeded setup intent of a new card whose holder sits at the page. StripeError 402 if the bank says no."""
    method = new_card(store, given, now)
    intent = setup_intents.make(store, customer, now, metadata=metadata, payment_method=method["id"])
    done: Object = setup_intents.confirm(store, intent, present=True)
    return done


def alipay(store: Store, now: int) -> Object:
    """A payer's Alipay: used once, nobody's afterwards."""
    return store.put(
        {
            "id": store.new_id("pm"),
            "object": "payment_method",
            "alipay": {},
            "billing_details": {},
            "created": now,
            "livemode": False,
            "type": "alipay",
        }
    )


def attach_new(store: Store, customer: str, given: str, now: int) -> Object:
    """A new card attached to the customer, authenticated by its holder at the page, without a setup intent."""
    method = payment_methods.attach(store, new_card(store, given, now), store.must("customer", customer))
    attached: dict[str, Any] = store.put(method | {"_set_up": True})
    return attached
