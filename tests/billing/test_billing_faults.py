"""Every fault of the switch at every call that changes something: the retry finds it done, or does it, once."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.payer import GOOD, Payer, days, payer
from support.stripe_box import StripeBox

from saas.billing import client as billing_client
from saas.billing import operations
from saas.billing.changing import change_plan
from saas.billing.checkout import start_checkout, subscribe_by_invoice
from saas.billing.doubles import drop_second
from saas.billing.downgrading import after_renewal, before_renewal
from saas.billing.ending import cancel, come_back, end_now, unpause
from saas.billing.paying import mark_paid, pay_now
from saas.billing.portal import portal_link
from saas.billing.profile import set_email
from saas.billing.reading import read_invoice
from saas.errors import DomainError
from saas.scope import tenant_scope

NewChain = Callable[..., Awaitable[Chain]]
Act = Callable[[Payer], Awaitable[Any]]

SHORT = 0.5
"""Seconds: a page's patience where Stripe doesn't answer."""
KINDS = ["429", "500", "500_kept", "timeout", "drop", "drop_after"]


@pytest.fixture
async def paying(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> Payer:
    made = await payer(new_chain, drain, billing_on)
    await made.gives_an_address()
    return made


async def one_subscription(paying: Payer, **expected: Any) -> dict[str, Any]:
    """There is one, and our copy is as Stripe has it."""
    (held,) = paying.subscriptions(await paying.customer())
    row = await paying.row()
    assert (row["subscription_id"], row["stripe_status"]) == (held["id"], held["status"])
    assert {name: row[name] for name in expected} == expected
    return held


async def paid(paying: Payer) -> list[int]:
    """What was paid at Stripe, the last first."""
    return [one["amount_paid"] for one in paying.invoices(await paying.customer()) if one["amount_paid"]]


@asynccontextmanager
async def impatient() -> AsyncIterator[None]:
    """Only here, so that a busy machine may take its time with everything else."""
    await billing_client.close_stripe()  # the next one is made with that patience
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(billing_client, "SECONDS", SHORT)
        yield
    await billing_client.close_stripe()


async def through(paying: Payer, act: Act, fault: dict[str, Any]) -> None:
    """The fault comes at the call; whoever asks again, or the job, brings it to its end."""
    paying.box.faults(fault)
    async with impatient() if fault["kind"] == "timeout" else nullcontext():
        try:
            await act(paying)
        except DomainError as error:
            assert error.code == "billing-unavailable"  # noqa: PT017
    assert paying.box.control("GET", "faults")["faults"] == [], "the fault was never met"
    paying.box.faults()
    await paying.works()
    assert [one["state"] for one in await paying.operations()][-1] == "done"


def fault(kind: str, path: str, method: str = "POST") -> dict[str, Any]:
    return {"kind": kind, "method": method, "path": path, "times": 1, "seconds": SHORT * 1.2}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("path", ["/v1/customers", "/v1/checkout/sessions"])
async def test_checkout(paying: Payer, kind: str, path: str) -> None:
    await through(paying, lambda p: start_checkout(p.who, "growth"), fault(kind, path))
    opened = [
        one
        for one in paying.box.client.v1.checkout.sessions.list({"customer": await paying.customer()}).data
        if one.status == "open"
    ]
    assert [one.id for one in opened] == [await paying.session()]
    paying.box.control("POST", "checkout/complete", session=await paying.session(), card=GOOD)
    assert len(paying.subscriptions(await paying.customer())) == 1
    assert await paid(paying) == [59_900]


@pytest.mark.parametrize("kind", KINDS)
async def test_closing_an_older_page(paying: Payer, kind: str) -> None:
    await start_checkout(paying.who, "starter")
    older = await paying.session()
    await through(paying, lambda p: start_checkout(p.who, "growth"), fault(kind, "/v1/checkout/sessions/*/expire"))
    assert paying.box.client.v1.checkout.sessions.retrieve(older).status == "expired"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_subscription_by_invoice(paying: Payer, kind: str) -> None:
    await through(paying, lambda p: subscribe_by_invoice(p.who, "growth"), fault(kind, "/v1/subscriptions"))
    await one_subscription(paying, plan="growth")
    assert [one["amount_due"] for one in paying.invoices(await paying.customer())] == [59_900]


@pytest.mark.parametrize("kind", KINDS)
async def test_an_upgrade(paying: Payer, kind: str) -> None:
    row = await paying.subscribes("starter")
    await paying.moves_to(row["period_start"] + days(10))
    await through(paying, lambda p: change_plan(p.who, "growth"), fault(kind, "/v1/subscriptions/*"))
    held = await one_subscription(paying, plan="growth")
    keys = {item["price"]["lookup_key"] for item in held["items"]["data"]}
    assert keys == {"regulars_growth_cny_2026-11_base", "regulars_growth_cny_2026-11_usage"}
    assert len(await paid(paying)) == 2


@pytest.mark.parametrize("kind", KINDS)
async def test_a_downgrade(paying: Payer, kind: str) -> None:
    row = await paying.subscribes("growth")
    await change_plan(paying.who, "starter")
    await paying.moves_to(row["period_end"] - days(0.1))
    at = fault(kind, "/v1/subscriptions/*")
    await through(paying, lambda p: before_renewal(p.chain.tenant_id), at)
    await paying.moves_to(row["period_end"] + days(0.1))
    await paying.reads()
    await through(paying, lambda p: after_renewal(p.chain.tenant_id), at)
    await one_subscription(paying, plan="starter", next_plan=None)
    assert await paid(paying) == [19_900, 59_900]


@pytest.mark.parametrize("kind", KINDS)
async def test_leaving_and_coming_back(paying: Payer, kind: str) -> None:
    await paying.subscribes("growth")
    await through(paying, lambda p: cancel(p.who), fault(kind, "/v1/subscriptions/*"))
    await one_subscription(paying, cancel_at_period_end=True)
    await through(paying, lambda p: come_back(p.who), fault(kind, "/v1/subscriptions/*"))
    await one_subscription(paying, cancel_at_period_end=False)
    await through(paying, lambda p: end_now(p.who), fault(kind, "/v1/subscriptions/*", "DELETE"))
    await one_subscription(paying, stripe_status="canceled")
    assert await paying.status() == "cancelled"
    assert await paid(paying) == [59_900]


@pytest.mark.parametrize("kind", KINDS)
async def test_paying_with_a_new_card(paying: Payer, kind: str) -> None:
    row = await paying.subscribes("growth")
    client, customer = paying.box.client.v1, await paying.customer()
    bad = client.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    client.subscriptions.update(row["subscription_id"], {"default_payment_method": bad.id})
    await paying.moves_to(row["period_end"] + days(0.1))
    assert (await paying.reads())["stripe_status"] == "past_due"
    good = client.payment_methods.attach("pm_card_visa", {"customer": customer})
    client.subscriptions.update(row["subscription_id"], {"default_payment_method": good.id})
    await through(paying, lambda p: pay_now(p.who), fault(kind, "/v1/invoices/*/pay"))
    await one_subscription(paying, stripe_status="active")
    assert await paid(paying) == [59_900, 59_900]


@pytest.mark.parametrize("kind", KINDS)
async def test_going_on_after_a_pause(new_chain: NewChain, drain: Any, billing_on: StripeBox, kind: str) -> None:
    trying = await payer(new_chain, drain, billing_on, trial=True)
    row = await trying.subscribes("growth", card=None)
    await trying.moves_to(row["trial_end"] + days(0.1))
    await trying.reads()
    client, customer = trying.box.client.v1, await trying.customer()
    good = client.payment_methods.attach("pm_card_visa", {"customer": customer})
    client.subscriptions.update(row["subscription_id"], {"default_payment_method": good.id})
    await through(trying, lambda p: unpause(p.who), fault(kind, "/v1/subscriptions/*/resume"))
    await one_subscription(trying, stripe_status="active")
    assert await paid(trying) == [59_900]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("path", "method"), [("/v1/subscriptions/*", "DELETE"), ("/v1/refunds", "POST")])
async def test_ending_a_second_one(paying: Payer, kind: str, path: str, method: str) -> None:
    row = await paying.subscribes("growth")
    client, customer = paying.box.client.v1, await paying.customer()
    held = client.subscriptions.retrieve(row["subscription_id"])
    again: Any = {
        "customer": customer,
        "items": [{"price": item.price.id} for item in held["items"].data],
        "metadata": {"tenant_id": str(paying.chain.tenant_id)},
        "default_payment_method": str(held.default_payment_method),
    }
    second = client.subscriptions.create(again).id
    before = {refund.id for refund in client.refunds.list({"limit": 100}).data}
    await through(paying, lambda p: drop_second(p.chain.tenant_id, second), fault(kind, path, method))
    assert {one["id"]: one["status"] for one in paying.subscriptions(customer)} == {
        row["subscription_id"]: "active",
        second: "canceled",
    }
    made = [refund for refund in client.refunds.list({"limit": 100}).data if refund.id not in before]
    assert [refund.amount for refund in made] == [59_900]


@pytest.mark.parametrize("kind", KINDS)
async def test_marking_a_transfer(paying: Payer, kind: str) -> None:
    await subscribe_by_invoice(paying.who, "growth")
    (sent,) = paying.invoices(await paying.customer())
    if sent["status"] == "draft":
        paying.box.client.v1.invoices.finalize_invoice(sent["id"])
    await read_invoice(paying.chain.tenant_id, sent["id"])
    await through(paying, lambda p: mark_paid(p.who, sent["id"]), fault(kind, "/v1/invoices/*/pay"))
    (told,) = paying.invoices(await paying.customer())
    assert told["status"] == "paid"


@pytest.mark.parametrize("kind", KINDS)
async def test_ending_a_second_one_that_was_only_invoiced(paying: Payer, kind: str) -> None:
    row = await paying.subscribes("growth")
    client, customer = paying.box.client.v1, await paying.customer()
    held = client.subscriptions.retrieve(row["subscription_id"])
    again: Any = {
        "customer": customer,
        "items": [{"price": item.price.id} for item in held["items"].data],
        "metadata": {"tenant_id": str(paying.chain.tenant_id)},
        "collection_method": "send_invoice",
        "days_until_due": 15,
    }
    second = client.subscriptions.create(again)
    sent = client.invoices.finalize_invoice(str(second.latest_invoice)).id
    await through(paying, lambda p: drop_second(p.chain.tenant_id, second.id), fault(kind, "/v1/invoices/*/void"))
    assert client.invoices.retrieve(sent).status == "void"
    assert client.subscriptions.retrieve(second.id).status == "canceled"
    assert await paid(paying) == [59_900]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_portal(paying: Payer, kind: str) -> None:
    """It leaves nothing at Stripe that could be there twice: who asks again gets another address."""
    await paying.subscribes("growth")
    paying.box.faults(fault(kind, "/v1/billing_portal/sessions"))
    with pytest.raises(DomainError, match="billing-unavailable"):
        await portal_link(paying.who)
    assert (await portal_link(paying.who)).startswith("http")


@pytest.mark.parametrize("kind", KINDS)
async def test_taking_a_smaller_plan_back(paying: Payer, kind: str) -> None:
    row = await paying.subscribes("growth")
    await change_plan(paying.who, "starter")
    await paying.moves_to(row["period_end"] - days(0.1))
    await before_renewal(paying.chain.tenant_id)
    await through(paying, lambda p: change_plan(p.who, "growth"), fault(kind, "/v1/subscriptions/*"))
    held = await one_subscription(paying, plan="growth", next_plan=None, next_step=None)
    assert {item["price"]["lookup_key"] for item in held["items"]["data"]} == {
        "regulars_growth_cny_2026-11_base",
        "regulars_growth_cny_2026-11_usage",
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_another_address(paying: Payer, kind: str) -> None:
    await paying.subscribes("growth")

    async def changed(given: Payer) -> None:
        async with tenant_scope(given.chain.tenant_id, principal=given.who):
            await set_email("finance@example.com")
        await given.works()

    await through(paying, changed, fault(kind, "/v1/customers/*"))
    told = paying.box.client.v1.customers.retrieve(await paying.customer())
    assert told.email == "finance@example.com"


@pytest.mark.parametrize("kind", KINDS)
async def test_paying_for_months_that_were_not_charged(paying: Payer, kind: str) -> None:
    """An unpaid subscription's later invoices wait as drafts: they are finalized, each once, and paid."""
    row = await paying.subscribes("growth")
    client, customer = paying.box.client.v1, await paying.customer()
    bad = client.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    client.subscriptions.update(row["subscription_id"], {"default_payment_method": bad.id})
    await paying.moves_to(row["period_end"] + days(32))
    assert (await paying.reads())["stripe_status"] == "unpaid"
    good = client.payment_methods.attach("pm_card_visa", {"customer": customer})
    client.subscriptions.update(row["subscription_id"], {"default_payment_method": good.id})
    await through(paying, lambda p: pay_now(p.who), fault(kind, "/v1/invoices/*/finalize"))
    await one_subscription(paying, stripe_status="active")
    assert await paid(paying) == [59_900] * 3


