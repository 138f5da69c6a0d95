"""Events: lists for the backfill, and what a thin event points at."""

from fnmatch import fnmatchcase

from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.routes import Call, route, within
from saas.local.stripe_sandbox.store import Object
from saas.local.stripe_sandbox.webhooks import delivered

_MOST_TYPES = 20


@route("GET", "/v1/events", params="EventListParams", object="event")
def index(call: Call) -> Object:
    """The newest first; `delivery_success=false`: with a delivery that is pending or given up."""
    params = call.params
    wanted = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    if "types" in params and "type" in params:
        raise invalid("You may pass either `types` or `type`, but not both.", "types")
    if len(wanted) > _MOST_TYPES:
        raise invalid(f"You may only specify up to {_MOST_TYPES} event types.", "types")
    found = (
        event
        for event in call.store.scan("event")
        if within(event["created"], params.get("created"))
        and any(fnmatchcase(event["type"], pattern) for pattern in wanted)
        and params.get("delivery_success") in {None, delivered(call.store, event["id"])}
    )
    return call.page(found, "created", "type", "types", "delivery_success")


@route("GET", "/v1/events/{id}", params="EventRetrieveParams", object="event")
def retrieve(call: Call) -> Object:
    call.only()
    return call.must("event", "id")


@route("GET", "/v2/core/events/{id}", params="v2.core.EventRetrieveParams", object="v2.core.event")
def retrieve_thin(call: Call) -> Object:
    call.only()
    return call.must("v2.core.event", "id")
