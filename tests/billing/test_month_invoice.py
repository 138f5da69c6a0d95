"""A month of 12,345 active members on each plan: what is shown, what Stripe previews, and what it bills are one sum."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from living import Life
from support.clock import owner
from support.payer import payer
from support.stripe_box import StripeBox
from test_expected_invoice import MONTH
from using import many_buy

MEMBERS = 12_345
LATE = 345
"""So many come on the last day, behind the last night's report."""


@pytest.fixture
async def begun(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Any:
    """A chain without its trial, in a currency."""

    async def begin(currency: str) -> Life:
        paying = await payer(new_chain, drain, billing_on, billing="yes", currency=currency)
        rest = "DELETE FROM schedule WHERE tenant_id = $1 AND name NOT LIKE 'billing%'"
        await (await owner()).execute(rest, paying.chain.tenant_id)
        return Life(paying, client)

    return begin


@pytest.mark.parametrize("month", MONTH, ids=lambda month: f"{month[0]}-{month[1]}")
async def test_the_invoice_is_the_arithmetic(month: tuple[str, str, int, int, int, int], begun: Any) -> None:
    code, currency, beyond, use, base, total = month
    life = await begun(currency)
    paying = life.payer
    held = await paying.subscribes(code)
    await life.hears()
    await many_buy(paying.chain, MEMBERS - LATE)
    await life.lives(held["period_end"] - timedelta(hours=20), timedelta(days=10))
    previewed = paying.box.client.v1.invoices.create_preview(
        {"customer": await paying.customer(), "subscription": held["subscription_id"]}
    )
    shown = await life.asks("GET", "/v1/billing/usage")
    assert shown["active_members"]["count"] == MEMBERS - LATE
    assert previewed.total == shown["expected_invoice"]["total"]
    await many_buy(paying.chain, LATE)
    await paying.moves_to(held["period_end"] - timedelta(minutes=10))

    shown = await life.asks("GET", "/v1/billing/usage")
    assert shown["active_members"] == {
        "count": MEMBERS,
        "included": shown["active_members"]["included"],
        "further": beyond,
    }
    assert [(line["part"], line["amount"]) for line in shown["expected_invoice"]["lines"]] == [
        ("usage", use),
        ("base", base),
    ]
    assert (shown["expected_invoice"]["currency"], shown["expected_invoice"]["total"]) == (currency, total)

    await paying.moves_to(held["period_end"] + timedelta(minutes=1))
    await life.hears()  # the invoice is a draft: the month's last count is told
    paying.box.settle()
    await paying.moves_to(held["period_end"] + timedelta(hours=2))
    await life.hears()
    billed = (await life.asks("GET", "/v1/billing/invoices"))["data"][0]
    assert (billed["total"], billed["currency"], billed["status"]) == (total, currency, "paid")
    (invoice,) = [
        one for one in paying.invoices(await paying.customer()) if one["billing_reason"] == "subscription_cycle"
    ]
    lines = [(line["amount"], line["quantity"]) for line in invoice["lines"]["data"]]
    assert sum(amount for amount, _ in lines) == total
    assert sum(amount for amount, _ in lines if amount not in {base, 0}) == use