async def test_while_stripe_is_away_nothing_else_is_begun_and_the_same_is_joined(paying: Payer) -> None:
    paying.box.faults({"kind": "drop", "times": -1})
    for _ in range(2):
        with pytest.raises(DomainError) as refused:
            await start_checkout(paying.who, "growth")
        assert refused.value.code == "billing-unavailable"
    with pytest.raises(DomainError) as refused:
        await subscribe_by_invoice(paying.who, "chain")
    assert refused.value.code == "billing-unavailable"
    assert [one["kind"] for one in await paying.operations()] == ["checkout"]
    paying.box.faults()
    await subscribe_by_invoice(paying.who, "chain")  # the earlier one first
    assert [(one["kind"], one["state"]) for one in await paying.operations()] == [
        ("checkout", "done"),
        ("subscribe", "done"),
    ]
    await one_subscription(paying, plan="chain")


async def test_what_is_done_is_done_though_our_copy_is_late(paying: Payer, monkeypatch: pytest.MonkeyPatch) -> None:
    await paying.subscribes("growth")
    monkeypatch.setattr(operations, "SECONDS", SHORT / 2)
    paying.box.faults({"kind": "slow", "method": "GET", "path": "/v1/subscriptions/*", "seconds": SHORT * 0.9})
    await cancel(paying.who)
    paying.box.faults()
    assert not (await paying.row())["cancel_at_period_end"]
    await paying.works()
    await one_subscription(paying, cancel_at_period_end=True)


