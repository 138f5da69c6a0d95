"""Setup intents: a card is tried and kept for later payments."""

from typing import Any

from saas.local.stripe_sandbox.errors import StripeError, declined, invalid, not_simulated
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.presenting import public
from saas.local.stripe_sandbox.resources import cards
from saas.local.stripe_sandbox.resources.payment_methods import attach, obtain
from saas.local.stripe_sandbox.routes import Call, Page, page, route, within
from saas.local.stripe_sandbox.store import Object, Store

_OPEN = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


def make(store: Store, customer: str | None, now: int, **given: Any) -> Object:
    """A new one, with its event; `given` replaces keys."""
    intent_id = store.new_id("seti")
    intent = store.put(
        {
            "id": intent_id,
            "object": "setup_intent",
            "application": None,
            "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
            "cancellation_reason": None,
            "client_secret": store.new_id(f"{intent_id}_secret"),
            "created": now,
            "customer": customer,
            "description": None,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": False,
            "mandate": None,
            "metadata": {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": "requires_payment_method",
            "usage": "off_session",
            **given,
        }
    )
    emit(store, "setup_intent.created", intent)
    return intent


def confirm(store: Store, intent: Object, *, present: bool = False, return_url: str | None = None) -> Object:
    """Try its card. A refusal is raised (402) and leaves its trace; a card that wants its holder is `requires_action`.

    `present`: he sits at the screen and confirms at once.
    """
    method = store.must("payment_method", intent["payment_method"])
    card = cards.by_name(method["_card"])
    if card is not None and card.authenticate != "never" and not present and not method["_set_up"]:
        url = f"{store.base_url}/authenticate/{intent['id']}"
        action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": return_url}}
        intent = store.put({**intent, "status": "requires_action", "next_action": action})
        emit(store, "setup_intent.requires_action", intent)
        return intent
    try:
        customer = intent["customer"] and store.must("customer", intent["customer"])
        method = attach(store, method, customer) if customer else method
    except StripeError as error:
        if error.error["type"] != "card_error":
            raise
        raise _failed(store, intent, method, error) from error
    store.put({**method, "_set_up": True})
    settled = {"status": "succeeded", "next_action": None, "last_setup_error": None}
    intent = store.put({**intent, **settled})
    emit(store, "setup_intent.succeeded", intent)
    return intent


def _failed(store: Store, intent: Object, method: Object, error: StripeError) -> StripeError:
    told = {**error.error, "payment_method": public(method)}
    state = {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    intent = store.put({**intent, **state, "last_setup_error": told})
    emit(store, "setup_intent.setup_failed", intent)
    code, decline = error.error["code"], error.error.get("decline_code")
    return declined(code, decline, str(error), setup_intent=intent, payment_method=method)


@route("POST", "/v1/setup_intents", params="SetupIntentCreateParams", object="setup_intent")
def create(call: Call) -> Object:
    call.only(
        *("customer", "payment_method", "confirm", "usage", "description", "metadata", "return_url"),
        *("automatic_payment_methods", "allowed_payment_method_types"),
    )
    params, store = call.params, call.store
    if params.get("allowed_payment_method_types", ["card"]) != ["card"]:
        raise not_simulated("setups of payment methods but cards")
    customer = params.get("customer")
    if customer is not None:
        store.must("customer", customer, "customer")
    intent = make(
        store,
        customer,
        store.now(customer),
        description=params.get("description"),
        metadata=merged({}, params.get("metadata", {})),
        usage=params.get("usage", "off_session"),
    )
    if "automatic_payment_methods" in params:
        automatic = {"allow_redirects": "always", **params["automatic_payment_methods"]}
        intent = store.put({**intent, "automatic_payment_methods": automatic})
    intent = _given_method(store, intent, params)
    return confirm(store, intent, return_url=params.get("return_url")) if params.get("confirm") else intent


def _given_method(store: Store, intent: Object, params: dict[str, Any]) -> Object:
    if "payment_method" in params:
        method = obtain(store, params["payment_method"], store.now(intent))
        if method["customer"] not in {None, intent["customer"]}:
            raise invalid("The PaymentMethod provided belongs to another Customer.", "payment_method")
        intent = store.put({**intent, "payment_method": method["id"], "status": "requires_confirmation"})
    elif params.get("confirm"):
        raise invalid("You must provide a payment method to confirm a SetupIntent.", "payment_method")
    return intent


@route("GET", "/v1/setup_intents", params="SetupIntentListParams", object="setup_intent")
def index(call: Call) -> Object:
    equal = {key: call.params[key] for key in ("customer", "payment_method") if key in call.params}
    found = [
        one for one in call.store.find("setup_intent", **equal) if within(one["created"], call.params.get("created"))
    ]
    return call.page(found, "customer", "payment_method", "created")


@route("GET", "/v1/setup_intents/{intent}", params="SetupIntentRetrieveParams", object="setup_intent")
def retrieve(call: Call) -> Object:
    call.only()
    return call.must("setup_intent", "intent")


@route("POST", "/v1/setup_intents/{intent}", params="SetupIntentUpdateParams", object="setup_intent")
def update(call: Call) -> Object:
    call.only("payment_method", "metadata", "description")
    intent = _open(call)
    if "description" in call.params:
        intent["description"] = call.params["description"]
    intent["metadata"] = merged(intent["metadata"], call.params.get("metadata", {}))
    return call.store.put(_given_method(call.store, intent, call.params))


@route("POST", "/v1/setup_intents/{intent}/confirm", params="SetupIntentConfirmParams", object="setup_intent")
def confirm_it(call: Call) -> Object:
    call.only("payment_method", "return_url")
    intent = _given_method(call.store, _open(call), call.params)
    if intent["payment_method"] is None:
        raise invalid("You must provide a payment method to confirm a SetupIntent.", "payment_method")
    return confirm(call.store, intent, return_url=call.params.get("return_url"))


@route("POST", "/v1/setup_intents/{intent}/cancel", params="SetupIntentCancelParams", object="setup_intent")
def cancel(call: Call) -> Object:
    call.only("cancellation_reason")
    reason = call.params.get("cancellation_reason")
    intent = call.store.put({**_open(call), "status": "canceled", "cancellation_reason": reason, "next_action": None})
    emit(call.store, "setup_intent.canceled", intent)
    return intent


def _open(call: Call) -> Object:
    intent = call.must("setup_intent", "intent")
    if intent["status"] not in _OPEN:
        raise invalid(
            f"You cannot change this SetupIntent because it has a status of {intent['status']}.",
            code="setup_intent_unexpected_state",
        )
    return intent


@page("GET", "/authenticate/{intent}")
def ask(call: Call) -> Page:
    """The bank's page: its holder confirms or refuses."""
    call.must("setup_intent", "intent")
    buttons = "".join(f"<button name=outcome value={word}>{word}</button>" for word in ("confirm", "refuse"))
    return Page(f"<!doctype html><title>Test bank</title><form method=post>{buttons}</form>")


@page("POST", "/authenticate/{intent}")
def answer(call: Call) -> Page:
    store, intent = call.store, call.must("setup_intent", "intent")
    if intent["status"] != "requires_action":
        return Page("<!doctype html><p>This was answered before.", status=409)
    url = intent["next_action"]["redirect_to_url"]["return_url"]
    if call.params.get("outcome") == "confirm":
        try:
            intent = confirm(store, intent, present=True)
        except StripeError as error:
            if not error.keep:
                raise
    else:
        message = "We are unable to authenticate your payment method. Please choose a different one and try again."
        refusal = declined("setup_intent_authentication_failure", None, message)
        _failed(store, intent, store.must("payment_method", intent["payment_method"]), refusal)
    return Page(location=url) if url else Page("<!doctype html><p>You may close this page.")
