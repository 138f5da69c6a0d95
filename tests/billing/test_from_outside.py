"""What happens at Stripe without us: a payer's bank takes money back, somebody cancels on Stripe's own pages."""

from typing import Any

import httpx
import pytest
from living import Life
from support.clock import owner
from support.payer import GOOD, days, payer
from support.stripe_box import StripeBox

from saas.billing.downgrading import before_renewal
from saas.billing.reconcile import reconcile
from saas.billing.unaddressed import look_at_unaddressed

_MARK = "UPDATE platform.stripe_event_other SET handled_at = clock_timestamp() WHERE handled_at IS NULL"


@pytest.fixture
async def life(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Life:
    await (await owner()).execute(_MARK)
    paying = await payer(new_chain, drain, billing_on)
    await paying.gives_an_address()
    return Life(paying, client)


async def test_a_dispute_is_told_to_its_chain_once(life: Life) -> None:
    await life.payer.subscribes("starter")
    await life.hears()
    box, (invoice,) = life.payer.box, life.payer.invoices(await life.payer.customer())
    (paid,) = box.client.v1.invoice_payments.list({"invoice": invoice["id"], "status": "paid"}).data
    done = box.control("POST", "charges/dispute", payment_intent=paid.payment.payment_intent)
    for _ in range(2):
        told = [one for one in box.deliveries(again=True) if one.type == "charge.dispute.created"]
        await life.hears(told)
        await look_at_unaddressed()
        await life.payer.works()
    expected = {"charge": done["charge"], "amount": 19_900, "currency": "CNY"}
    assert await life.events("billing.payment_disputed") == [expected]
    assert await look_at_unaddressed() == 0


async def test_cancelled_at_stripe_it_can_be_taken_back_here(life: Life) -> None:
    row = await life.payer.subscribes("growth")
    client, subscription = life.payer.box.client.v1.subscriptions, row["subscription_id"]
    client.update(subscription, {"cancel_at": int(row["period_end"].timestamp())})
    await life.hears()
    row = await life.payer.row()
    assert (row["cancel_at_period_end"], row["cancel_at"]) == (False, row["period_end"])
    assert (await life.account())["banner"]["code"] == "ending"
    # A smaller plan is for who stays, and nothing is cancelled twice.
    await life.asks("POST", "/v1/billing/change-plan", {"plan": "starter"}, 409)
    await life.asks("POST", "/v1/billing/cancel", {}, 409)
    for _ in range(2):
        await life.asks("POST", "/v1/billing/resume", **{"Idempotency-Key": "stay"})
    row = await life.payer.row()
    assert (row["cancel_at"], (await life.account())["banner"]) == (None, None)
    await life.payer.moves_to(row["period_end"] + days(0.1))
    await life.hears()
    assert await life.payer.status() == "active"


async def test_a_smaller_plan_is_not_begun_for_who_left_at_stripe(life: Life) -> None:
    row = await life.payer.subscribes("growth")
    await life.asks("POST", "/v1/billing/change-plan", {"plan": "starter"})
    client = life.payer.box.client.v1.subscriptions
    client.update(row["subscription_id"], {"cancel_at": int(row["period_end"].timestamp())})
    await life.hears()
    await life.payer.moves_to(row["period_end"] - days(0.5))
    await before_renewal(life.payer.chain.tenant_id)
    assert [one["kind"] for one in await life.payer.operations()] == ["checkout"]


async def test_a_comparison_finds_what_was_cancelled_at_stripe(life: Life) -> None:
    row = await life.payer.subscribes("growth")
    end = int(row["period_end"].timestamp())
    life.payer.box.client.v1.subscriptions.update(row["subscription_id"], {"cancel_at": end})
    found = [one.what async for one in reconcile(life.payer.chain.tenant_id)]
    assert "subscription cancel_at" in found


async def test_a_comparison_ends_a_second_subscription(life: Life) -> None:
    """Of which no event has told."""
    row = await life.payer.subscribes("starter", card=GOOD)
    client = life.payer.box.client.v1
    held = client.subscriptions.retrieve(row["subscription_id"])
    again: Any = {
        "customer": await life.payer.customer(),
        "items": [{"price": item.price.id} for item in held["items"].data],
        "default_payment_method": str(held.default_payment_method),
    }
    second = client.subscriptions.create(again)
    _ = [one async for one in reconcile(life.payer.chain.tenant_id)]
    await life.payer.works()
    states = {one["id"]: one["status"] for one in life.payer.subscriptions(await life.payer.customer())}
    assert states == {row["subscription_id"]: "active", second.id: "canceled"}


async def test_another_subscription_takes_the_place_of_one_that_has_ended_unheard(life: Life) -> None:
    row = await life.payer.subscribes("starter", card=GOOD)
    await life.hears()
    client, customer = life.payer.box.client.v1, await life.payer.customer()
    held = client.subscriptions.retrieve(row["subscription_id"])
    again: Any = {
        "customer": customer,
        "items": [{"price": item.price.id} for item in held["items"].data],
        "default_payment_method": str(held.default_payment_method),
    }
    client.subscriptions.cancel(row["subscription_id"])
    second = client.subscriptions.create(again)
    told = [one for one in life.payer.box.deliveries(customer) if one.type == "customer.subscription.created"]
    await life.hears(told)
    assert client.subscriptions.retrieve(second.id).status == "active"
    row = await life.payer.row()
    assert (row["subscription_id"], row["stripe_status"], await life.payer.status()) == (second.id, "active", "active")
