"""How a chain begins to pay: one subscription, whatever happens on the way."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.payer import DECLINED, GOOD, Payer, days, payer
from support.stripe_box import StripeBox

from saas.billing.checkout import start_checkout, subscribe_by_invoice
from saas.billing.doubles import drop_second
from saas.errors import DomainError

NewChain = Callable[..., Awaitable[Chain]]


@pytest.fixture
async def paying(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> Payer:
    return await payer(new_chain, drain, billing_on)


@pytest.fixture
async def trying(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> Payer:
    return await payer(new_chain, drain, billing_on, trial=True)


async def refusal(asked: Awaitable[Any]) -> str:
    with pytest.raises(DomainError) as refused:
        await asked
    return refused.value.code


async def test_a_card_on_checkouts_page_makes_the_chain_active(paying: Payer) -> None:
    page = await start_checkout(paying.who, "growth")
    assert page.url.startswith(paying.box.url)
    row = await paying.subscribes("growth")
    assert (row["stripe_status"], row["plan"], row["revision"], row["currency"]) == (
        "active",
        "growth",
        "2026-11",
        "CNY",
    )
    assert await paying.status() == "active"
    (held,) = paying.subscriptions(await paying.customer())
    assert held["metadata"]["tenant_id"] == str(paying.chain.tenant_id)
    (paid,) = paying.invoices(await paying.customer())
    assert (paid["status"], paid["amount_paid"]) == ("paid", 59_900)


async def test_in_trial_no_card_is_needed_and_nothing_is_paid(trying: Payer) -> None:
    row = await trying.subscribes("starter", card=None)
    assert (row["stripe_status"], row["payment_method"]) == ("trialing", None)
    sql = "SELECT trial_ends_at FROM tenant WHERE tenant_id = $1"

    ends = await (await owner()).fetchval(sql, trying.chain.tenant_id)
    assert abs(row["trial_end"] - ends) < days(1 / 86_400)
    assert await trying.status() == "trialing"
    await trying.moves_to(ends + days(0.1))
    row = await trying.reads()
    assert (row["stripe_status"], await trying.status()) == ("paused", "suspended")


async def test_dollars_for_who_does_not_count_in_yuan(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> None:
    abroad = await payer(new_chain, drain, billing_on, currency="HKD")
    row = await abroad.subscribes("chain")
    assert row["currency"] == "USD"
    (paid,) = abroad.invoices(await abroad.customer())
    assert (paid["currency"], paid["amount_paid"]) == ("usd", 27_900)


async def test_a_newer_page_closes_the_older_one(paying: Payer) -> None:
    await start_checkout(paying.who, "starter")
    older = await paying.session()
    await start_checkout(paying.who, "growth")
    sessions = paying.box.client.v1.checkout.sessions
    assert sessions.retrieve(older).status == "expired"
    assert sessions.retrieve(await paying.session()).status == "open"


async def test_a_page_that_was_paid_a_moment_ago_leaves_no_second_one(paying: Payer) -> None:
    """Our copy doesn't know it yet: Stripe does."""
    await start_checkout(paying.who, "starter")
    paying.box.control("POST", "checkout/complete", session=await paying.session(), card=GOOD)
    assert await refusal(start_checkout(paying.who, "starter")) == "subscription-exists"
    assert len(paying.subscriptions(await paying.customer())) == 1


async def test_who_has_a_subscription_changes_its_plan(paying: Payer) -> None:
    await paying.subscribes()
    assert await refusal(start_checkout(paying.who, "chain")) == "subscription-exists"
    await paying.gives_an_address()
    assert await refusal(subscribe_by_invoice(paying.who, "chain")) == "subscription-exists"


