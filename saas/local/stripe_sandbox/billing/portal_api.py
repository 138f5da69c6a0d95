"""/v1/billing_portal: configurations and sessions."""

from typing import Any, Final

from saas.local.stripe_sandbox.errors import invalid, not_simulated
from saas.local.stripe_sandbox.events import changed, emit
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route
from saas.local.stripe_sandbox.store import Object, Store

_CONFIGURATION: Final = "billing_portal.configuration"
_FEATURES: Final = (
    "features.customer_update.enabled",
    "features.customer_update.allowed_updates",
    "features.invoice_history.enabled",
    "features.payment_method_update.enabled",
    "features.subscription_cancel.enabled",
    "features.subscription_cancel.mode",
    "features.subscription_update.enabled",
)
_HEEDED: Final = (
    *_FEATURES, "business_profile.headline", "business_profile.privacy_policy_url",
    "business_profile.terms_of_service_url", "default_return_url", "metadata", "name",
)  # fmt: skip


@route(
    "POST", "/v1/billing_portal/configurations", params="billing_portal.ConfigurationCreateParams",
    object=_CONFIGURATION,
)  # fmt: skip
def create_configuration(call: Call) -> Object:
    """Card, invoices and cancellation; a change of plan in the portal is not simulated."""
    call.only(*_HEEDED)
    created = call.store.put(_with(_plain(call.store, default=False), call.params))
    emit(call.store, "billing_portal.configuration.created", created)
    return created


def _plain(store: Store, *, default: bool) -> Object:
    now = store.now()
    off: Object = {"enabled": False}
    reasons = {"enabled": False, "options": []}
    return {
        "id": store.new_id("bpc"),
        "object": _CONFIGURATION,
        "active": True,
        "business_profile": {},
        "created": now,
        "features": {
            "customer_update": {"enabled": False, "allowed_updates": []},
            "invoice_history": off,
            "payment_method_update": off,
            "subscription_cancel": {
                "enabled": False,
                "mode": "at_period_end",
                "proration_behavior": "none",
                "cancellation_reason": reasons,
            },
            "subscription_pause": {"enabled": False, "duration": {"type": "indefinite", "interval_options": []}},
            "subscription_update": {
                "enabled": False,
                "default_allowed_updates": [],
                "proration_behavior": "none",
                "schedule_at_period_end": {"conditions": []},
                "trial_update_behavior": "end_trial",
            },
        },
        "is_default": default,
        "livemode": False,
        "login_page": {"enabled": False},
        "metadata": {},
        "updated": now,
    }


def _with(configuration: Object, given: dict[str, Any]) -> Object:
    result = dict(configuration)
    features = given.get("features", {})
    if features.get("subscription_update", {}).get("enabled"):
        raise not_simulated("features[subscription_update][enabled]=true")
    if features.get("customer_update", {}).get("enabled"):
        raise not_simulated("features[customer_update][enabled]=true")
    result["features"] = {name: value | features.get(name, {}) for name, value in configuration["features"].items()}
    result["business_profile"] = configuration["business_profile"] | given.get("business_profile", {})
    if "metadata" in given:
        result["metadata"] = merged(configuration["metadata"], given["metadata"])
    for key in ("default_return_url", "name", "active"):
        if key in given:
            result[key] = given[key]
    return {key: value for key, value in result.items() if value != ""}


@route(
    "GET", "/v1/billing_portal/configurations", params="billing_portal.ConfigurationListParams", object=_CONFIGURATION
)
def configurations(call: Call) -> Object:
    equal = {key: call.params[key] for key in ("active", "is_default") if key in call.params}
    return call.page(call.store.find(_CONFIGURATION, **equal), *equal)


@route(
    "GET", "/v1/billing_portal/configurations/{configuration}",
    params="billing_portal.ConfigurationRetrieveParams", object=_CONFIGURATION,
)  # fmt: skip
def configuration(call: Call) -> Object:
    call.only()
    return call.must(_CONFIGURATION, "configuration")


@route(
    "POST", "/v1/billing_portal/configurations/{configuration}",
    params="billing_portal.ConfigurationUpdateParams", object=_CONFIGURATION,
)  # fmt: skip
def update_configuration(call: Call) -> Object:
    call.only(*_HEEDED, "active")
    before = call.must(_CONFIGURATION, "configuration")
    after = _with(before, call.params) | {"updated": call.store.now()}
    call.store.put(after)
    emit(call.store, "billing_portal.configuration.updated", after, changed(before, after))
    return after


@route(
    "POST", "/v1/billing_portal/sessions", params="billing_portal.SessionCreateParams", object="billing_portal.session"
)
def create_session(call: Call) -> Object:
    """A link to the customer's page, by the given configuration or the default one; it works for an hour."""
    call.only("customer", "return_url", "configuration", "locale", "flow_data.type")
    store, given = call.store, call.params
    if "customer" not in given:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    flow = given.get("flow_data", {}).get("type")
    if flow not in {None, "payment_method_update"}:
        raise not_simulated(f"flow_data[type]={flow}")
    customer = store.must("customer", given["customer"], "customer")
    chosen = store.must(_CONFIGURATION, given["configuration"], "configuration") if "configuration" in given else None
    if chosen is not None and not chosen["active"]:
        raise invalid("The configuration is not active.", "configuration")
    settings = chosen or _default(store)
    session_id = store.new_id("bps")
    secret = store.new_id("portal")
    session = {
        "id": session_id,
        "object": "billing_portal.session",
        "configuration": settings["id"],
        "created": store.now(customer),
        "customer": customer["id"],
        "livemode": False,
        "return_url": given.get("return_url") or settings.get("default_return_url"),
        "url": f"{store.base_url}/portal/{secret}",
        "_secret": secret,
        "_until": store.now() + 3600,
    }
    if flow:
        session["flow"] = {"type": flow, "after_completion": {"type": "portal_homepage"}}
    if "locale" in given:
        session["locale"] = given["locale"]
    return store.put({key: value for key, value in session.items() if value is not None})


def _default(store: Store) -> Object:
    """The account's default; made at first need with the card, the invoices and the cancellation in it."""
    found = store.find(_CONFIGURATION, is_default=True)
    if found:
        return found[0]
    on = {"enabled": True}
    features = {"payment_method_update": on, "invoice_history": on, "subscription_cancel": on}
    return store.put(_with(_plain(store, default=True), {"features": features}))
