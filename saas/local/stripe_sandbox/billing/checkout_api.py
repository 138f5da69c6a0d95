"""/v1/checkout/sessions."""

from typing import Any, Final

from saas.local.stripe_sandbox.billing import checkout
from saas.local.stripe_sandbox.billing.changing import present
from saas.local.stripe_sandbox.billing.items import quantity_for, usable_price
from saas.local.stripe_sandbox.billing.rating import half_up, unit_amount
from saas.local.stripe_sandbox.billing.subscription_api import require_currency, trial_end
from saas.local.stripe_sandbox.billing.wording import product_name
from saas.local.stripe_sandbox.errors import invalid, not_simulated
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route, within
from saas.local.stripe_sandbox.store import Object, Store

_HOUR: Final = 3600
_SHORTEST_TRIAL: Final = 48 * _HOUR
_DATA: Final = "subscription_data"
_HEEDED: Final = (
    "mode", "customer", "line_items.price", "line_items.quantity", "success_url", "cancel_url", "client_reference_id",
    "metadata", "locale", "payment_method_collection", "expires_at", "currency", "ui_mode",
    f"{_DATA}.metadata", f"{_DATA}.description", f"{_DATA}.trial_end", f"{_DATA}.trial_period_days",
    f"{_DATA}.trial_settings.end_behavior.missing_payment_method", f"{_DATA}.billing_mode.type",
    "setup_intent_data.metadata", "setup_intent_data.description",
    "customer_update.name", "tax_id_collection.enabled",
)  # fmt: skip


@route("POST", "/v1/checkout/sessions", params="checkout.SessionCreateParams", object="checkout.session")
def create(call: Call) -> Object:
    """Modes `subscription` and `setup`, hosted, for a known customer."""
    call.only(*_HEEDED)
    store, given = call.store, call.params
    mode = given.get("mode", "payment")
    if mode not in {"subscription", "setup"}:
        raise not_simulated(f"mode={mode}")
    if given.get("ui_mode", "hosted_page") != "hosted_page":
        raise not_simulated(f"ui_mode={given['ui_mode']}")
    if "customer" not in given:
        raise not_simulated("Checkout without a customer")
    if "success_url" not in given:
        raise invalid("Missing required param: success_url.", "success_url", "parameter_missing")
    customer = store.must("customer", given["customer"], "customer")
    now = store.now(customer)
    session_id = store.new_id("cs_test")
    session = present(
        {
            "id": session_id,
            "object": "checkout.session",
            "automatic_tax": {"enabled": False},
            "cancel_url": given.get("cancel_url"),
            "client_reference_id": given.get("client_reference_id"),
            "created": now,
            "currency": given.get("currency"),
            "custom_fields": [],
            "custom_text": {},
            "customer": customer["id"],
            "customer_details": present({"email": customer.get("email"), "name": customer.get("name")}),
            "expires_at": _expiry(given.get("expires_at"), now),
            "livemode": False,
            "locale": given.get("locale"),
            "metadata": merged({}, given.get("metadata", {})),
            "mode": mode,
            "payment_method_collection": given.get("payment_method_collection", "always"),
            "payment_method_types": ["card"],
            "payment_status": "unpaid" if mode == "subscription" else "no_payment_required",
            "shipping_options": [],
            "status": "open",
            "tax_id_collection": _tax_ids(given),
            "success_url": given["success_url"],
            "ui_mode": "hosted_page",
            "url": f"{store.base_url}/checkout/{session_id}",
            "_setup_intent_data": given.get("setup_intent_data", {}),
        }
    )
    session |= _of_subscription(store, given, now, session_id) if mode == "subscription" else _of_setup(given)
    store.put(session)
    store.at(session["expires_at"], "checkout.expire", session_id)
    return session


def _expiry(given: int | None, now: int) -> int:
    """24 hours unless told otherwise, between half an hour and 24 hours."""
    expires = now + 24 * _HOUR if given is None else given
    if not now + _HOUR // 2 <= expires <= now + 24 * _HOUR:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session"
            " creation.",
            "expires_at",
        )
    return expires


def _tax_ids(given: dict[str, Any]) -> Object | None:
    """Whether the page asks for the business's name and tax id; a known customer's name must then be open to change."""
    if not given.get("tax_id_collection", {}).get("enabled"):
        return None
    if given.get("customer_update", {}).get("name") != "auto":
        raise invalid(
            "Tax ID collection requires updating business name on the customer. To enable tax ID collection for an"
            " existing customer, please set `customer_update[name]` to `auto`.",
            "customer_update",
        )
    return {"enabled": True, "required": "never"}


