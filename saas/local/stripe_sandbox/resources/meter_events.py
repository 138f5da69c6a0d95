"""Use as it is reported: taken in at once, counted a moment later, and what can't be counted is told by an event."""

import re
from typing import Any, Final

from saas.local.stripe_sandbox.clocks import timer
from saas.local.stripe_sandbox.errors import StripeError, invalid
from saas.local.stripe_sandbox.events import emit_thin, iso
from saas.local.stripe_sandbox.resources import meters
from saas.local.stripe_sandbox.routes import Call, route
from saas.local.stripe_sandbox.store import Object, Store

KIND: Final = "billing.meter_event"
_PAST_SECONDS: Final = 35 * 86400
_AHEAD_SECONDS: Final = 5 * 60
_LONGEST: Final = 100
_MOST_DIGITS: Final = 15
_WINDOWS: Final = {"hour": 3600, "day": 86400}


@route("POST", "/v1/billing/meter_events", params="billing.MeterEventCreateParams", object=KIND)
def create(call: Call) -> Object:
    """Refused at once: no such meter, a time out of bounds (by the customer's clock), an identifier used before.

    Stripe keeps identifiers for at least a day; here they are kept for ever. What the payload says is looked at later.
    """
    call.only("event_name", "payload", "identifier", "timestamp")
    params, store = call.params, call.store
    found = store.find(meters.KIND, event_name=params["event_name"], status="active")
    if not found:
        raise invalid(f"No active meter found for event name {params['event_name']}.", "event_name")
    identifier = params.get("identifier") or store.new_id("id")
    if len(identifier) > _LONGEST:
        raise invalid(f"Invalid string: identifier must be at most {_LONGEST} characters.", "identifier")
    if store.get(f"mev_{identifier}") is not None:
        raise invalid(f"An event already exists with identifier {identifier}.")
    customer = params["payload"].get(found[0]["customer_mapping"]["event_payload_key"])
    now = store.now(customer)
    event = store.put(
        {
            "id": f"mev_{identifier}",
            "object": KIND,
            "created": now,
            "event_name": params["event_name"],
            "identifier": identifier,
            "livemode": False,
            "payload": params["payload"],
            "timestamp": _in_bounds(params.get("timestamp", now), now),
            "_meter": found[0]["id"],
            "_customer": customer,
            "_state": "taken in",
        }
    )
    store.at(store.now(), "count_use", event["id"])
    return {key: value for key, value in event.items() if key != "id"}


def _in_bounds(timestamp: int, now: int) -> int:
    oldest, newest = now - _PAST_SECONDS, now + _AHEAD_SECONDS
    if timestamp < oldest:
        raise invalid(
            "The event timestamp cannot be more than 35 days in past."
            f" Expected a timestamp greater than or equal to {oldest}.",
            "timestamp",
        )
    if timestamp > newest:
        raise invalid(
            "The event timestamp cannot be more than 5 minutes in the future."
            f" Expected a timestamp less than or equal to {newest}.",
            "timestamp",
        )
    return timestamp


@timer("count_use")
def count(store: Store, object_id: str, at: int) -> None:
    """The second look: it counts from now on, or an error report says why not."""
    event = store.get(object_id)
    if event is None:
        return
    meter = store.must(meters.KIND, event["_meter"])
    reason = _wrong(store, event, meter)
    if reason is None:
        value = event["payload"].get(meter["value_settings"]["event_payload_key"], "1")
        store.put({**event, "_state": "counted", "_value": int(value)})
        return
    store.put({**event, "_state": "refused"})
    code, message = reason
    sample = {"error_message": message, "request": {"identifier": event["identifier"]}}
    emit_thin(
        store,
        "v1.billing.meter.error_report_triggered",
        meter,
        f"/v1/billing/meters/{meter['id']}",
        {
            "developer_message_summary": "There is 1 invalid event",
            "reason": {
                "error_count": 1,
                "error_types": [{"code": code, "error_count": 1, "sample_errors": [sample]}],
            },
            "validation_start": iso(at),
            "validation_end": iso(at + 10),
        },
    )


def _wrong(store: Store, event: Object, meter: Object) -> tuple[str, str] | None:
    """(code, message) of what keeps it from being counted."""
    customer, key = event["_customer"], meter["value_settings"]["event_payload_key"]
    value = event["payload"].get(key, "1" if meter["default_aggregation"]["formula"] == "count" else "")
    if meter["status"] != "active":
        return "archived_meter", "The meter is inactive."
    if not customer:
        mapping = meter["customer_mapping"]["event_payload_key"]
        return "meter_event_no_customer_defined", f"The payload has no {mapping}."
    try:
        store.must("customer", customer)
    except StripeError:
        return "meter_event_customer_not_found", f"There is no customer {customer}."
    if not re.fullmatch(r"-?[0-9]+", value):
        return "meter_event_invalid_value", f"The value {value!r} isn't a whole number."
    if len(value.lstrip("-")) > _MOST_DIGITS:
        return "meter_event_value_too_many_digits", f"The value has more than {_MOST_DIGITS} digits."
    return None


def aggregate(store: Store, meter: Object, customer: str, start: int, end: int) -> int | None:
    """The customer's use from `start` to before `end`, as the meter's formula says; None without any event."""
    found = [
        event
        for event in reversed(store.find(KIND, _meter=meter["id"], _customer=customer, _state="counted"))
        if start <= event["timestamp"] < end
    ]
    if not found:
        return None
    formula = meter["default_aggregation"]["formula"]
    if formula == "count":
        return len(found)
    values: list[int] = [event["_value"] for event in sorted(found, key=_time)]
    return values[-1] if formula == "last" else sum(values)


def _time(event: dict[str, Any]) -> int:
    return int(event["timestamp"])


@route(
    "GET",
    "/v1/billing/meters/{id}/event_summaries",
    params="billing.MeterEventSummaryListParams",
    object="billing.meter_event_summary",
)
def summaries(call: Call) -> Object:
    """The newest window first; windows without an event are left out."""
    params, meter = call.params, call.must(meters.KIND, "id")
    start, end = params["start_time"], params["end_time"]
    call.store.must("customer", params["customer"], "customer")
    window = _WINDOWS.get(params.get("value_grouping_window", ""))
    step = window or 60
    if start % step or end % step or start >= end:
        raise invalid(f"start_time and end_time must ascend, on boundaries of {step} seconds (UTC).", "start_time")
    windows = [(at, at + window) for at in range(start, end, window)] if window else [(start, end)]
    found = [
        {
            "id": f"mtrusg_test_{meter['id'][9:]}_{first}",
            "object": "billing.meter_event_summary",
            "aggregated_value": value,
            "end_time": last,
            "livemode": False,
            "meter": meter["id"],
            "start_time": first,
        }
        for first, last in reversed(windows)
        if (value := aggregate(call.store, meter, params["customer"], first, last)) is not None
    ]
    return call.page(found, "customer", "start_time", "end_time", "value_grouping_window")
