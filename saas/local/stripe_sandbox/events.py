"""What happened, as Stripe tells it: snapshot events, and thin ones for what has no snapshot."""

from datetime import UTC, datetime
from typing import Any

from saas.local.stripe_sandbox.contract import API_VERSION
from saas.local.stripe_sandbox.presenting import public
from saas.local.stripe_sandbox.store import Object, Store


def emit(store: Store, type: str, obj: Object, previous: dict[str, Any] | None = None) -> Object:  # noqa: A002
    """Record that `type` happened to `obj` (as it is now) and queue its deliveries; `previous`: changed keys as before.

    Its time is that of the clock that the object lives by.
    """
    cause = store.cause
    data = {"object": public(obj)} | ({"previous_attributes": previous} if previous is not None else {})
    event = {
        "id": store.new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": store.now(obj),
        "data": data,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": cause.id, "idempotency_key": cause.idempotency_key},
        "type": type,
    }
    endpoints = [
        endpoint["id"]
        for endpoint in store.find("webhook_endpoint", status="enabled")
        if {"*", type} & set(endpoint["enabled_events"])
    ]
    return _queue(store, {**event, "pending_webhooks": len(endpoints)}, endpoints)


def emit_thin(store: Store, type: str, related: Object, url: str, data: dict[str, Any]) -> Object:  # noqa: A002
    """Record an event that only event destinations for thin payloads hear of; `data` is fetched, not delivered."""
    event = {
        "id": store.new_id("evt_test"),
        "object": "v2.core.event",
        "created": iso(store.now()),
        "livemode": False,
        "type": type,
        "related_object": {"id": related["id"], "type": related["object"], "url": url},
        "data": data,
    }
    destinations = [
        destination["id"]
        for destination in store.find("v2.core.event_destination", status="enabled", event_payload="thin")
        if type in destination["enabled_events"]
    ]
    return _queue(store, event, destinations)


def _queue(store: Store, event: Object, endpoints: list[str]) -> Object:
    related = event["data"].get("object", {})
    customer = related["id"] if related.get("object") == "customer" else related.get("customer")
    store.db.executemany(
        "INSERT INTO delivery (id, event, customer, endpoint) VALUES (?, ?, ?, ?)",
        [(store.new_id("whd"), event["id"], customer, endpoint) for endpoint in endpoints],
    )
    return store.put(event)


def changed(before: Object, after: Object) -> dict[str, Any]:
    """The keys of `before` that are otherwise in `after`: an update event's previous attributes."""
    return {key: value for key, value in public(before).items() if after.get(key) != value}


def iso(moment: int) -> str:
    """As /v2 writes times."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
