"""Billing meters."""

from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.events import changed, emit
from saas.local.stripe_sandbox.routes import Call, route
from saas.local.stripe_sandbox.store import Object

KIND = "billing.meter"


@route("POST", "/v1/billing/meters", params="billing.MeterCreateParams", object=KIND)
def create(call: Call) -> Object:
    call.only(
        *("display_name", "event_name", "default_aggregation.formula"),
        *("customer_mapping", "value_settings.event_payload_key"),
    )
    params, name = call.params, call.params["event_name"]
    if call.store.find(KIND, event_name=name, status="active"):
        raise invalid(f"There is already an active meter with the event name {name}.", "event_name")
    mapping = params.get("customer_mapping", {"type": "by_id", "event_payload_key": "stripe_customer_id"})
    meter = call.store.put(
        {
            "id": call.store.new_id("mtr_test"),
            "object": KIND,
            "created": call.now,
            "customer_mapping": mapping,
            "default_aggregation": params["default_aggregation"],
            "display_name": params["display_name"],
            "event_name": name,
            "event_time_window": None,
            "livemode": False,
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": call.now,
            "value_settings": params.get("value_settings", {"event_payload_key": "value"}),
        }
    )
    emit(call.store, "billing.meter.created", meter)
    return meter


@route("GET", "/v1/billing/meters", params="billing.MeterListParams", object=KIND)
def index(call: Call) -> Object:
    equal = {"status": call.params["status"]} if "status" in call.params else {}
    return call.page(call.store.find(KIND, **equal), "status")


@route("GET", "/v1/billing/meters/{id}", params="billing.MeterRetrieveParams", object=KIND)
def retrieve(call: Call) -> Object:
    call.only()
    return call.must(KIND, "id")


@route("POST", "/v1/billing/meters/{id}", params="billing.MeterUpdateParams", object=KIND)
def update(call: Call) -> Object:
    call.only("display_name")
    return _changed(call, "updated", **{key: value for key, value in call.params.items() if key == "display_name"})


@route("POST", "/v1/billing/meters/{id}/deactivate", params="billing.MeterDeactivateParams", object=KIND)
def deactivate(call: Call) -> Object:
    call.only()
    return _changed(call, "deactivated", status="inactive", status_transitions={"deactivated_at": call.now})


@route("POST", "/v1/billing/meters/{id}/reactivate", params="billing.MeterReactivateParams", object=KIND)
def reactivate(call: Call) -> Object:
    call.only()
    return _changed(call, "reactivated", status="active", status_transitions={"deactivated_at": None})


def _changed(call: Call, word: str, **values: object) -> Object:
    before = call.must(KIND, "id")
    if values.get("status") == before["status"]:
        raise invalid(f"The meter is {before['status']} already.")
    after = call.store.put({**before, **values, "updated": call.now})
    emit(call.store, f"billing.meter.{word}", after, changed(before, after))
    return after
