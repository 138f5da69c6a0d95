"""Payment methods: the test cards, attached to customers and taken off again."""

from datetime import UTC, datetime
from typing import Any

from saas.local.stripe_sandbox.errors import declined, invalid, missing, not_simulated
from saas.local.stripe_sandbox.events import changed, emit
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.resources import cards
from saas.local.stripe_sandbox.routes import Call, route
from saas.local.stripe_sandbox.store import Object, Store


def make(store: Store, card: cards.Card, now: int, *, checked: bool = True) -> Object:
    """A payment method of a test card, nobody's yet; `checked`: with its security code."""
    return store.put(
        {
            "id": store.new_id("pm"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": {
                "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
                "email": None,
                "name": None,
                "phone": None,
                "tax_id": None,
            },
            "card": {
                "brand": card.brand,
                "checks": {
                    "address_line1_check": None,
                    "address_postal_code_check": None,
                    "cvc_check": "pass" if checked else None,
                },
                "country": "CN" if card.name in {"cn", "unionpay"} else "US",
                "display_brand": card.brand,
                "exp_month": 12,
                "exp_year": datetime.fromtimestamp(now, UTC).year + 5,
                "fingerprint": f"Test{card.number[-4:]}{card.number[:4]}",
                "funding": "debit" if "debit" in card.name else "credit",
                "generated_from": None,
                "last4": card.number[-4:],
                "networks": {"available": [card.brand], "preferred": None},
                "regulated_status": "unregulated",
                "three_d_secure_usage": {"supported": True},
                "wallet": None,
            },
            "created": now,
            "customer": None,
            "livemode": False,
            "metadata": {},
            "type": "card",
            "_card": card.name,
            "_set_up": False,
        }
    )


def obtain(store: Store, given: str, now: int, param: str = "payment_method") -> Object:
    """The payment method of that id; for `pm_card_visa` and the like a fresh one. StripeError 404 if there is none."""
    card = cards.by_name(given) if given.startswith("pm_card_") else None
    return make(store, card, now) if card else store.must("payment_method", given, param)


def attach(store: Store, method: Object, customer: Object) -> Object:
    """Give it to the customer. StripeError: it's another's, was taken off once, or the bank says no."""
    if method["customer"] == customer["id"]:
        return method
    if method["customer"] is not None:
        raise invalid("The payment method you provided has already been attached to a customer.", "payment_method")
    if method.get("_detached"):
        raise invalid(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared"
            " with a connected account without Customer attachment, or was detached from a Customer. It may not be"
            " used again.",
            "payment_method",
        )
    card = cards.by_name(method["_card"])
    if card is not None and card.attaching is not None:
        refusal = card.attaching
        raise declined(refusal.code, refusal.decline_code, refusal.message)
    method = store.put({**method, "customer": customer["id"]})
    emit(store, "payment_method.attached", method)
    return method


@route("POST", "/v1/payment_methods", params="PaymentMethodCreateParams", object="payment_method")
def create(call: Call) -> Object:
    call.only("type", "card", "billing_details", "metadata")
    given = call.params.get("card", {})
    if call.params.get("type") != "card":
        raise not_simulated("payment methods but cards")
    card = cards.by_name(given["token"]) if "token" in given else cards.by_number(given.get("number", ""))
    if card is None:
        if "token" in given:
            raise missing("token", given["token"], "card[token]")
        raise declined("incorrect_number", None, "Your card number is incorrect.", param="number")
    made = make(call.store, card, call.now, checked="cvc" in given or "token" in given)
    return call.store.put(_with(made, call.params))


def _with(method: Object, params: dict[str, Any]) -> Object:
    details, card = params.get("billing_details", {}), params.get("card", {})
    result = {**method, "metadata": merged(method["metadata"], params.get("metadata", {}))}
    address = method["billing_details"]["address"] | (details.get("address") or {})
    plain = {key: details[key] or None for key in ("email", "name", "phone") if key in details}
    result["billing_details"] = {**method["billing_details"], **plain, "address": address}
    result["card"] = method["card"] | {key: card[key] for key in ("exp_month", "exp_year") if key in card}
    return result


@route("GET", "/v1/payment_methods", params="PaymentMethodListParams", object="payment_method")
def index(call: Call) -> Object:
    if "customer" not in call.params:
        raise not_simulated("payment methods of nobody")
    return _of_customer(call, call.store.must("customer", call.params["customer"], "customer"))


@route(
    "GET",
    "/v1/customers/{customer}/payment_methods",
    params="CustomerPaymentMethodListParams",
    object="payment_method",
)
def index_of_customer(call: Call) -> Object:
    return _of_customer(call, call.must("customer", "customer"))


def _of_customer(call: Call, customer: Object) -> Object:
    equal = {"type": call.params["type"]} if "type" in call.params else {}
    return call.page(call.store.find("payment_method", customer=customer["id"], **equal), "customer", "type")


@route("GET", "/v1/payment_methods/{payment_method}", params="PaymentMethodRetrieveParams", object="payment_method")
def retrieve(call: Call) -> Object:
    call.only()
    return obtain(call.store, call.path["payment_method"], call.now)


@route("POST", "/v1/payment_methods/{payment_method}", params="PaymentMethodUpdateParams", object="payment_method")
def update(call: Call) -> Object:
    call.only("billing_details", "metadata", "card.exp_month", "card.exp_year")
    before = call.must("payment_method", "payment_method")
    if before["customer"] is None:
        raise invalid("You must save this PaymentMethod to a customer before you can update it.")
    after = call.store.put(_with(before, call.params))
    emit(call.store, "payment_method.updated", after, changed(before, after))
    return after


@route(
    "POST",
    "/v1/payment_methods/{payment_method}/attach",
    params="PaymentMethodAttachParams",
    object="payment_method",
)
def attach_to(call: Call) -> Object:
    call.only("customer")
    customer = call.store.must("customer", call.params.get("customer", ""), "customer")
    return attach(call.store, obtain(call.store, call.path["payment_method"], call.now), customer)


@route(
    "POST",
    "/v1/payment_methods/{payment_method}/detach",
    params="PaymentMethodDetachParams",
    object="payment_method",
)
def detach(call: Call) -> Object:
    """It pays nothing any more: whoever had it as default has none."""
    call.only()
    store, method = call.store, call.must("payment_method", "payment_method")
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    customer = store.must("customer", method["customer"])
    if customer["invoice_settings"]["default_payment_method"] == method["id"]:
        after = {**customer, "invoice_settings": {**customer["invoice_settings"], "default_payment_method": None}}
        store.put(after)
        emit(store, "customer.updated", after, changed(customer, after))
    for subscription in store.find("subscription", customer=customer["id"], default_payment_method=method["id"]):
        after = store.put({**subscription, "default_payment_method": None})
        emit(store, "customer.subscription.updated", after, {"default_payment_method": method["id"]})
    method = store.put({**method, "customer": None, "_detached": True})
    emit(store, "payment_method.detached", method, {"customer": customer["id"]})
    return method
