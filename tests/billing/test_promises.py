"""What the pages promise is what happens, and who waits for Stripe waits so long and no longer."""

import time
from typing import Any

import httpx
import pytest
from living import Life
from support.browsing import csrf_of, logged_in
from support.clock import owner
from support.payer import days, payer
from support.stripe_box import StripeBox

from saas.billing import client as billing_client
from saas.billing.changing import preview_change
from saas.billing.portal import portal_link
from saas.errors import DomainError


@pytest.fixture
async def life(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Life:
    made = await payer(new_chain, drain, billing_on, trial=True)
    await made.gives_an_address("boss@example.com")
    return Life(made, client)


@pytest.mark.parametrize(("before", "promised"), [(3, True), (1.5, False)])
async def test_when_the_first_payment_of_a_trial_is(app: Any, life: Life, before: float, promised: bool) -> None:
    ends = await (await owner()).fetchval(
        "SELECT trial_ends_at FROM tenant WHERE tenant_id = $1", life.payer.chain.tenant_id
    )
    await life.payer.moves_to(ends - days(before))
    async with logged_in(app, life.payer.chain) as browser:
        page = (await browser.get("/billing/change", params={"plan": "starter"})).text
    assert ("the first payment is then" in page) is promised
    assert ("A card is charged at once" in page) is not promised
    await life.payer.subscribes("starter")
    paid = [one["amount_paid"] for one in life.payer.invoices(await life.payer.customer()) if one["amount_paid"]]
    assert paid == ([] if promised else [19_900])


async def test_who_pays_for_nothing_any_more_leaves_at_once(app: Any, life: Life) -> None:
    row = await life.payer.subscribes("starter", card=None)
    await life.payer.moves_to(row["trial_end"] + days(0.1))
    await life.payer.reads()
    async with logged_in(app, life.payer.chain) as browser:
        page = (await browser.get("/billing/leave")).text
        assert "It takes effect at once" in page
        assert "everything works as it does now" not in page
        fields = {"_csrf": csrf_of(page), "act": "cancel"}
        home = await browser.get((await browser.post("/billing/act", data=fields)).headers["location"])
    assert "For 30 days you can still read and export everything." in home.text
    assert await life.payer.status() == "cancelled"


async def test_who_is_held_by_the_operator_and_owes_nothing_is_not_asked_to_pay(app: Any, life: Life) -> None:
    await life.payer.subscribes("starter")
    held = "UPDATE tenant SET status = 'suspended', held_by_operator = true WHERE tenant_id = $1"
    await (await owner()).execute(held, life.payer.chain.tenant_id)
    async with logged_in(app, life.payer.chain) as browser:
        assert "Charge the card now" not in (await browser.get("/billing")).text


@pytest.mark.parametrize("what", ["preview", "portal"])
async def test_several_calls_take_no_longer_than_one(life: Life, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    await life.payer.subscribes("starter")
    sql = "UPDATE subscription SET stripe_status = 'active' WHERE tenant_id = $1"
    await (await owner()).execute(sql, life.payer.chain.tenant_id)
    monkeypatch.setattr(billing_client, "SECONDS", 1.0)
    life.payer.box.faults({"kind": "slow", "path": "/v1/*", "times": 50, "seconds": 0.7})
    began = time.monotonic()
    with pytest.raises(DomainError, match="billing-unavailable"):
        await (preview_change(life.payer.who, "growth") if what == "preview" else portal_link(life.payer.who))
    assert time.monotonic() - began < 1.4
