"""Who leaves and comes back at the last moment; what was missed, and what a key gives a day later."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from living import Life
from support.clock import owner
from support.payer import GOOD, days, payer
from support.stripe_box import StripeBox

from saas.billing import dates, reconcile
from saas.billing.ending import cancel, end_now
from saas.billing.usage.reporting import report_days
from saas.operators.accounts import erase

DAY = timedelta(days=1)


@pytest.fixture
async def life(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Life:
    paying = await payer(new_chain, drain, billing_on, billing="yes")
    await paying.gives_an_address()
    rest = "DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'billing'"
    await (await owner()).execute(rest, paying.chain.tenant_id)
    return Life(paying, client)


async def value(life: Life, sql: str) -> Any:
    return await (await owner()).fetchval(sql, life.payer.chain.tenant_id)


async def left(life: Life) -> Any:
    """It has left, and its thirty days are nearly over; since when."""
    await life.payer.subscribes("starter")
    await life.hears()
    await end_now(life.payer.who)
    await life.hears()
    gone = await value(life, "SELECT cancelled_at FROM tenant WHERE tenant_id = $1")
    await life.payer.moves_to(gone + days(29.9))
    return gone


async def test_bought_at_the_last_moment_and_unheard_it_is_not_erased(life: Life) -> None:
    gone = await left(life)
    opened = await life.asks("POST", "/v1/billing/checkout", {"plan": "starter"})
    await life.pays_page(opened["url"], GOOD)
    await life.payer.moves_to(gone + days(30.1))
    await dates.erase(life.payer.chain.tenant_id, {})
    assert (await life.account())["status"] == "active"


async def test_erased_it_leaves_no_page_to_buy_on(life: Life) -> None:
    gone = await left(life)
    await life.asks("POST", "/v1/billing/checkout", {"plan": "starter"})
    customer = await life.payer.customer()
    await life.payer.moves_to(gone + days(30.1))
    await life.asks("POST", "/v1/billing/checkout", {"plan": "growth"}, 403)
    await dates.erase(life.payer.chain.tenant_id, {})
    assert await value(life, "SELECT count(*) FROM tenant WHERE tenant_id = $1") == 0
    pages = life.payer.box.client.v1.checkout.sessions.list({"customer": customer}).data
    assert {one.status for one in pages} == {"complete", "expired"}


async def test_erased_by_the_operator_nothing_lives_at_stripe(life: Life) -> None:
    """Not even what we never heard of."""
    opened = await life.asks("POST", "/v1/billing/checkout", {"plan": "starter"})
    await life.pays_page(opened["url"], GOOD)
    customer = await life.payer.customer()
    await erase(life.payer.chain.tenant_id)
    assert [one["status"] for one in life.payer.subscriptions(customer)] == ["canceled"]


async def test_whose_end_was_heard_of_late_has_days_to_export(life: Life) -> None:
    row = await life.payer.subscribes("starter")
    await life.hears()
    await cancel(life.payer.who)
    await life.payer.moves_to(row["period_end"] + days(0.1))
    await life.payer.moves_to(row["period_end"] + days(28))
    await life.payer.moves_to(row["period_end"] + days(40))
    await life.hears()
    account = await life.account()
    assert account["status"] == "cancelled"
    gone = await value(life, "SELECT cancelled_at FROM tenant WHERE tenant_id = $1")
    assert await life.now() - gone <= 2 * DAY + timedelta(minutes=1)


async def test_a_key_is_kept_for_a_day(life: Life) -> None:
    body, key = {"plan": "starter"}, {"Idempotency-Key": "buy"}
    first = await life.asks("POST", "/v1/billing/checkout", body, **key)
    assert await life.asks("POST", "/v1/billing/checkout", body, **key) == first
    await life.asks("POST", "/v1/billing/checkout", {"plan": "growth"}, 422, **key)
    await life.asks("POST", "/v1/billing/checkout", body | {"pay": "invoice"}, 422, **key)
    aged = "UPDATE billing_operation SET created_at = created_at - interval '25 hours' WHERE tenant_id = $1"
    await (await owner()).execute(aged, life.payer.chain.tenant_id)
    again = await life.asks("POST", "/v1/billing/checkout", body, **key)
    assert again["url"] != first["url"]
    assert await life.asks("POST", "/v1/billing/checkout", body, **key) == again


async def test_every_night_all_is_compared(life: Life) -> None:
    tenant_id = life.payer.chain.tenant_id
    opened = await life.asks("POST", "/v1/billing/checkout", {"plan": "starter"})
    await life.pays_page(opened["url"], GOOD)
    assert (await life.account())["subscription"] is None
    await report_days(tenant_id, {})
    planned = "SELECT next_at - clock_timestamp() FROM outbox WHERE tenant_id = $1 AND name = 'billing.compare'"
    assert timedelta(minutes=-1) < await value(life, planned) < timedelta(hours=3)
    await reconcile.compare(tenant_id, {})
    account = await life.account()
    assert (account["status"], account["subscription"]["status"]) == ("active", "active")