def _of_setup(given: dict[str, Any]) -> Object:
    if "line_items" in given or _DATA in given:
        raise invalid("You can not pass `line_items` or `subscription_data` in `setup` mode.", "line_items")
    if "currency" not in given:
        raise invalid("Missing required param: currency.", "currency", "parameter_missing")
    return {"payment_method_collection": "always"}


def _of_subscription(store: Store, given: dict[str, Any], now: int, session_id: str) -> Object:
    data = given.get(_DATA, {})
    if data.get("billing_mode", {}).get("type", "flexible") != "flexible":
        raise not_simulated("billing_mode[type]=classic")
    items = given.get("line_items", [])
    if not items:
        raise invalid("Missing required param: line_items.", "line_items", "parameter_missing")
    ends = trial_end(data, now)
    if "trial_end" in data and data["trial_end"] < now + _SHORTEST_TRIAL:
        raise invalid("The `trial_end` date has to be at least 2 days in the future.", "subscription_data[trial_end]")
    prices = _prices(store, items)
    require_currency(store, given.get("currency"), items)
    total = checkout.amount_of(store, items, in_trial=ends is not None)
    behaviour = data.get("trial_settings", {}).get("end_behavior", {}).get("missing_payment_method")
    return {
        "amount_subtotal": total,
        "amount_total": total,
        "currency": prices[0]["currency"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "_given_items": items,
        "_line_items": {
            "object": "list",
            "data": [_item(store, price, item, due=total > 0) for price, item in zip(prices, items, strict=True)],
            "has_more": False,
            "url": f"/v1/checkout/sessions/{session_id}/line_items",
        },
        "_subscription_data": present(
            {
                "metadata": merged({}, data.get("metadata", {})),
                "description": data.get("description"),
                "trial_end": ends,
                "missing_payment_method": behaviour,
            }
        ),
    }


def _prices(store: Store, items: list[Object]) -> list[Object]:
    prices: list[Object] = []
    for number, item in enumerate(items):
        param = f"line_items[{number}]"
        if "price" not in item:
            raise invalid(f"Missing required param: {param}[price].", param, "parameter_missing")
        currency = prices[0]["currency"] if prices else None
        price = usable_price(store, item["price"], currency, f"{param}[price]")
        quantity = quantity_for(price, item.get("quantity"), param)
        if quantity is not None and "quantity" not in item:
            raise invalid("Quantity is required. Add `quantity` to `" + param + "`", f"{param}[quantity]")
        prices.append(price)
    return prices


@route("GET", "/v1/checkout/sessions", params="checkout.SessionListParams", object="checkout.session")
def index(call: Call) -> Object:
    equal = {key: call.params[key] for key in ("customer", "status", "subscription") if key in call.params}
    found = call.store.find("checkout.session", **equal)
    created = call.params.get("created")
    return call.page([one for one in found if within(one["created"], created)], *equal, "created")


@route("GET", "/v1/checkout/sessions/{session}", params="checkout.SessionRetrieveParams", object="checkout.session")
def retrieve(call: Call) -> Object:
    call.only()
    return call.must("checkout.session", "session")


@route(
    "GET",
    "/v1/checkout/sessions/{session}/line_items",
    params="checkout.SessionLineItemListParams",
    object="item",
)
def line_items(call: Call) -> Object:
    session = call.must("checkout.session", "session")
    return call.page(session.get("_line_items", {"data": []})["data"])


def _item(store: Store, price: Object, given: Object, *, due: bool) -> Object:
    quantity = given.get("quantity")
    amount = half_up(unit_amount(price) * quantity) if quantity and due else 0
    return present(
        {
            "id": store.new_id("li"),
            "object": "item",
            "amount_discount": 0,
            "amount_subtotal": amount,
            "amount_tax": 0,
            "amount_total": amount,
            "currency": price["currency"],
            "description": product_name(store, price),
            "price": price,
            "quantity": quantity,
        }
    )


@route(
    "POST", "/v1/checkout/sessions/{session}/expire", params="checkout.SessionExpireParams", object="checkout.session"
)
def expire(call: Call) -> Object:
    call.only()
    return checkout.expire(call.store, call.must("checkout.session", "session"))
