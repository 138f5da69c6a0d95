"""/v1/subscriptions."""

from typing import Any, Final

from saas.local.stripe_sandbox.billing import ending, pending, resuming, updating
from saas.local.stripe_sandbox.billing.changing import change, only_known
from saas.local.stripe_sandbox.billing.items import items_of, period_of
from saas.local.stripe_sandbox.billing.starting import Wish, start
from saas.local.stripe_sandbox.errors import invalid, not_simulated
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route, within
from saas.local.stripe_sandbox.store import Object, Store

_UPDATED: Final = "customer.subscription.updated"
_ENDED: Final = ("canceled", "incomplete_expired")
_ITEM: Final = ("items.price", "items.quantity", "items.metadata")
_SETTINGS: Final = (
    "cancel_at_period_end",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "description",
    "metadata",
    "off_session",
    "payment_behavior",
    "payment_settings.save_default_payment_method",
    "proration_behavior",
    "trial_end",
    "trial_settings.end_behavior.missing_payment_method",
)
_DAY: Final = 86_400


@route("POST", "/v1/subscriptions", params="SubscriptionCreateParams", object="subscription")
def create(call: Call) -> Object:
    call.only("customer", "currency", *_ITEM, *_SETTINGS, "trial_period_days", "billing_mode.type")
    given = call.params
    if given.get("billing_mode", {}).get("type", "flexible") != "flexible":
        raise not_simulated("billing_mode[type]=classic")
    payment = given.get("payment_behavior", "allow_incomplete")
    only_known(payment, ("allow_incomplete", "default_incomplete", "error_if_incomplete"), "payment_behavior")
    if "customer" not in given:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    require_currency(call.store, given.get("currency"), given.get("items", []))
    now = call.store.now(given["customer"])
    wish = Wish(
        customer=given["customer"],
        items=given.get("items", []),
        trial_end=trial_end(given, now),
        collection_method=given.get("collection_method", "charge_automatically"),
        days_until_due=given.get("days_until_due"),
        default_payment_method=given.get("default_payment_method"),
        payment_behavior=payment,
        metadata=merged({}, given.get("metadata", {})),
        description=given.get("description"),
        cancel_at_period_end=given.get("cancel_at_period_end", False),
        save_method=given.get("payment_settings", {}).get("save_default_payment_method") == "on_subscription",
        on_session=not given.get("off_session", False),
        missing_payment_method=_missing_method(given, "create_invoice"),
    )
    return start(call.store, wish, now)


def require_currency(store: Store, currency: str | None, items: list[Object]) -> None:
    """Prices have one currency each here; another one can't be asked of them."""
    prices = [store.get(item.get("price", "")) for item in items]
    if currency is not None and any(price is not None and price["currency"] != currency.lower() for price in prices):
        raise invalid(f"The prices specified don't support the currency `{currency}`.", "currency")


def trial_end(given: dict[str, Any], now: int) -> int | None:
    """When a new subscription's trial ends; None without one."""
    if "trial_period_days" in given:
        if "trial_end" in given:
            raise invalid("You may only specify one of these parameters: trial_end, trial_period_days.", "trial_end")
        return now + int(given["trial_period_days"]) * _DAY if given["trial_period_days"] else None
    end = given.get("trial_end")
    return None if end in {None, "now"} else int(end)


def _missing_method(given: dict[str, Any], otherwise: str) -> str:
    return str(given.get("trial_settings", {}).get("end_behavior", {}).get("missing_payment_method", otherwise))


@route("GET", "/v1/subscriptions", params="SubscriptionListParams", object="subscription")
def index(call: Call) -> Object:
    equal = {key: call.params[key] for key in ("customer", "collection_method", "test_clock") if key in call.params}
    found = [subscription for subscription in call.store.find("subscription", **equal) if _listed(call, subscription)]
    names = ("created", "current_period_end", "current_period_start", "price", "status")
    return call.page(found, *equal, *names)


