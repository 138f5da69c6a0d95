"""The whole life of a chain's account over HTTP, from sign-up to the last row: clocks are moved, and Stripe's webhooks
come as they come.
"""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from living import Life
from support.clock import owner
from support.payer import DECLINED, GOOD, payer
from support.stripe_box import StripeBox

DAY = timedelta(days=1)
STEP = 3 * DAY
"""Behind a step comes one night: nights that were missed don't come one by one."""


@pytest.fixture
async def life(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Life:
    paying = await payer(new_chain, drain, billing_on, trial=True, billing="yes")
    # Its members' nights have tests of their own.
    rest = "DELETE FROM schedule WHERE tenant_id = $1 AND name NOT LIKE 'billing%'"
    await (await owner()).execute(rest, paying.chain.tenant_id)
    return Life(paying, client)


async def buy(life: Life, number: str, expect: int = 201) -> Any:
    body = {"branch_id": life.payer.chain.branch_id, "external_id": number, "amount": 10_000}
    return await life.asks("POST", "/v1/purchases", body, expect)


async def quote(life: Life) -> Any:
    return await life.asks("POST", "/v1/quotes", {"branch_id": life.payer.chain.branch_id, "amount": 10_000})


async def test_the_whole_life(life: Life) -> None:
    begun = await life.now()
    await tries(life, begun)
    await buys(life, begun)
    await changes_plans(life, begun)
    await is_declined_and_pays_again(life, begun)
    ends = await cancels(life)
    await is_gone(life, ends)


async def tries(life: Life, begun: datetime) -> None:
    told = await life.account()
    assert (told["status"], told["plan"]["code"], told["banner"], told["subscription"]) == (
        "trialing",
        "trial",
        None,
        None,
    )
    assert [one["code"] for one in told["offers"]] == ["starter", "growth", "chain"]
    await buy(life, "in-trial")

    # Three days before its end the trial is announced, once.
    await life.lives(begun + 11.5 * DAY, STEP)
    assert (await life.account())["banner"]["code"] == "trial_ends"
    assert len(await life.events("billing.trial_ending")) == 1


async def buys(life: Life, begun: datetime) -> None:
    # With a card; the rest of the trial is free, then the first month is paid.
    opened = await life.asks("POST", "/v1/billing/checkout", {"plan": "starter"})
    await life.pays_page(opened["url"], GOOD)
    await life.hears()
    told = await life.account()
    assert (told["status"], told["subscription"]["status"], told["plan"]["code"]) == ("trialing", "trialing", "starter")
    assert told["subscription"]["payment_method"]["last4"] == "4242"
    assert told["banner"] is None
    await life.lives(begun + 15 * DAY, STEP)
    told = await life.account()
    assert (told["status"], told["subscription"]["status"]) == ("active", "active")
    (first,) = [one for one in (await life.asks("GET", "/v1/billing/invoices"))["data"] if one["total"]]
    assert (first["status"], first["total"], first["currency"]) == ("paid", 19_900, "CNY")
    assert first["hosted_url"].startswith("http")


async def changes_plans(life: Life, begun: datetime) -> None:
    # A larger one at once: what was shown is what is paid.
    shown = await life.asks("POST", "/v1/billing/change-plan", {"plan": "growth", "preview": True})
    assert (shown["kind"], shown["currency"]) == ("now", "CNY")
    assert 0 < shown["amount_due"] < 59_900 - 19_900 + 1
    body = {"plan": "growth", "proration_date": shown["proration_date"]}
    await life.asks("POST", "/v1/billing/change-plan", body)
    await life.hears()
    told = await life.account()
    assert told["plan"]["code"] == "growth"
    invoices = (await life.asks("GET", "/v1/billing/invoices"))["data"]
    assert (invoices[0]["total"], invoices[0]["status"]) == (shown["amount_due"], "paid")

    # A smaller one at the month's end.
    made = await life.asks("POST", "/v1/billing/change-plan", {"plan": "starter"})
    assert made["kind"] == "at_period_end"
    told = await life.account()
    assert (told["plan"]["code"], told["subscription"]["next_plan"]["code"]) == ("growth", "starter")
    await life.lives(begun + 43 * DAY, STEP)
    await life.lives(begun + 47 * DAY)  # the change is made in the month's last hours
    told = await life.account()
    assert (told["status"], told["plan"]["code"], told["subscription"]["next_plan"]) == ("active", "starter", None)
    assert (await life.asks("GET", "/v1/billing/invoices"))["data"][0]["total"] == 19_900


async def is_declined_and_pays_again(life: Life, begun: datetime) -> None:
    # A banner, retries, then the till only reads and quotes.
    await life.changes_card(DECLINED)
    await life.lives(begun + 77 * DAY, STEP)
    told = await life.account()
    assert (told["status"], told["banner"]["code"]) == ("past_due", "past_due")
    await buy(life, "past-due")
    await life.lives(begun + 90 * DAY, STEP)
    told = await life.account()
    assert (told["status"], told["banner"]["code"], told["subscription"]["status"]) == ("suspended", "unpaid", "unpaid")
    await buy(life, "suspended", 403)
    await quote(life)

    # A new card pays what is owed, and the chain trades again.
    await life.changes_card(GOOD)
    told = await life.account()
    assert (told["status"], told["banner"]) == ("active", None)
    assert all(one["status"] == "paid" for one in (await life.asks("GET", "/v1/billing/invoices"))["data"])
    await buy(life, "back")


async def cancels(life: Life) -> datetime:
    # Cancelled, back, cancelled; at the month's end it has left.
    await life.asks("POST", "/v1/billing/cancel", {})
    assert (await life.account())["banner"]["code"] == "ending"
    await life.asks("POST", "/v1/billing/resume")
    assert (await life.account())["banner"] is None
    await life.asks("POST", "/v1/billing/cancel", {})
    ends: datetime = (await life.payer.row())["period_end"]
    await life.lives(ends + DAY)
    told = await life.account()
    assert (told["status"], told["banner"]["code"]) == ("cancelled", "cancelled")
    await life.asks("GET", "/v1/members")
    await buy(life, "left", 403)
    return ends


async def is_gone(life: Life, ends: datetime) -> None:
    # It can read for thirty days, is told twice, and then nothing is left of it.
    await life.lives(ends + 29 * DAY + DAY / 2, STEP)
    assert len(await life.events("billing.erasure_near")) == 2
    changes = [(one["before"], one["after"]) for one in await life.events("billing.status_changed")]
    assert changes == [
        ("trialing", "active"),
        ("active", "past_due"),
        ("past_due", "suspended"),
        ("suspended", "active"),
        ("active", "cancelled"),
    ]
    await life.lives(ends + 30 * DAY + DAY)
    assert (await life.payer.chain.http.get("/v1/tenant")).status_code == 401
    gone = "SELECT count(*) FROM tenant WHERE tenant_id = $1"
    assert await (await owner()).fetchval(gone, life.payer.chain.tenant_id) == 0