async def test_what_cannot_be_bought(paying: Payer) -> None:
    assert await refusal(start_checkout(paying.who, "gold")) == "validation-failed"
    assert await refusal(start_checkout(paying.who, "trial")) == "validation-failed"
    for n in range(3):
        made = await paying.chain.http.post("/v1/branches", json={"code": f"b{n}", "name": "x"})
        if made.status_code != 201:
            pytest.skip("the trial has no room")
    assert await refusal(start_checkout(paying.who, "starter")) == "plan-too-small"


async def test_a_declined_card_buys_nothing(paying: Payer) -> None:
    await start_checkout(paying.who, "growth")
    with pytest.raises(AssertionError, match="declined"):
        paying.box.control("POST", "checkout/complete", session=await paying.session(), card=DECLINED)
    assert paying.subscriptions(await paying.customer()) == []
    paying.box.control("POST", "checkout/complete", session=await paying.session(), card=GOOD)
    assert len(paying.subscriptions(await paying.customer())) == 1


async def test_by_invoice(paying: Payer) -> None:
    await paying.gives_an_address()
    await subscribe_by_invoice(paying.who, "chain")
    row = await paying.row()
    assert (row["stripe_status"], row["collection_method"], row["plan"]) == ("active", "send_invoice", "chain")
    (sent,) = paying.invoices(await paying.customer())
    assert (sent["amount_due"], sent["collection_method"]) == (199_900, "send_invoice")
    assert await paying.status() == "active"


async def test_the_same_key_is_the_same_operation(paying: Payer) -> None:
    first = await start_checkout(paying.who, "growth", key="k1")
    assert await start_checkout(paying.who, "growth", key="k1") == first
    assert await refusal(start_checkout(paying.who, "chain", key="k1")) == "idempotency-key-reused"
    assert len(await paying.operations()) == 1


async def test_asked_for_many_times_at_once_it_is_one_page_a_plan(paying: Payer) -> None:
    plans = ["growth", "growth", "starter", "growth"]
    pages = await asyncio.gather(*(start_checkout(paying.who, plan) for plan in plans), return_exceptions=True)
    assert not [page for page in pages if isinstance(page, Exception) and not isinstance(page, DomainError)]
    await paying.works()
    assert {one["state"] for one in await paying.operations()} == {"done"}
    opened = [
        one.id
        for one in paying.box.client.v1.checkout.sessions.list({"customer": await paying.customer()}).data
        if one.status == "open"
    ]
    assert opened == [await paying.session()]
    sql = "SELECT count(*) FROM platform.stripe_customer WHERE tenant_id = $1"
    assert await (await owner()).fetchval(sql, paying.chain.tenant_id) == 1


async def test_a_second_subscription_ends_and_its_money_goes_back(paying: Payer) -> None:
    row = await paying.subscribes()
    client, customer = paying.box.client.v1, await paying.customer()
    held = client.subscriptions.retrieve(row["subscription_id"])
    again: Any = {
        "customer": customer,
        "items": [{"price": item.price.id} for item in held["items"].data],
        "metadata": {"tenant_id": str(paying.chain.tenant_id)},
        "default_payment_method": str(held.default_payment_method),
    }
    second = client.subscriptions.create(again)
    for _ in range(2):
        await drop_second(paying.chain.tenant_id, second.id)
    assert client.subscriptions.retrieve(second.id).status == "canceled"
    (paid,) = client.invoice_payments.list({"invoice": str(second.latest_invoice)}).data
    refunds = client.refunds.list({"payment_intent": str(paid.payment.payment_intent)}).data
    assert [(refund.amount, refund.status) for refund in refunds] == [(59_900, "succeeded")]
    await drop_second(paying.chain.tenant_id, row["subscription_id"])
    assert (await paying.reads())["stripe_status"] == "active"


async def test_the_request_is_settled_before_stripe_is_asked(paying: Payer) -> None:
    await start_checkout(paying.who, "growth")
    (row,) = await paying.operations()
    request = json.loads(row["request"])
    assert (request["plan"], request["currency"], request["body"]) == ("growth", "CNY", {"plan": "growth"})
    assert row["actor"] == "staff:owner"