def _listed(call: Call, subscription: Object) -> bool:
    """Without a status, all that aren't canceled; without a customer or clock, none of a test clock."""
    given, status, period = call.params, subscription["status"], period_of(subscription)
    wanted = given.get("status")
    by_status = {None: status != "canceled", "all": True, "ended": status in _ENDED}.get(wanted, status == wanted)
    clock_fits = "test_clock" not in subscription or bool({"customer", "test_clock"} & given.keys())
    prices = {item["price"]["id"] for item in items_of(subscription)}
    return (
        by_status
        and clock_fits
        and within(subscription["created"], given.get("created"))
        and within(period.end, given.get("current_period_end"))
        and within(period.start, given.get("current_period_start"))
        and given.get("price") in {None, *prices}
    )


@route("GET", "/v1/subscriptions/{subscription}", params="SubscriptionRetrieveParams", object="subscription")
def retrieve(call: Call) -> Object:
    call.only()
    return call.must("subscription", "subscription")


@route("POST", "/v1/subscriptions/{subscription}", params="SubscriptionUpdateParams", object="subscription")
def update(call: Call) -> Object:
    call.only(
        *_SETTINGS, *_ITEM, "items.id", "items.deleted", "proration_date", "cancel_at",
        "cancellation_details.comment", "cancellation_details.feedback", "billing_cycle_anchor.type",
    )  # fmt: skip
    store, given = call.store, call.params
    subscription = call.must("subscription", "subscription")
    now = store.now(subscription)
    _check_update(subscription, given)
    change(store, subscription, _UPDATED, **_plain_changes(store, subscription, given, now))
    if "items" in given:
        updating.update_items(
            store,
            subscription,
            given["items"],
            behaviour=given.get("proration_behavior", "create_prorations"),
            payment=given.get("payment_behavior", "allow_incomplete"),
            at=given.get("proration_date", now),
            now=now,
            on_session=not given.get("off_session", False),
        )
    if "trial_end" in given:
        _end_trial(store, store.must("subscription", subscription["id"]), given["trial_end"], now)
    return store.must("subscription", subscription["id"])


def _check_update(subscription: Object, given: dict[str, Any]) -> None:
    if subscription["status"] in _ENDED:
        raise invalid(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="resource_missing" if subscription["status"] == "incomplete_expired" else None,
        )
    if given.get("billing_cycle_anchor", {}).get("type", "unchanged") != "unchanged":
        raise not_simulated("billing_cycle_anchor[type]=now")
    if subscription["status"] == "incomplete" and given.keys() - {"metadata", "default_payment_method", "expand"}:
        raise invalid("An incomplete subscription can only update its metadata and default payment method.")
    if given.get("collection_method") == "send_invoice" and "days_until_due" not in {**subscription, **given}:
        raise invalid(
            "If `collection_method` is set to `send_invoice`, you must specify `days_until_due`.", "days_until_due"
        )
    if "pending_update" in subscription and "items" in given:
        raise not_simulated("a further update of items while a pending update waits")


def _plain_changes(store: Store, subscription: Object, given: dict[str, Any], now: int) -> dict[str, Any]:
    """The keys that an update sets without billing anything."""
    values: dict[str, Any] = {
        key: given[key] or None for key in ("collection_method", "days_until_due", "description") if key in given
    }
    if "metadata" in given:
        values["metadata"] = merged(subscription["metadata"], given["metadata"])
    if "default_payment_method" in given:
        _check_owner(store, subscription["customer"], given["default_payment_method"])
        values["default_payment_method"] = given["default_payment_method"] or None
    if "trial_settings" in given:
        values["trial_settings"] = {
            "end_behavior": {"missing_payment_method": _missing_method(given, "create_invoice")}
        }
    save = given.get("payment_settings", {}).get("save_default_payment_method")
    if save is not None:
        values |= {"payment_settings": {"save_default_payment_method": save}, "_save_method": save == "on_subscription"}
    details = {**subscription["cancellation_details"], **given.get("cancellation_details", {})}
    values["cancellation_details"] = {key: value for key, value in details.items() if value != ""}
    values |= _scheduled_end(subscription, given, values["cancellation_details"], now)
    return values


