"""What the billing tests stand on: a sandbox over HTTP, a plan's prices, customers who live by test clocks."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from support.stripe_box import StripeBox

DAY = 86_400
START = int(datetime(2027, 1, 31, 9, 30, tzinfo=UTC).timestamp())
EVENT = "members_in_the_books"
PLANS = {
    "starter": (19_900, 1_000, "4.9"),
    "growth": (59_900, 10_000, "3.9"),
    "chain": (199_900, 50_000, "2.9"),
}


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


class World:
    """One customer with a clock of its own, and the three plans' prices."""

    def __init__(self, box: StripeBox, start: int = START) -> None:
        self.box, self.v1 = box, box.client.v1
        self.clock = box.new_clock(start)
        self.now = start
        self.customer = self.v1.customers.create({"test_clock": self.clock, "email": "owner@example.com"}).id
        known = [one.id for one in self.v1.billing.meters.list({"limit": 100}).data if one.event_name == EVENT]
        self.meter = known[0] if known else self._meter()
        self.prices = {code: self._prices(code) for code in PLANS}

    def _meter(self) -> str:
        return self.v1.billing.meters.create(
            {
                "display_name": "Active members",
                "event_name": EVENT,
                "default_aggregation": {"formula": "last"},
                "customer_mapping": {"type": "by_id", "event_payload_key": "stripe_customer_id"},
                "value_settings": {"event_payload_key": "value"},
            }
        ).id

    def _prices(self, code: str) -> tuple[str, str]:
        monthly, included, per_member = PLANS[code]
        product = self.v1.products.create({"name": code.title()}).id
        base = self.v1.prices.create(
            {"product": product, "currency": "cny", "unit_amount": monthly, "recurring": {"interval": "month"}}
        )
        usage = self.v1.prices.create(
            {
                "product": product,
                "currency": "cny",
                "recurring": {"interval": "month", "usage_type": "metered", "meter": self.meter},
                "billing_scheme": "tiered",
                "tiers_mode": "graduated",
                "tiers": [
                    {"up_to": included, "unit_amount": 0},
                    {"up_to": "inf", "unit_amount_decimal": per_member},
                ],
            }
        )
        return base.id, usage.id

    def card(self, name: str = "pm_card_visa", *, default: bool = True) -> str:
        method = self.v1.payment_methods.attach(name, {"customer": self.customer}).id
        if default:
            self.v1.customers.update(self.customer, {"invoice_settings": {"default_payment_method": method}})
        return method

    def subscribe(self, code: str = "growth", **more: Any) -> stripe.Subscription:
        items = [{"price": price} for price in self.prices[code]]
        return self.v1.subscriptions.create({"customer": self.customer, "items": items, **more})

    def sub(self, subscription: stripe.Subscription) -> stripe.Subscription:
        return self.v1.subscriptions.retrieve(subscription.id)

    def items(self, subscription: stripe.Subscription) -> tuple[str, str]:
        base, usage = self.sub(subscription)["items"].data
        return base.id, usage.id

    def to(self, when: int) -> None:
        """Move the clock; in steps that Stripe allows."""
        while self.now < when:
            self.now = min(when, self.now + 50 * DAY)
            self.box.advance(self.clock, self.now)

    def report(self, value: int, at: int | None = None) -> None:
        """Report active members, and wait until they count."""
        payload = {"stripe_customer_id": self.customer, "value": str(value)}
        at = self.now if at is None else at
        self.v1.billing.meter_events.create({"event_name": EVENT, "payload": payload, "timestamp": at})
        self.box.settle()

    def invoices(self, **filters: Any) -> list[stripe.Invoice]:
        return self.v1.invoices.list({"customer": self.customer, **filters}).data

    def events(self) -> list[str]:
        """The types of what happened to this customer, in order: the newest are asked for until its creation."""
        own = []
        for event in self.v1.events.list({"limit": 100}).auto_paging_iter():
            happened_to = event.data.object.to_dict()
            if happened_to.get("customer") == self.customer:
                own.append(event.type)
            if happened_to["id"] == self.customer and event.type == "customer.created":
                break
        return own[::-1]


def amounts(invoice: stripe.Invoice) -> list[int]:
    return [line.amount for line in invoice.lines.data]


@pytest.fixture
def world(stripe_box: StripeBox) -> World:
    return World(stripe_box)
