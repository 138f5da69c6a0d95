"""Test clocks: customers that live by them see only the time that is set."""

import traceback
from typing import Final

from saas.local.stripe_sandbox import clocks
from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.routes import Call, route
from saas.local.stripe_sandbox.store import Object, Store

KIND: Final = "test_helpers.test_clock"
_LIVES_SECONDS: Final = 30 * 86400
_FARTHEST_SECONDS: Final = 2 * 366 * 86400
_INTERVAL_DAYS: Final = {"day": 1, "week": 7, "month": 31, "year": 366}


@route("POST", "/v1/test_helpers/test_clocks", params="test_helpers.TestClockCreateParams", object=KIND)
def create(call: Call) -> Object:
    call.only("frozen_time", "name")
    clock = call.store.put(
        {
            "id": call.store.new_id("clock"),
            "object": KIND,
            "created": call.now,
            "deletes_after": call.now + _LIVES_SECONDS,
            "frozen_time": call.params["frozen_time"],
            "livemode": False,
            "name": call.params.get("name"),
            "status": "ready",
            "status_details": {},
        }
    )
    emit(call.store, "test_helpers.test_clock.created", clock)
    return clock


@route("GET", "/v1/test_helpers/test_clocks", params="test_helpers.TestClockListParams", object=KIND)
def index(call: Call) -> Object:
    return call.page(call.store.find(KIND))


@route("GET", "/v1/test_helpers/test_clocks/{test_clock}", params="test_helpers.TestClockRetrieveParams", object=KIND)
def retrieve(call: Call) -> Object:
    call.only()
    return call.must(KIND, "test_clock")


@route(
    "POST",
    "/v1/test_helpers/test_clocks/{test_clock}/advance",
    params="test_helpers.TestClockAdvanceParams",
    object=KIND,
)
def advance(call: Call) -> Object:
    """It begins here and is `ready` a little later, as at Stripe."""
    call.only("frozen_time")
    clock, to = call.must(KIND, "test_clock"), call.params["frozen_time"]
    if clock["status"] != "ready":
        raise invalid("Test clock advancement underway - cannot perform modifications.", code="test_clock_not_ready")
    if to <= clock["frozen_time"]:
        raise invalid("You can only advance a test clock forward in time.", "frozen_time")
    if to > clock["frozen_time"] + _farthest(call.store, clock["id"]):
        raise invalid(
            "You can only advance a test clock by up to two intervals of its shortest subscription at a time.",
            "frozen_time",
        )
    details = {"advancing": {"target_frozen_time": to}}
    clock = call.store.put({**clock, "status": "advancing", "status_details": details})
    emit(call.store, "test_helpers.test_clock.advancing", clock)
    return clock


def _farthest(store: Store, clock_id: str) -> int:
    """How many seconds it may go at once: two intervals of the shortest subscription, two years without any."""
    days = [
        _INTERVAL_DAYS[recurring["interval"]] * recurring["interval_count"]
        for customer in store.find("customer", test_clock=clock_id)
        for subscription in store.find("subscription", customer=customer["id"])
        if subscription["status"] not in {"canceled", "incomplete_expired"}
        for item in subscription["items"]["data"]
        if (recurring := item["price"]["recurring"])
    ]
    return 2 * min(days) * 86400 if days else _FARTHEST_SECONDS


@route("DELETE", "/v1/test_helpers/test_clocks/{test_clock}", params="test_helpers.TestClockDeleteParams", object=KIND)
def delete(call: Call) -> Object:
    """With all its customers."""
    call.only()
    clock = call.must(KIND, "test_clock")
    emit(call.store, "test_helpers.test_clock.deleted", clock)
    for kind in ("customer", "subscription", "invoice", "payment_method", "setup_intent", "checkout.session"):
        for obj in call.store.find(kind):
            if call.store.clock(obj) == clock["id"]:
                call.store.put({**obj, "deleted": True})
    call.store.db.execute("DELETE FROM timer WHERE clock = ?", (clock["id"],))
    return call.store.put({"id": clock["id"], "object": KIND, "deleted": True})


def advance_all(store: Store) -> None:
    """Carry out what was begun; a clock at which something failed says so."""
    with store.transaction():
        underway = store.find(KIND, status="advancing")
    for clock in reversed(underway):
        to = clock["status_details"]["advancing"]["target_frozen_time"]
        try:
            clocks.advance(store, clock["id"], to)
        except Exception:  # noqa: BLE001 - told by the clock's status, and at the terminal
            traceback.print_exc()
            _settle(store, clock["id"], "internal_failure")
        else:
            _settle(store, clock["id"], "ready")


def _settle(store: Store, clock_id: str, status: str) -> None:
    with store.transaction():
        clock = store.get(clock_id)
        if clock is not None and not clock.get("deleted"):
            clock = store.put({**clock, "status": status, "status_details": {}})
            emit(store, f"test_helpers.test_clock.{status}", clock)