def _scheduled_end(subscription: Object, given: dict[str, Any], details: dict[str, Any], now: int) -> dict[str, Any]:
    """The end at the period's end, set or taken back. By `cancel_at` in flexible billing the flag stays false.

    docs.stripe.com/billing/subscriptions/billing-mode/compare, «Scheduled subscription cancellation».
    """
    end = period_of(subscription).end
    if "cancel_at" in given and "cancel_at_period_end" in given:
        raise invalid("You cannot set both cancel_at and cancel_at_period_end.", "cancel_at")
    if given.get("cancel_at"):
        if given["cancel_at"] not in {end, "min_period_end", "max_period_end"}:
            raise not_simulated("cancel_at at another time than the period's end")
        flag = False
    elif given.get("cancel_at_period_end"):
        flag = True
    elif given.get("cancel_at") == "" or given.get("cancel_at_period_end") is False:
        kept = {key: value for key, value in details.items() if key != "reason"}
        undone = {"cancel_at": None, "canceled_at": None, "cancel_at_period_end": False, "cancellation_details": kept}
        return undone if given.get("cancel_at") == "" or subscription["cancel_at_period_end"] else {}
    else:
        return {}
    return {
        "cancel_at": end,
        "canceled_at": now,
        "cancel_at_period_end": flag,
        "cancellation_details": details | {"reason": "cancellation_requested"},
    }


def _check_owner(store: Store, customer: str, method: str) -> None:
    if method and store.must("payment_method", method, "default_payment_method").get("customer") != customer:
        raise invalid(
            f"The customer does not have a payment method with the ID {method}. The payment method must be attached to"
            " the customer.",
            "default_payment_method",
            "resource_missing",
        )


def _end_trial(store: Store, subscription: Object, end: Any, now: int) -> None:
    if end != "now" or subscription["status"] != "trialing":
        raise not_simulated("another trial_end than `now`, of a subscription on trial")
    resuming.end_trial(store, subscription, now)


@route("DELETE", "/v1/subscriptions/{subscription}", params="SubscriptionCancelParams", object="subscription")
def cancel(call: Call) -> Object:
    """Canceled now."""
    call.only("invoice_now", "prorate", "cancellation_details.comment", "cancellation_details.feedback")
    store, given = call.store, call.params
    subscription = call.must("subscription", "subscription")
    if subscription["status"] in _ENDED:
        raise invalid(f"No such subscription: '{subscription['id']}'", "id", "resource_missing")
    now = store.now(subscription)
    subscription["cancellation_details"] |= given.get("cancellation_details", {})
    if given.get("invoice_now"):
        ending.final_invoice(store, subscription, now, prorate=given.get("prorate", False))
    elif given.get("prorate"):
        pending.add_pending(store, subscription, ending.credits_at(store, subscription, now), now)
    return ending.end(store, subscription, now)


@route("POST", "/v1/subscriptions/{subscription}/resume", params="SubscriptionResumeParams", object="subscription")
def resume(call: Call) -> Object:
    call.only("billing_cycle_anchor.type", "payment_behavior", "proration_behavior")
    if call.params.get("billing_cycle_anchor", {}).get("type", "now") != "now":
        raise not_simulated("billing_cycle_anchor[type]=unchanged at a resumption")
    subscription = call.must("subscription", "subscription")
    if subscription["status"] != "paused":
        raise invalid(f"The subscription's status is {subscription['status']}; only a paused one can be resumed.")
    behaviour = call.params.get("payment_behavior", "resume_on_payment_attempt")
    resuming.resume(call.store, subscription, behaviour, call.store.now(subscription))
    return call.store.must("subscription", subscription["id"])


@route("GET", "/v1/subscription_items", params="SubscriptionItemListParams", object="subscription_item")
def items(call: Call) -> Object:
    subscription = call.store.must("subscription", call.params["subscription"], "subscription")
    return call.page(items_of(subscription)[::-1], "subscription")
