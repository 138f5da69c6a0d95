"""Each arrow of an account's life by itself, told by webhooks and by our own calendar."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from living import Life
from support.clock import owner
from support.payer import DECLINED, GOOD, payer
from support.stripe_box import StripeBox

from saas.billing.paying import mark_paid

DAY = timedelta(days=1)


@pytest.fixture
def begin(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Any:
    """A chain in trial, or behind it."""

    async def made(*, trial: bool = False) -> Life:
        paying = await payer(new_chain, drain, billing_on, trial=trial, billing="yes")
        await paying.gives_an_address()
        rest = "DELETE FROM schedule WHERE tenant_id = $1 AND name NOT LIKE 'billing%'"
        await (await owner()).execute(rest, paying.chain.tenant_id)
        return Life(paying, client)

    return made


async def buys(life: Life, plan: str = "starter", card: str | None = GOOD) -> None:
    opened = await life.asks("POST", "/v1/billing/checkout", {"plan": plan})
    await life.pays_page(opened["url"], card or "")
    await life.hears()


async def status(life: Life) -> str:
    told: str = (await life.account())["status"]
    return told


async def test_a_trial_ends_and_whoever_buys_trades_again(begin: Any) -> None:
    life = await begin(trial=True)
    await life.lives(await life.now() + 14 * DAY + DAY / 24, 5 * DAY)
    account = await life.account()
    assert (account["status"], account["banner"]["code"]) == ("suspended", "trial_over")
    await buys(life)
    account = await life.account()
    assert (account["status"], account["plan"]["code"], account["banner"]) == ("active", "starter", None)


async def test_bought_without_a_card_it_pauses_at_the_trials_end_and_a_card_starts_it(begin: Any) -> None:
    life = await begin(trial=True)
    await buys(life, card=None)
    account = await life.account()
    assert (account["status"], account["subscription"]["payment_method"]) == ("trialing", None)
    await life.lives(await life.now() + 15 * DAY, 5 * DAY)
    account = await life.account()
    assert (account["status"], account["subscription"]["status"]) == ("suspended", "paused")
    assert len(await life.events("billing.trial_ending")) == 1
    await life.changes_card(GOOD)
    await life.hears()
    account = await life.account()
    assert (account["status"], account["subscription"]["status"]) == ("active", "active")
    assert (await life.asks("GET", "/v1/billing/invoices"))["data"][0]["status"] == "paid"


async def test_a_declined_renewal_is_tried_again_with_the_new_card(begin: Any) -> None:
    life = await begin()
    await buys(life)
    await life.changes_card(DECLINED)
    await life.lives(await life.now() + 33 * DAY, 5 * DAY)
    assert await status(life) == "past_due"
    await life.changes_card(GOOD)
    await life.hears()
    assert await status(life) == "active"
    paid = [one for one in (await life.asks("GET", "/v1/billing/invoices"))["data"] if one["status"] == "paid"]
    assert [one["total"] for one in paid] == [19_900, 19_900]


async def test_who_left_comes_back_within_the_window_and_stays(begin: Any) -> None:
    life = await begin()
    await buys(life)
    await life.asks("POST", "/v1/billing/cancel", {"now": True})
    await life.hears()
    assert await status(life) == "cancelled"
    await life.lives(await life.now() + 20 * DAY, 5 * DAY)
    await buys(life, "growth")
    account = await life.account()
    assert (account["status"], account["plan"]["code"], account["banner"]) == ("active", "growth", None)
    row = await (await owner()).fetchrow(
        "SELECT cancelled_at FROM tenant WHERE tenant_id = $1", life.payer.chain.tenant_id
    )
    assert row is not None
    assert row["cancelled_at"] is None
    await life.lives(await life.now() + 25 * DAY, 5 * DAY)
    assert await status(life) == "active"


async def test_a_sent_invoice_that_nobody_pays(begin: Any) -> None:
    """Due after 15 days, then a banner, after two more weeks the till stops; the operator sees the money at last."""
    life = await begin()
    await life.asks("POST", "/v1/billing/checkout", {"plan": "growth", "pay": "invoice"})
    await life.hears()
    await life.lives(await life.now() + DAY)
    assert await status(life) == "active"
    await life.lives(await life.now() + 15 * DAY, 5 * DAY)
    account = await life.account()
    assert (account["status"], account["banner"]["code"]) == ("past_due", "overdue")
    await life.lives(await life.now() + 14 * DAY, 5 * DAY)
    assert await status(life) == "suspended"
    (invoice,) = [one for one in (await life.asks("GET", "/v1/billing/invoices"))["data"] if one["status"] == "open"]
    await mark_paid(life.payer.who, invoice["id"])
    await life.hears()
    assert await status(life) == "active"
    (paid,) = [one for one in (await life.asks("GET", "/v1/billing/invoices"))["data"] if one["id"] == invoice["id"]]
    assert (paid["status"], paid["out_of_band"]) == ("paid", True)


async def test_a_sent_invoice_is_paid_on_its_page(begin: Any) -> None:
    life = await begin()
    await life.asks("POST", "/v1/billing/checkout", {"plan": "growth", "pay": "invoice"})
    await life.hears()
    await life.lives(await life.now() + DAY)
    (invoice,) = [one for one in (await life.asks("GET", "/v1/billing/invoices"))["data"] if one["status"] == "open"]
    async with httpx.AsyncClient() as browser:
        page = await browser.get(invoice["hosted_url"])
        assert "Alipay" in page.text
    life.payer.box.fills_in(invoice["hosted_url"], do="alipay")
    await life.hears()
    (paid,) = [one for one in (await life.asks("GET", "/v1/billing/invoices"))["data"] if one["id"] == invoice["id"]]
    assert (paid["status"], paid["out_of_band"]) == ("paid", False)


async def test_two_pages_of_a_checkout_paid_are_one_subscription(begin: Any) -> None:
    """The older page is closed when the newer one opens; should both have been paid all the same, one is given back."""
    life = await begin()
    first = await life.asks("POST", "/v1/billing/checkout", {"plan": "starter"})
    second = await life.asks("POST", "/v1/billing/checkout", {"plan": "growth"})
    gone = life.payer.box.fills_in(first["url"], card=GOOD)
    assert gone.status_code == 410
    await life.pays_page(second["url"], GOOD)
    await life.hears()
    customer = await life.payer.customer()
    assert [one["status"] for one in life.payer.subscriptions(customer)] == ["active"]
    assert (await life.account())["plan"]["code"] == "growth"
