"""Customers."""

from typing import Any, Final

from saas.local.stripe_sandbox.errors import invalid, not_simulated
from saas.local.stripe_sandbox.events import changed, emit
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route, within
from saas.local.stripe_sandbox.store import Object

_PLAIN: Final = ("email", "name", "description", "phone")
_CHANGEABLE: Final = (
    *_PLAIN,
    "address",
    "metadata",
    "preferred_locales",
    "invoice_settings.default_payment_method",
    "invoice_settings.footer",
)
_LONGEST_NAME: Final = 256


@route("POST", "/v1/customers", params="CustomerCreateParams", object="customer")
def create(call: Call) -> Object:
    call.only(*_CHANGEABLE, "test_clock")
    store = call.store
    clock = call.params.get("test_clock")
    if clock:
        store.must("test_helpers.test_clock", clock, "test_clock")
    customer: Object = {
        "id": store.new_id("cus"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": store.now(clock),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": store.new_id("x").upper()[2:10],
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock,
    }
    store.put(customer)
    if call.params.get("invoice_settings", {}).get("default_payment_method"):
        raise not_simulated("a default payment method at a customer's creation (attach it first)")
    customer = store.put(_with(customer, call.params))
    emit(store, "customer.created", customer)
    return customer


def _with(customer: Object, params: dict[str, Any]) -> Object:
    """The customer with what the parameters change; an empty text takes a value away."""
    if len(params.get("name", "")) > _LONGEST_NAME:
        raise invalid("Invalid string: name is too long.", "name")
    if "@" not in (params.get("email") or "@"):
        raise invalid(f"Invalid email address: {params['email']}", "email", "email_invalid")
    result = customer | {key: params[key] or None for key in (*_PLAIN, "address") if key in params}
    if params.get("address"):
        lines = ("city", "country", "line1", "line2", "postal_code", "state")
        result["address"] = {line: params["address"].get(line) or None for line in lines}
    if "metadata" in params:
        result["metadata"] = merged(customer["metadata"], params["metadata"])
    if "preferred_locales" in params:
        result["preferred_locales"] = params["preferred_locales"]
    settings = {key: value or None for key, value in params.get("invoice_settings", {}).items()}
    return {**result, "invoice_settings": customer["invoice_settings"] | settings}


@route("GET", "/v1/customers", params="CustomerListParams", object="customer")
def index(call: Call) -> Object:
    equal = {key: call.params[key] for key in ("email", "test_clock") if key in call.params}
    found = [
        customer
        for customer in call.store.find("customer", **equal)
        if within(customer["created"], call.params.get("created")) and customer["test_clock"] == equal.get("test_clock")
    ]
    return call.page(found, "email", "created", "test_clock")


@route("GET", "/v1/customers/{customer}", params="CustomerRetrieveParams", object="customer")
def retrieve(call: Call) -> Object:
    """A deleted one is shown as deleted."""
    call.only()
    found = call.store.get(call.path["customer"])
    return found if found and found["object"] == "customer" else call.must("customer", "customer")


@route("POST", "/v1/customers/{customer}", params="CustomerUpdateParams", object="customer")
def update(call: Call) -> Object:
    call.only(*_CHANGEABLE)
    before = call.must("customer", "customer")
    default = call.params.get("invoice_settings", {}).get("default_payment_method")
    if default and call.store.must("payment_method", default, "payment_method")["customer"] != before["id"]:
        raise invalid(
            "The customer does not have a payment method with the ID"
            f" {default}. The payment method must be attached to the customer.",
            "invoice_settings[default_payment_method]",
            "resource_missing",
        )
    after = call.store.put(_with(before, call.params))
    if after != before:
        emit(call.store, "customer.updated", after, changed(before, after))
    return after


@route("DELETE", "/v1/customers/{customer}", params="CustomerDeleteParams", object="customer")
def delete(call: Call) -> Object:
    """Only one without a subscription: at Stripe deleting it would end them."""
    call.only()
    customer = call.must("customer", "customer")
    ended = {"canceled", "incomplete_expired"}
    if any(one["status"] not in ended for one in call.store.find("subscription", customer=customer["id"])):
        raise not_simulated("the deletion of a customer that has a subscription")
    emit(call.store, "customer.deleted", customer)
    return call.store.put({"id": customer["id"], "object": "customer", "deleted": True})
