"""The same box on Stripe's own test mode: STRIPE_TEST_MODE_KEY=sk_test_… makes the tests use it.

Events are fetched and signed here, as if they had been sent, and what is bought on Checkout's page is made by the API
instead. What only the sandbox can do (faults, forms on its pages, its record of requests) is skipped.
"""

import json
import random
import time
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest

from saas.local.stripe_sandbox.resources.cards import by_number
from saas.local.stripe_sandbox.webhooks import signature
from support.stripe_box import WEBHOOK_SECRET, Delivery, StripeBox


class TestModeBox(StripeBox):
    """Begins with the events that come after it was made."""

    __test__ = False  # no test, whatever its name says
    arrives_within = 900.0
    looks_every = 2.0
    records = False
    counts_within = 60.0
    """How many seconds Stripe may take to count what was reported."""

    def __init__(self, url: str, key: str) -> None:
        assert key.startswith(("sk_test_", "rk_test_")), "a test key, or somebody pays"
        super().__init__(url, key)
        newest = self.client.v1.events.list({"limit": 1}).data
        self._seen = newest[0].id if newest else None
        self._waiting: list[Delivery] = []
        self._out: dict[str, Delivery] = {}
        self._shuffle: random.Random | None = None

    def control(self, method: str, path: str, **body: Any) -> NoReturn:
        pytest.skip(f"only the sandbox has {path}")

    def buys(self, session: str, card: str | None, trial_end: int | None) -> str:
        """No program fills in Stripe's page: this makes what the page would have made, and closes it."""
        client = self.client.v1
        page = client.checkout.sessions.retrieve(session, {"expand": ["line_items"]}).to_dict(for_json=True)
        items = [
            {"price": item["price"]["id"]}
            | ({} if item["price"]["recurring"]["usage_type"] == "metered" else {"quantity": 1})
            for item in page["line_items"]["data"]
        ]
        given: dict[str, Any] = {"customer": page["customer"], "items": items, "metadata": page["metadata"]}
        if card is not None:
            known = by_number(card)
            assert known is not None, "a test card"
            method = client.payment_methods.attach(f"pm_card_{known.name}", {"customer": page["customer"]})
            given["default_payment_method"] = method.id
        if trial_end is not None:
            given |= {"trial_end": trial_end, "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}}}
        made = client.subscriptions.create(given)  # type: ignore[arg-type]
        client.checkout.sessions.expire(session)
        return made.id

    def fills_in(self, url: str, **form: str) -> NoReturn:
        pytest.skip("only the sandbox's pages can be filled in by a program")

    def requests(self, after: str | None = None) -> list[dict[str, Any]]:
        return []

    def last_request(self) -> str | None:
        return None

    def faults(self, *faults: Mapping[str, Any]) -> None:
        if faults:
            pytest.skip("only the sandbox fails when it is told to")

    def shuffle(self, seed: int | None) -> None:
        self._shuffle = random.Random(seed) if seed is not None else None  # noqa: S311 - an order, no secret

    def settle(self) -> None:
        time.sleep(self.counts_within)

    def deliveries(self, customer: str | None = None, *, again: bool = False) -> list[Delivery]:
        self._fetch()
        due = [one for one in self._waiting if customer in {None, one.customer}]
        self._waiting = [one for one in self._waiting if one not in due]
        if again:
            due += [one for one in self._out.values() if customer in {None, one.customer}]
        self._out |= {one.id: one for one in due}
        if self._shuffle is not None:
            self._shuffle.shuffle(due)
        return [_signed(one) for one in due]

    def answered(self, delivery: Delivery, status: int | None) -> None:
        """A failed one comes again at once; Stripe knows nothing of either."""
        self._out.pop(delivery.id, None)
        if status is None or status // 100 != 2:
            self._waiting.append(delivery)

    def _fetch(self) -> None:
        """Everything that is newer than what was seen."""
        more = True
        while more:
            newer = {"limit": 100} | ({"ending_before": self._seen} if self._seen else {})
            page = self.client.v1.events.list(newer)  # type: ignore[arg-type]
            self._waiting += [_delivery(event.to_dict(for_json=True)) for event in reversed(page.data)]
            self._seen = page.data[0].id if page.data else self._seen
            more = page.has_more and "ending_before" in newer


def _delivery(event: dict[str, Any]) -> Delivery:
    related = event["data"]["object"]
    customer = related["id"] if related["object"] == "customer" else related.get("customer")
    body = json.dumps(event, ensure_ascii=False).encode()
    return Delivery(event["id"], event["id"], event["type"], related.get("id"), customer, body, {})


def _signed(one: Delivery) -> Delivery:
    signed = signature(one.body, WEBHOOK_SECRET, int(time.time()))
    headers = {"Stripe-Signature": signed, "Content-Type": "application/json"}
    return Delivery(one.id, one.event, one.type, one.object, one.customer, one.body, headers)