async def test_a_failure_in_the_way_is_told_to_who_asked_for_that(paying: Payer) -> None:
    await paying.subscribes("starter")
    client, customer, row = paying.box.client.v1, await paying.customer(), await paying.row()
    bad = client.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    client.subscriptions.update(row["subscription_id"], {"default_payment_method": bad.id})
    paying.box.faults({"kind": "drop", "method": "POST", "path": "/v1/subscriptions/*"})
    with pytest.raises(DomainError) as refused:
        await change_plan(paying.who, "chain", key="k")
    assert refused.value.code == "billing-unavailable"
    await cancel(paying.who)  # the upgrade first, which is declined
    with pytest.raises(DomainError) as refused:
        await change_plan(paying.who, "chain", key="k")
    assert refused.value.code in {"payment-declined", "subscription-ending"}
    await one_subscription(paying, plan="starter", cancel_at_period_end=True)


async def test_what_stripe_failed_at_for_most_of_a_day_is_given_up(paying: Payer) -> None:
    paying.box.faults({"kind": "drop", "times": -1})
    with pytest.raises(DomainError):
        await subscribe_by_invoice(paying.who, "growth", key="k")
    paying.box.faults()
    await (await owner()).execute(
        "UPDATE billing_operation SET created_at = created_at - interval '21 hours' WHERE tenant_id = $1",
        paying.chain.tenant_id,
    )
    asked = paying.box.requests()[-1]["id"]
    await paying.works()
    # Reads don't count: one that a test before timed out on may end only now.
    assert [one for one in paying.box.requests(asked) if one["method"] == "POST"] == []
    with pytest.raises(DomainError) as refused:
        await subscribe_by_invoice(paying.who, "growth", key="k")
    assert refused.value.code == "billing-given-up"
    await subscribe_by_invoice(paying.who, "growth", key="k2")
    await one_subscription(paying, plan="growth")


async def test_no_secret_and_no_word_of_stripes_is_kept_or_told(paying: Payer) -> None:
    paying.box.faults({"kind": "500", "times": -1})
    with pytest.raises(DomainError) as refused:
        await start_checkout(paying.who, "growth")
    paying.box.faults()
    assert refused.value.params == {}
    rows = json.dumps(await paying.operations(), default=str)
    assert "sk_test" not in rows
    assert "Request req_" not in rows
