"""Use: taken in or refused at once, counted later, summed by the meter's formula; errors are told by a thin event."""

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
import stripe
from support.stripe_box import KEY, WEBHOOK_SECRET, StripeBox

DAY = 86400
NOON = 1_800_000_000 // DAY * DAY + DAY // 2


class Meter:
    """A meter and a customer on a clock of its own."""

    def __init__(self, box: StripeBox, formula: Any = "last") -> None:
        self.box = box
        self.name = f"members_{uuid4().hex}"
        self.clock = box.new_clock(NOON)
        self.customer = box.client.v1.customers.create({"test_clock": self.clock}).id
        self.id = box.client.v1.billing.meters.create(
            {"display_name": "Members", "event_name": self.name, "default_aggregation": {"formula": formula}}
        ).id

    def report(self, value: str, at: int, identifier: str | None = None, **payload: str) -> None:
        self.box.client.v1.billing.meter_events.create(
            {
                "event_name": self.name,
                "identifier": identifier or uuid4().hex,
                "timestamp": at,
                "payload": {"stripe_customer_id": self.customer, "value": value, **payload},
            }
        )
        self.box.settle()

    def values(self, start: int, end: int, **more: Any) -> list[float]:
        given = {"customer": self.customer, "start_time": start, "end_time": end, **more}
        summaries = self.box.client.v1.billing.meters.event_summaries.list(self.id, given)  # type: ignore[arg-type]
        return [one.aggregated_value for one in summaries.data]


@pytest.mark.parametrize(("formula", "total"), [("last", 8), ("sum", 20), ("count", 3)])
def test_the_formula(stripe_box: StripeBox, formula: str, total: int) -> None:
    meter, start = Meter(stripe_box, formula), NOON - 3 * DAY
    meter.report("8", start + 200)
    meter.report("7", start)
    meter.report("5", start + 100)
    assert meter.values(start, start + DAY) == [total]
    assert meter.values(start - DAY, start) == []  # the end doesn't belong to it


def test_windows_the_newest_first(stripe_box: StripeBox) -> None:
    meter, midnight = Meter(stripe_box), NOON - DAY // 2
    meter.report("3", midnight - 1)
    meter.report("4", midnight)
    assert meter.values(midnight - 3 * DAY, midnight + DAY, value_grouping_window="day") == [4, 3]
    with pytest.raises(stripe.InvalidRequestError, match="boundaries of 86400"):
        meter.values(midnight + 60, midnight + DAY, value_grouping_window="day")
    with pytest.raises(stripe.InvalidRequestError, match="boundaries of 60"):
        meter.values(midnight + 1, midnight + DAY)


def test_an_identifier_counts_once(stripe_box: StripeBox) -> None:
    meter = Meter(stripe_box)
    meter.report("3", NOON - 60, "day-1-" + meter.customer)
    with pytest.raises(
        stripe.InvalidRequestError, match=f"An event already exists with identifier day-1-{meter.customer}"
    ):
        meter.report("4", NOON, "day-1-" + meter.customer)
    assert meter.values(NOON - 60, NOON + 60) == [3]


@pytest.mark.parametrize(
    ("offset", "said"),
    [
        (-35 * DAY - 1, "more than 35 days in past"),
        (301, "more than 5 minutes in the future"),
        (-35 * DAY, None),
        (300, None),
    ],
)
def test_the_time_lies_within_bounds_of_the_customers_clock(
    stripe_box: StripeBox, offset: int, said: str | None
) -> None:
    meter = Meter(stripe_box)
    if said is None:
        meter.report("1", NOON + offset)
    else:
        with pytest.raises(stripe.InvalidRequestError, match=said):
            meter.report("1", NOON + offset)


def test_without_a_meter_it_is_refused_at_once(stripe_box: StripeBox) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="No active meter found"):
        stripe_box.client.v1.billing.meter_events.create({"event_name": uuid4().hex, "payload": {"value": "1"}})


