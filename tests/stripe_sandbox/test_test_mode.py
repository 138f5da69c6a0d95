"""The box for Stripe's test mode, tried on the sandbox: what it fetches is what would have been sent."""

from typing import Any

import pytest
import stripe
from support.payer import payer
from support.stripe_box import KEY, WEBHOOK_SECRET, StripeBox
from support.stripe_test_mode import TestModeBox


def test_events_are_fetched_in_order_once_and_signed(stripe_box: StripeBox) -> None:
    stripe_box.client.v1.customers.create({"name": "before"})
    box = TestModeBox(stripe_box.url, KEY)
    made = [box.client.v1.customers.create({"name": str(n)}).id for n in range(103)]
    [one] = box.deliveries(made[4])
    event = box.client.construct_event(one.body, one.headers["Stripe-Signature"], WEBHOOK_SECRET)
    assert (event.id, event.data.object["id"]) == (one.event, made[4])
    box.answered(one, 500)
    assert [found.customer for found in box.deliveries(made[4])] == [made[4]]
    assert [found.customer for found in box.deliveries()] == made[:4] + made[5:]
    assert box.deliveries() == []
    assert len(box.deliveries(again=True)) == 103
    for found in box.deliveries(again=True):
        box.answered(found, 200)
    assert box.deliveries(again=True) == []


async def test_what_is_bought_is_what_checkouts_page_would_have_made(
    new_chain: Any, drain: Any, billing_on: StripeBox
) -> None:
    paying = await payer(new_chain, drain, TestModeBox(billing_on.url, KEY))
    row = await paying.subscribes("starter")
    assert (row["plan"], row["stripe_status"], row["usage_item_id"] is None) == ("starter", "active", False)
    assert [one["amount_paid"] for one in paying.invoices(await paying.customer())] == [19_900]
    assert billing_on.client.v1.checkout.sessions.retrieve(await paying.session()).status == "expired"

    trying = await payer(new_chain, drain, TestModeBox(billing_on.url, KEY), trial=True)
    row = await trying.subscribes("growth", card=None)
    assert (row["plan"], row["stripe_status"], row["payment_method"]) == ("growth", "trialing", None)


def test_what_only_the_sandbox_does_is_skipped(stripe_box: StripeBox) -> None:
    box = TestModeBox(stripe_box.url, KEY)
    box.faults()
    assert (box.requests(), box.last_request()) == ([], None)
    with pytest.raises(pytest.skip.Exception, match="fails when it is told to"):
        box.faults({"kind": "429"})
    with pytest.raises(pytest.skip.Exception, match="checkout/complete"):
        box.control("POST", "checkout/complete")
    with pytest.raises(pytest.skip.Exception, match="filled in"):
        box.fills_in("https://checkout.stripe.com/")
    with pytest.raises(AssertionError, match="somebody pays"):
        TestModeBox(stripe_box.url, "sk_live_x")
    with pytest.raises(stripe.AuthenticationError):
        TestModeBox(stripe_box.url, "sk_test_of_nobody")
