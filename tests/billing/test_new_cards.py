"""A new card is tried once, however many events tell of it; and what else such events tell of charges nothing."""

from typing import Any

import httpx
import pytest
from living import Life
from support.payer import DECLINED, GOOD, days, payer
from support.stripe_box import StripeBox


@pytest.fixture
async def life(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Life:
    paying = await payer(new_chain, drain, billing_on, trial=True)
    await paying.gives_an_address()
    return Life(paying, client)


def charges(life: Life) -> int:
    """How often a card was charged on our asking."""
    asked = life.payer.box.requests()
    return len([one for one in asked if one["method"] == "POST" and one["path"].endswith(("/pay", "/resume"))])


async def paused(life: Life) -> None:
    row = await life.payer.subscribes("starter", card=None)
    await life.hears()
    await life.payer.moves_to(row["trial_end"] + days(0.1))
    await life.hears()
    assert (await life.payer.row())["stripe_status"] == "paused"


async def owing(life: Life) -> None:
    row = await life.payer.subscribes("starter")
    await life.hears()
    await life.changes_card(DECLINED)
    await life.payer.moves_to(row["trial_end"] + days(0.1))
    await life.hears()
    assert (await life.payer.row())["stripe_status"] == "past_due"


async def test_a_declined_card_is_tried_once_and_the_next_one_starts_a_paused_trial(life: Life) -> None:
    await paused(life)
    before = charges(life)
    await life.changes_card(DECLINED)
    assert charges(life) == before + 1
    assert await life.payer.status() == "suspended"
    await life.changes_card(GOOD)
    assert charges(life) == before + 2
    assert await life.payer.status() == "active"


async def test_an_address_that_changes_charges_nothing(life: Life) -> None:
    await owing(life)
    await life.changes_card(DECLINED)
    before = charges(life)
    await life.asks("PUT", "/v1/billing/payer", {"email": "another@example.com"})
    await life.payer.works()
    await life.hears()
    assert charges(life) == before
    await life.changes_card(GOOD)
    assert charges(life) == before + 1
    assert await life.payer.status() == "active"


async def test_asked_to_pay_now_a_paused_trial_goes_on(life: Life) -> None:
    """By a card that was declined when it was new, and pays by now."""
    await paused(life)
    customer, client = await life.payer.customer(), life.payer.box.client.v1
    method = client.payment_methods.attach("pm_card_visa", {"customer": customer})
    client.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    await life.asks("POST", "/v1/billing/pay", **{"Idempotency-Key": "now"})
    assert await life.payer.status() == "active"
    await life.asks("POST", "/v1/billing/pay", **{"Idempotency-Key": "now"})
    assert [one["amount_paid"] for one in life.payer.invoices(customer) if one["amount_paid"]] == [19_900]


async def test_asked_to_pay_now_without_a_card_nothing_goes_on(life: Life) -> None:
    await paused(life)
    answer = await life.payer.chain.http.post("/v1/billing/pay", json={})
    assert answer.status_code in {402, 409, 422}, answer.text
    assert await life.payer.status() == "suspended"