@pytest.mark.parametrize(
    ("value", "customer", "code"),
    [
        ("12", "cus_nobody", "meter_event_customer_not_found"),
        ("12", "", "meter_event_no_customer_defined"),
        ("1.5", None, "meter_event_invalid_value"),
        ("1" * 16, None, "meter_event_value_too_many_digits"),
    ],
)
def test_what_cannot_be_counted_is_told_by_a_thin_event(
    stripe_box: StripeBox, value: str, customer: str | None, code: str
) -> None:
    meter, identifier = Meter(stripe_box), uuid4().hex
    stripe_box.deliveries()
    if customer is None:
        meter.report(value, NOON, identifier)
    else:  # nobody's clock is the real one
        meter.report(value, int(time.time()), identifier, stripe_customer_id=customer)
    [told] = [one for one in stripe_box.deliveries() if one.type.startswith("v1.billing.meter.")]
    notice = stripe_box.client.parse_event_notification(told.body, told.headers["Stripe-Signature"], WEBHOOK_SECRET)
    assert notice.type == "v1.billing.meter.error_report_triggered"
    assert "data" not in told.json()
    event = notice.fetch_event()  # type: ignore[union-attr]
    [kind] = event.data.reason.error_types  # type: ignore[union-attr]
    assert (kind.code, kind.sample_errors[0].request.identifier) == (code, identifier)
    assert event.related_object.id == meter.id  # type: ignore[union-attr]
    assert meter.values(NOON, NOON + 60) == []


def test_a_meter_that_rests_counts_nothing(stripe_box: StripeBox) -> None:
    meter, meters = Meter(stripe_box), stripe_box.client.v1.billing.meters
    with pytest.raises(stripe.InvalidRequestError, match="already an active meter"):
        meters.create({"display_name": "x", "event_name": meter.name, "default_aggregation": {"formula": "sum"}})
    assert meters.update(meter.id, {"display_name": "Active members"}).display_name == "Active members"
    assert meters.deactivate(meter.id).status == "inactive"
    with pytest.raises(stripe.InvalidRequestError, match="No active meter"):
        meter.report("1", NOON)
    assert meter.id not in [one.id for one in meters.list({"status": "active"}).data]
    assert meters.reactivate(meter.id).status == "active"
    meter.report("1", NOON)
    assert meter.values(NOON, NOON + 60) == [1]


def test_by_default_it_counts_for_now(stripe_box: StripeBox) -> None:
    meter = Meter(stripe_box)
    made = stripe_box.client.v1.billing.meter_events.create(
        {"event_name": meter.name, "payload": {"stripe_customer_id": meter.customer, "value": "2"}}
    )
    assert (made.timestamp, made.created) == (NOON, NOON)
    assert made.identifier
    real = stripe_box.client.v1.customers.create({}).id
    made = stripe_box.client.v1.billing.meter_events.create(
        {"event_name": meter.name, "payload": {"stripe_customer_id": real, "value": "2"}}
    )
    assert abs(made.timestamp - time.time()) < 60


def test_thin_events_go_where_a_destination_asks_for_them(stripe_box: StripeBox) -> None:
    made = stripe_box.client.v2.core.event_destinations.create(
        {
            "name": "meter errors",
            "type": "webhook_endpoint",
            "event_payload": "thin",
            "enabled_events": ["v1.billing.meter.error_report_triggered"],
            "webhook_endpoint": {"url": "http://127.0.0.1:9/thin"},
            "include": ["webhook_endpoint.signing_secret"],
        }
    )
    assert made.webhook_endpoint is not None
    assert str(made.webhook_endpoint.signing_secret).startswith("whsec_")
    meter = Meter(stripe_box)
    stripe_box.deliveries()
    meter.report("many", NOON)
    assert len([one for one in stripe_box.deliveries() if one.type.startswith("v1.billing")]) == 2
    answer = httpx.post(
        f"{stripe_box.url}/v2/core/event_destinations",
        json={"name": "x", "type": "webhook_endpoint", "event_payload": "snapshot", "enabled_events": ["invoice.paid"]},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert answer.status_code == 501
