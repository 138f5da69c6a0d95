"""Where events go: webhook endpoints, and event destinations for thin events."""

from typing import Any, Final

from saas.local.stripe_sandbox.contract import API_VERSION
from saas.local.stripe_sandbox.errors import invalid, not_simulated
from saas.local.stripe_sandbox.events import iso
from saas.local.stripe_sandbox.metadata import merged
from saas.local.stripe_sandbox.routes import Call, route
from saas.local.stripe_sandbox.store import Object, Store

_DESTINATION: Final = "v2.core.event_destination"
THIN_EVENTS: Final = frozenset({"v1.billing.meter.error_report_triggered", "v1.billing.meter.no_meter_found"})


def ensure(store: Store, url: str, secret: str) -> None:
    """One endpoint and one destination for everything at `url`, with this signing secret.

    Those of an earlier start move there, with all that waits for them.
    """
    now, place = store.now(), {"_url": url, "_secret": secret, "_own": True}
    kept = [*store.find("webhook_endpoint", _own=True), *store.find(_DESTINATION, _own=True)]
    for one in kept:
        store.put({**one, **place, **({"url": url} if "url" in one else {})})
    if not kept:
        store.put(_endpoint(store.new_id("we"), now, url, secret, {"enabled_events": ["*"]}) | place)
        store.put(_destination(store.new_id("ed_test"), now, url, secret, sorted(THIN_EVENTS)) | place)


def _endpoint(endpoint_id: str, now: int, url: str, secret: str, params: dict[str, Any]) -> Object:
    return {
        "id": endpoint_id,
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": now,
        "description": params.get("description") or None,
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": merged({}, params.get("metadata", {})),
        "status": "enabled",
        "url": url,
        "_url": url,
        "_secret": secret,
    }


@route("POST", "/v1/webhook_endpoints", params="WebhookEndpointCreateParams", object="webhook_endpoint")
def create(call: Call) -> Object:
    """The signing secret is shown here and never again."""
    call.only("url", "enabled_events", "description", "metadata", "api_version")
    if call.params.get("api_version", API_VERSION) != API_VERSION:
        raise not_simulated(f"another API version than {API_VERSION}")
    url, secret = call.params["url"], call.store.new_id("whsec").replace("_", "_sandbox", 1)
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    endpoint = call.store.put(_endpoint(call.store.new_id("we"), call.now, url, secret, call.params))
    return {**endpoint, "secret": secret}


@route("GET", "/v1/webhook_endpoints", params="WebhookEndpointListParams", object="webhook_endpoint")
def index(call: Call) -> Object:
    return call.page(call.store.find("webhook_endpoint"))


@route(
    "GET",
    "/v1/webhook_endpoints/{webhook_endpoint}",
    params="WebhookEndpointRetrieveParams",
    object="webhook_endpoint",
)
def retrieve(call: Call) -> Object:
    call.only()
    return call.must("webhook_endpoint", "webhook_endpoint")


@route(
    "POST", "/v1/webhook_endpoints/{webhook_endpoint}", params="WebhookEndpointUpdateParams", object="webhook_endpoint"
)
def update(call: Call) -> Object:
    call.only("url", "enabled_events", "description", "metadata", "disabled")
    endpoint, params = call.must("webhook_endpoint", "webhook_endpoint"), call.params
    endpoint |= {key: params[key] for key in ("url", "enabled_events") if key in params}
    endpoint["_url"] = endpoint["url"]
    if "description" in params:
        endpoint["description"] = params["description"] or None
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    if "metadata" in params:
        endpoint["metadata"] = merged(endpoint["metadata"], params["metadata"])
    return call.store.put(endpoint)


@route(
    "DELETE",
    "/v1/webhook_endpoints/{webhook_endpoint}",
    params="WebhookEndpointDeleteParams",
    object="webhook_endpoint",
)
def delete(call: Call) -> Object:
    call.only()
    endpoint = call.must("webhook_endpoint", "webhook_endpoint")
    return call.store.put({"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True})


def _destination(destination_id: str, now: int, url: str, secret: str, types: list[str]) -> Object:
    return {
        "id": destination_id,
        "object": _DESTINATION,
        "created": iso(now),
        "updated": iso(now),
        "description": "",
        "enabled_events": types,
        "event_payload": "thin",
        "livemode": False,
        "name": "thin events",
        "status": "enabled",
        "type": "webhook_endpoint",
        "_url": url,
        "_secret": secret,
    }


@route("POST", "/v2/core/event_destinations", params="v2.core.EventDestinationCreateParams", object=_DESTINATION)
def create_destination(call: Call) -> Object:
    """Only for thin events to a webhook endpoint."""
    call.only("name", "description", "enabled_events", "event_payload", "type", "webhook_endpoint.url", "include")
    params = call.params
    if (params["event_payload"], params["type"]) != ("thin", "webhook_endpoint"):
        raise not_simulated("event destinations but webhook endpoints for thin events")
    if unknown := set(params["enabled_events"]) - THIN_EVENTS:
        raise not_simulated(f"the thin events {', '.join(sorted(unknown))}")
    url, secret = params["webhook_endpoint"]["url"], call.store.new_id("whsec").replace("_", "_sandbox", 1)
    made = _destination(call.store.new_id("ed_test"), call.now, url, secret, params["enabled_events"])
    made |= {"name": params["name"], "description": params.get("description", "")}
    included = {"webhook_endpoint.signing_secret": ("signing_secret", secret), "webhook_endpoint.url": ("url", url)}
    shown = dict(included[name] for name in params.get("include", []))
    return {**call.store.put(made), **({"webhook_endpoint": shown} if shown else {})}


@route("GET", "/v2/core/event_destinations/{id}", params="v2.core.EventDestinationRetrieveParams", object=_DESTINATION)
def retrieve_destination(call: Call) -> Object:
    call.only()
    return call.must(_DESTINATION, "id")
