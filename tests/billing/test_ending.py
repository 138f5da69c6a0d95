"""Leaving and coming back; paying what is open; the portal; who pays."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from support.chains import Chain
from support.clock import owner
from support.payer import Payer, days, payer
from support.stripe_box import StripeBox

from saas.billing.checkout import subscribe_by_invoice
from saas.billing.ending import cancel, come_back, end_now, unpause
from saas.billing.fapiao import Fapiao, fapiao, set_fapiao
from saas.billing.paying import mark_paid, pay_now, pay_open_invoices
from saas.billing.portal import portal_link
from saas.billing.profile import set_email
from saas.billing.reading import read_invoice
from saas.errors import DomainError
from saas.scope import tenant_scope

NewChain = Callable[..., Awaitable[Chain]]


@pytest.fixture
async def paying(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> Payer:
    return await payer(new_chain, drain, billing_on)


async def refusal(asked: Awaitable[Any]) -> str:
    with pytest.raises(DomainError) as refused:
        await asked
    return refused.value.code


async def test_a_cancellation_takes_effect_when_the_month_is_over(paying: Payer) -> None:
    row = await paying.subscribes()
    await cancel(paying.who)
    row = await paying.row()
    assert (row["cancel_at_period_end"], row["stripe_status"], await paying.status()) == (True, "active", "active")
    assert await refusal(cancel(paying.who)) == "subscription-ending"
    await paying.moves_to(row["period_end"] + timedelta(hours=2))
    await paying.reads()
    assert await paying.status() == "cancelled"
    assert await refusal(come_back(paying.who)) == "no-subscription"
    row = await paying.subscribes("starter")  # within the window: a new checkout brings the chain back
    assert (row["stripe_status"], row["plan"], await paying.status()) == ("active", "starter", "active")


async def test_a_cancellation_is_taken_back(paying: Payer) -> None:
    row = await paying.subscribes()
    assert await refusal(come_back(paying.who)) == "subscription-not-ending"
    await cancel(paying.who, key="k")
    await cancel(paying.who, key="k")
    await come_back(paying.who)
    assert not (await paying.row())["cancel_at_period_end"]
    await paying.moves_to(row["period_end"] + timedelta(hours=2))
    assert (await paying.reads())["stripe_status"] == "active"


async def test_the_end_at_once(paying: Payer) -> None:
    await paying.subscribes()
    await end_now(paying.who)
    assert ((await paying.row())["stripe_status"], await paying.status()) == ("canceled", "cancelled")
    assert await refusal(end_now(paying.who)) == "no-subscription"


async def _new_card(paying: Payer, name: str) -> None:
    customer, row, client = await paying.customer(), await paying.row(), paying.box.client.v1
    method = client.payment_methods.attach(name, {"customer": customer})
    client.subscriptions.update(row["subscription_id"], {"default_payment_method": method.id})


async def test_a_paused_trial_goes_on_with_a_card(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> None:
    trying = await payer(new_chain, drain, billing_on, trial=True)
    row = await trying.subscribes("growth", card=None)
    assert await refusal(unpause(trying.who)) == "subscription-not-paused"
    await trying.moves_to(row["trial_end"] + timedelta(hours=2))
    await trying.reads()
    assert await trying.status() == "suspended"
    await _new_card(trying, "pm_card_chargeCustomerFail")
    assert await refusal(unpause(trying.who)) == "payment-declined"
    await trying.reads()
    assert await trying.status() == "suspended"
    await _new_card(trying, "pm_card_visa")
    await unpause(trying.who)
    await trying.reads()
    assert await trying.status() == "active"


@pytest.mark.parametrize("by_job", [False, True])
async def test_a_new_card_pays_what_is_open_once(paying: Payer, by_job: bool) -> None:
    row = await paying.subscribes()
    await _new_card(paying, "pm_card_chargeCustomerFail")
    await paying.moves_to(row["period_end"] + timedelta(hours=2))
    assert (await paying.reads())["stripe_status"] == "past_due"
    assert await refusal(pay_now(paying.who)) == "payment-declined"
    await paying.moves_to(row["period_end"] + days(20))
    assert (await paying.reads())["stripe_status"] == "unpaid"
    assert await paying.status() == "suspended"
    await _new_card(paying, "pm_card_visa")
    for _ in range(2):
        await (pay_open_invoices(paying.chain.tenant_id) if by_job else pay_now(paying.who))
    assert (await paying.reads())["stripe_status"] == "active"
    assert await paying.status() == "active"
    assert [one["amount_paid"] for one in paying.invoices(await paying.customer())] == [59_900, 59_900]


async def test_the_operator_marks_a_transfer(paying: Payer) -> None:
    await paying.gives_an_address()
    await subscribe_by_invoice(paying.who, "growth")
    (sent,) = paying.invoices(await paying.customer())
    assert await refusal(mark_paid(paying.who, "in_nobodys")) == "not-found"
    if sent["status"] == "draft":
        paying.box.client.v1.invoices.finalize_invoice(sent["id"])
    await read_invoice(paying.chain.tenant_id, sent["id"])
    await mark_paid(paying.who, sent["id"])
    kept = await (await owner()).fetchrow(
        "SELECT status, out_of_band FROM invoice WHERE tenant_id = $1 AND id = $2", paying.chain.tenant_id, sent["id"]
    )
    assert kept is not None
    assert tuple(kept) == ("paid", True)
    assert await refusal(mark_paid(paying.who, sent["id"])) == "invoice-not-open"


async def test_the_portals_address_is_made_when_asked_for(paying: Payer) -> None:
    assert await refusal(portal_link(paying.who)) == "no-subscription"
    await paying.subscribes()
    first, second = await portal_link(paying.who), await portal_link(paying.who)
    assert first != second
    rows = json.dumps(await paying.operations(), default=str)
    assert first not in rows


async def test_a_new_address_is_told_to_stripe(paying: Payer) -> None:
    await paying.subscribes()
    async with tenant_scope(paying.chain.tenant_id, principal=paying.who):
        await set_email("accounts@example.com")
    await paying.works()
    assert paying.box.client.v1.customers.retrieve(await paying.customer()).email == "accounts@example.com"
    known = len(await paying.operations())
    async with tenant_scope(paying.chain.tenant_id, principal=paying.who):
        await set_email("accounts@example.com")
    assert len(await paying.operations()) == known  # who saves a fapiao asks nothing of Stripe


async def test_fapiao_is_kept(chain: Chain) -> None:
    special: dict[str, Any] = {
        "type": "special",
        "title": "青禾连锁有限公司",
        "tax_number": "91310000MA1FL0000X",
        "address": "上海市",
        "phone": "021-12345678",
        "bank": "中国银行",
        "account": "1234567890",
    }
    async with tenant_scope(chain.tenant_id):
        assert await fapiao() is None
        await set_fapiao(Fapiao(**special))
        assert await fapiao() == special
        await set_fapiao(None)
        assert await fapiao() is None
    for left_out in ("tax_number", "address", "phone", "bank", "account"):
        with pytest.raises(ValidationError):
            Fapiao(**{name: value for name, value in special.items() if name != left_out})
    assert Fapiao(type="normal", title="张三").tax_number is None
    with pytest.raises(ValidationError):
        Fapiao(type="normal", title="x", tax_number="short")
