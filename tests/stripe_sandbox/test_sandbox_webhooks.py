"""Events go out really signed, are tried again, and the switch loses, doubles, delays and shuffles them."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
import stripe
from support.stripe_box import WEBHOOK_SECRET, StripeBox

from saas.local.stripe_sandbox import events, webhooks
from saas.local.stripe_sandbox.faults import Switch
from saas.local.stripe_sandbox.resources import endpoints
from saas.local.stripe_sandbox.store import Store


def make(box: StripeBox, number: int = 1) -> list[str]:
    """So many customers, after everything older was taken."""
    box.deliveries()
    return [box.client.v1.customers.create({"name": str(n)}).id for n in range(number)]


def test_the_sdk_believes_the_signature(stripe_box: StripeBox) -> None:
    [customer] = make(stripe_box)
    [delivery] = stripe_box.deliveries(customer)
    signed = delivery.headers["Stripe-Signature"]
    event = stripe_box.client.construct_event(delivery.body, signed, WEBHOOK_SECRET)
    assert (event.type, event.data.object["id"]) == ("customer.created", customer)
    assert event.api_version == stripe.api_version
    with pytest.raises(stripe.SignatureVerificationError):
        stripe_box.client.construct_event(delivery.body + b" ", signed, WEBHOOK_SECRET)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe_box.client.construct_event(delivery.body, signed, "whsec_another")
    old = webhooks.signature(delivery.body, WEBHOOK_SECRET, int(time.time()) - 301)
    with pytest.raises(stripe.SignatureVerificationError, match="outside the tolerance zone"):
        stripe_box.client.construct_event(delivery.body, old, WEBHOOK_SECRET)


def test_an_event_knows_its_request_and_what_was_before(stripe_box: StripeBox) -> None:
    customers = stripe_box.client.v1.customers
    customer = customers.create({"name": "a"})
    key = uuid4().hex
    customers.update(customer.id, {"name": "b"}, {"idempotency_key": key})
    customers.update(customer.id, {"name": "b"})  # changes nothing, tells nothing
    found = stripe_box.client.v1.events.list({"type": "customer.updated", "limit": 1}).data[0]
    assert found.data.object["name"] == "b"
    assert found.data.previous_attributes is not None
    assert found.data.previous_attributes.to_dict() == {"name": "a"}
    assert found.request is not None
    assert found.request.idempotency_key == key
    assert found.request.id in [request["id"] for request in stripe_box.requests()]


def test_what_was_not_answered_is_undelivered(stripe_box: StripeBox) -> None:
    since = int(time.time())
    lost, failed, done = make(stripe_box, 3)
    by_customer = {one.customer: one for one in stripe_box.deliveries()}
    stripe_box.answered(by_customer[failed], 500)
    stripe_box.answered(by_customer[done], 204)

    def customers(**more: Any) -> set[str]:
        found = stripe_box.client.v1.events.list({"created": {"gte": since}, "limit": 100, **more})
        return {event.data.object["id"] for event in found.data} & {lost, failed, done}

    assert customers(delivery_success=False) == {lost, failed}
    assert customers(delivery_success=True, types=["customer.created", "invoice.paid"]) == {done}
    assert customers(type="customer.deleted") == set()
    assert stripe_box.client.v1.events.retrieve(by_customer[done].event).pending_webhooks == 0
    assert stripe_box.client.v1.events.retrieve(by_customer[lost].event).pending_webhooks == 1
    assert stripe_box.deliveries(failed) == []  # it waits a second
    assert stripe_box.deliveries(lost) == stripe_box.deliveries(done, again=True) == []
    assert len(stripe_box.deliveries(lost, again=True)) == 1
    time.sleep(1.1)
    [again] = stripe_box.deliveries(failed)
    stripe_box.answered(again, 200)
    stripe_box.answered(again, 500)  # too late
    assert customers(delivery_success=False) == {lost}


def test_the_backfill_pages_on_though_events_were_delivered_meanwhile(stripe_box: StripeBox) -> None:
    made = make(stripe_box, 3)
    find = stripe_box.client.v1.events.list
    first = find({"delivery_success": False, "type": "customer.created", "limit": 1}).data[0]
    assert first.data.object["id"] == made[2]
    [delivery] = stripe_box.deliveries(made[2])
    stripe_box.answered(delivery, 200)
    second = find({"delivery_success": False, "type": "customer.created", "limit": 1, "starting_after": first.id})
    assert second.data[0].data.object["id"] == made[1]
    newer = find({"type": "customer.created", "limit": 1, "ending_before": second.data[0].id})
    assert [event.id for event in newer.data] == [first.id]


def test_the_switch_loses_doubles_and_delays(stripe_box: StripeBox) -> None:
    made = make(stripe_box, 4)
    stripe_box.faults(
        {"kind": "lose", "type": "customer.*"},
        {"kind": "double", "type": "customer.created"},
        {"kind": "late", "type": "customer.created", "seconds": 0.3},
    )
    assert [one.customer for one in stripe_box.deliveries()] == [made[1], made[1], made[3]]
    time.sleep(0.35)
    assert [one.customer for one in stripe_box.deliveries()] == [made[2]]
    lost = stripe_box.client.v1.events.list({"delivery_success": False, "limit": 100}).data
    assert made[0] in [event.data.object["id"] for event in lost]


def test_an_order_of_chance_can_be_repeated(stripe_box: StripeBox) -> None:
    orders = []
    for seed in (7, 7, 8):
        made = make(stripe_box, 6)
        stripe_box.shuffle(seed)
        orders.append([made.index(str(one.customer)) for one in stripe_box.deliveries()])
        stripe_box.shuffle(None)
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[2]) == [0, 1, 2, 3, 4, 5]


def test_endpoints_hear_what_they_ask_for(stripe_box: StripeBox) -> None:
    hooks = stripe_box.client.v1.webhook_endpoints
    made = hooks.create({"url": "http://127.0.0.1:9/x", "enabled_events": ["product.created"], "metadata": {"a": "b"}})
    assert str(made.secret).startswith("whsec_")
    assert not hasattr(hooks.retrieve(made.id), "secret")
    stripe_box.deliveries()
    stripe_box.client.v1.products.create({"name": "x"})
    stripe_box.client.v1.customers.create({})
    assert sorted(one.type for one in stripe_box.deliveries()) == [
        "customer.created",
        "product.created",
        "product.created",
    ]
    assert hooks.update(made.id, {"disabled": True}).status == "disabled"
    stripe_box.client.v1.products.create({"name": "x"})
    assert len(stripe_box.deliveries()) == 1
    hooks.update(made.id, {"disabled": False})
    assert hooks.delete(made.id).deleted
    stripe_box.client.v1.products.create({"name": "x"})
    assert len(stripe_box.deliveries()) == 1
    with pytest.raises(stripe.InvalidRequestError, match="explicit scheme"):
        hooks.create({"url": "example.com", "enabled_events": ["*"]})
    with pytest.raises(stripe.InvalidRequestError, match="must be one of"):
        hooks.create({"url": "https://example.com", "enabled_events": ["v1.billing.meter.error_report_triggered"]})


class Receiver(ThreadingHTTPServer):
    """Answers as `statuses` say, then 200; keeps what it was sent."""

    def __init__(self, *statuses: int) -> None:
        self.statuses, self.sent = list(statuses), list[tuple[str, bytes]]()
        super().__init__(("127.0.0.1", 0), _Receive)
        self.url = f"http://127.0.0.1:{self.server_port}/hook"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Receive(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.sent.append((self.headers["Stripe-Signature"], body))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def pushing(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Store, webhooks.Deliveries, Receiver]]:
    monkeypatch.setattr(webhooks, "_FIRST_DELAY", 0.01)
    store, receiver = Store(None), Receiver(500, 302)
    endpoints.ensure(store, receiver.url, WEBHOOK_SECRET)
    endpoints.ensure(store, receiver.url, WEBHOOK_SECRET)  # the second start changes nothing
    yield store, webhooks.Deliveries(store, Switch()), receiver
    receiver.shutdown()
    receiver.server_close()
    store.db.close()


def test_it_is_pushed_until_it_is_taken(pushing: tuple[Store, webhooks.Deliveries, Receiver]) -> None:
    store, deliveries, receiver = pushing
    event = events.emit(store, "customer.created", {"id": "cus_1", "object": "customer", "_ours": 1})
    for tries in (1, 2, 3):
        deliveries.push()
        assert len(receiver.sent) == tries
        assert webhooks.delivered(store, event["id"]) == (tries == 3)
        time.sleep(0.03)
    deliveries.push()
    assert len(receiver.sent) == 3
    signed, body = receiver.sent[0]
    stripe.WebhookSignature.verify_header(body.decode(), signed, WEBHOOK_SECRET, 300)
    told = json.loads(body)
    assert (told["id"], told["pending_webhooks"], "_ours" in told["data"]["object"]) == (event["id"], 1, False)


def test_nobody_there_is_no_end_and_what_was_on_its_way_goes_again(
    pushing: tuple[Store, webhooks.Deliveries, Receiver],
) -> None:
    store, deliveries, receiver = pushing
    endpoints.ensure(store, "http://127.0.0.1:9/nobody", WEBHOOK_SECRET)
    assert len(store.find("webhook_endpoint")) == len(store.find("v2.core.event_destination")) == 1
    event = events.emit(store, "customer.created", {"id": "cus_1", "object": "customer"})
    deliveries.push()
    assert not webhooks.delivered(store, event["id"])
    time.sleep(0.02)
    [taken] = deliveries.take()
    assert taken["event"] == event["id"]
    assert deliveries.take() == []
    deliveries.recover()  # as at a start
    assert [one["event"] for one in deliveries.take()] == [event["id"]]
    deliveries.mode = "hold"
    deliveries.answered(taken["id"], None)
    time.sleep(0.1)
    deliveries.push()
    assert receiver.sent == []
