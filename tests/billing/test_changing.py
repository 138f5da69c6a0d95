"""Another plan: dearer at once for what the preview said, smaller when the month is over."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from support.chains import Chain
from support.clock import owner
from support.feed import told_of
from support.payer import DECLINED, Payer, days, payer
from support.stripe_box import StripeBox

from saas.billing.changing import FRESH, change_plan, preview_change
from saas.billing.checkout import subscribe_by_invoice
from saas.billing.downgrading import after_renewal, before_renewal
from saas.billing.ending import cancel, end_now
from saas.errors import DomainError

NewChain = Callable[..., Awaitable[Chain]]


@pytest.fixture
async def paying(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> Payer:
    return await payer(new_chain, drain, billing_on)


async def refusal(asked: Awaitable[Any]) -> str:
    with pytest.raises(DomainError) as refused:
        await asked
    return refused.value.code


def prices(paying: Payer, row: dict[str, Any]) -> dict[str, str]:
    """The lookup keys that Stripe has in the two items."""
    held = paying.box.client.v1.subscriptions.retrieve(row["subscription_id"])
    return {str(item.price.lookup_key).rpartition("_")[2]: str(item.price.lookup_key) for item in held["items"].data}


def both(plan: str) -> dict[str, str]:
    return {part: f"regulars_{plan}_cny_2026-11_{part}" for part in ("base", "usage")}


async def card(paying: Payer, number: str) -> None:
    """Another card takes the first one's place."""
    customer, row = await paying.customer(), await paying.row()
    client = paying.box.client.v1
    name = {"4000000000000341": "pm_card_chargeCustomerFail"}.get(number, "pm_card_visa")
    method = client.payment_methods.attach(name, {"customer": customer})
    client.subscriptions.update(row["subscription_id"], {"default_payment_method": method.id})


async def test_the_preview_is_what_an_upgrade_costs(paying: Payer) -> None:
    row = await paying.subscribes("starter")
    third = row["period_start"] + (row["period_end"] - row["period_start"]) / 3
    await paying.moves_to(third)
    shown = await preview_change(paying.who, "chain")
    assert (shown.kind, shown.currency, shown.branches_over) == ("now", "CNY", 0)
    assert shown.amount_due == sum(line.amount for line in shown.lines)
    assert abs(shown.amount_due - (199_900 - 19_900) * 2 // 3) <= 2
    done = await change_plan(paying.who, "chain", proration_date=shown.proration_date)
    assert (done.kind, done.plan) == ("now", "chain")
    row = await paying.row()
    assert (row["plan"], row["stripe_status"]) == ("chain", "active")
    assert prices(paying, row) == both("chain")
    last = paying.invoices(await paying.customer())[0]
    assert (last["status"], last["amount_paid"]) == ("paid", shown.amount_due)
    assert len(paying.invoices(await paying.customer())) == 2


async def test_the_same_key_is_the_same_upgrade(paying: Payer) -> None:
    await paying.subscribes("starter")
    first = await change_plan(paying.who, "chain", key="k")
    again = await change_plan(paying.who, "chain", key="k")
    assert (first.kind, first.plan, first.revision) == (again.kind, again.plan, again.revision)
    assert await refusal(change_plan(paying.who, "growth", key="k")) == "idempotency-key-reused"
    assert [one["kind"] for one in await paying.operations()].count("upgrade") == 1


async def test_a_declined_upgrade_changes_nothing(paying: Payer) -> None:
    await paying.subscribes("starter")
    await card(paying, DECLINED)
    assert await refusal(change_plan(paying.who, "chain")) == "payment-declined"
    row = await paying.reads()
    assert (row["plan"], row["stripe_status"], await paying.status()) == ("starter", "active", "active")
    assert prices(paying, row) == both("starter")
    await card(paying, "4242")
    await change_plan(paying.who, "chain")
    assert (await paying.row())["plan"] == "chain"


async def test_in_trial_a_plan_is_changed_for_nothing(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> None:
    trying = await payer(new_chain, drain, billing_on, trial=True)
    await trying.subscribes("chain", card=None)
    shown = await preview_change(trying.who, "starter")
    assert (shown.kind, shown.amount_due, list(shown.lines)) == ("now", 0, [])
    await change_plan(trying.who, "starter")
    row = await trying.row()
    assert (row["plan"], row["stripe_status"]) == ("starter", "trialing")
    assert prices(trying, row) == both("starter")


async def test_an_old_preview_is_refused(paying: Payer) -> None:
    await paying.subscribes("starter")
    shown = await preview_change(paying.who, "growth")
    await paying.moves_to(datetime.fromtimestamp(shown.proration_date).astimezone() + FRESH + timedelta(minutes=1))
    again = change_plan(paying.who, "growth", proration_date=shown.proration_date)
    assert await refusal(again) == "preview-outdated"


async def test_a_smaller_plan_waits_for_the_end_of_the_month(paying: Payer) -> None:
    row = await paying.subscribes("growth")
    shown = await preview_change(paying.who, "starter")
    assert (shown.kind, shown.amount_due, shown.at) == ("at_period_end", 0, row["period_end"])
    asked = paying.box.last_request()
    done = await change_plan(paying.who, "starter")
    assert (done.kind, done.at) == ("at_period_end", row["period_end"])
    assert paying.box.requests(asked) == []  # Stripe hears nothing of it yet
    await before_renewal(paying.chain.tenant_id)  # too early
    assert prices(paying, row) == both("growth")

    await paying.moves_to(row["period_end"] - timedelta(hours=2))
    for _ in range(2):
        await before_renewal(paying.chain.tenant_id)
    row = await paying.row()
    assert (row["plan"], row["next_plan"], row["next_step"]) == ("growth", "starter", "usage")
    assert prices(paying, row) == {"base": both("starter")["base"], "usage": both("growth")["usage"]}
    await after_renewal(paying.chain.tenant_id)  # too early
    assert (await paying.row())["next_step"] == "usage"

    await paying.moves_to(row["period_end"] + timedelta(hours=2))
    await paying.reads()
    for _ in range(2):
        await after_renewal(paying.chain.tenant_id)
    row = await paying.row()
    assert (row["plan"], row["next_plan"], row["next_step"]) == ("starter", None, None)
    assert prices(paying, row) == both("starter")
    amounts = [one["amount_paid"] for one in paying.invoices(await paying.customer())]
    assert amounts == [19_900, 59_900]


async def test_a_smaller_plan_that_came_late_gives_the_difference_back(paying: Payer) -> None:
    """Nobody told Stripe before the renewal: the month was paid at the old price."""
    row = await paying.subscribes("growth")
    await change_plan(paying.who, "starter")
    await paying.moves_to(row["period_end"] + timedelta(days=1))
    await before_renewal(paying.chain.tenant_id)  # by our copy, which is of the month before
    await after_renewal(paying.chain.tenant_id)
    row = await paying.row()
    assert (row["plan"], row["next_plan"]) == ("starter", None)
    assert prices(paying, row) == both("starter")
    assert [one["amount_paid"] for one in paying.invoices(await paying.customer())] == [59_900, 59_900]
    customer = await paying.customer()
    pending = paying.box.client.v1.invoice_items.list({"customer": customer, "pending": True}).data
    given_back = sum(item.amount for item in pending)
    assert -40_000 < given_back < -36_000


async def test_a_smaller_plan_is_taken_back(paying: Payer) -> None:
    row = await paying.subscribes("growth")
    await change_plan(paying.who, "starter")
    assert (await change_plan(paying.who, "growth")).kind == "undo"
    assert (await paying.row())["next_plan"] is None
    assert await refusal(change_plan(paying.who, "growth")) == "plan-unchanged"

    await change_plan(paying.who, "starter")
    await paying.moves_to(row["period_end"] - timedelta(hours=2))
    await before_renewal(paying.chain.tenant_id)
    assert (await change_plan(paying.who, "growth")).kind == "undo"
    row = await paying.row()
    assert (row["plan"], row["next_plan"], row["next_step"]) == ("growth", None, None)
    assert prices(paying, row) == both("growth")


async def test_a_dearer_plan_over_a_smaller_one_that_was_under_way(paying: Payer) -> None:
    row = await paying.subscribes("growth")
    await change_plan(paying.who, "starter")
    await paying.moves_to(row["period_end"] - timedelta(hours=2))
    await before_renewal(paying.chain.tenant_id)
    await change_plan(paying.who, "chain")
    row = await paying.row()
    assert (row["plan"], row["next_plan"]) == ("chain", None)
    assert prices(paying, row) == both("chain")


async def test_a_dearer_plan_forgets_a_smaller_one_that_was_to_come(paying: Payer) -> None:
    await paying.subscribes("growth")
    await change_plan(paying.who, "starter")
    await change_plan(paying.who, "chain")
    row = await paying.row()
    assert (row["plan"], row["next_plan"]) == ("chain", None)


async def test_a_new_subscription_knows_nothing_of_the_old_ones_plans(paying: Payer) -> None:
    await paying.subscribes("growth")
    await change_plan(paying.who, "starter")
    await end_now(paying.who)
    row = await paying.subscribes("growth")
    assert (row["plan"], row["stripe_status"], row["next_plan"]) == ("growth", "active", None)


async def test_a_smaller_plan_needs_fewer_branches(paying: Payer) -> None:
    await paying.subscribes("growth")
    for n in range(3):
        made = await paying.chain.http.post("/v1/branches", json={"code": f"b{n}", "name": "x"})
        assert made.status_code == 201, made.text
    assert (await preview_change(paying.who, "starter")).branches_over == 1
    assert await refusal(change_plan(paying.who, "starter")) == "plan-too-small"


async def test_branches_opened_since_keep_the_larger_plan(paying: Payer) -> None:
    row = await paying.subscribes("growth")
    await change_plan(paying.who, "starter")
    for n in range(3):
        await paying.chain.http.post("/v1/branches", json={"code": f"b{n}", "name": "x"})
    await paying.moves_to(row["period_end"] - timedelta(hours=2))
    await before_renewal(paying.chain.tenant_id)
    assert (await paying.row())["next_plan"] is None
    assert prices(paying, row) == both("growth")
    told = await told_of(paying.chain.tenant_id, "billing.downgrade_dropped")
    assert [json.loads(row["data"]) for row in told] == [{"plan": "starter", "branches_over": 1}]


async def test_who_owes_or_leaves_pays_or_comes_back_first(paying: Payer) -> None:
    await paying.subscribes("growth")
    await cancel(paying.who)
    assert await refusal(change_plan(paying.who, "chain")) == "subscription-ending"
    assert await refusal(change_plan(paying.who, "starter")) == "subscription-ending"
    await (await owner()).execute(
        "UPDATE subscription SET stripe_status = 'past_due' WHERE tenant_id = $1", paying.chain.tenant_id
    )
    assert await refusal(preview_change(paying.who, "chain")) == "payment-outstanding"
    assert await refusal(change_plan(paying.who, "chain")) == "payment-outstanding"


async def test_without_a_subscription_there_is_nothing_to_change(paying: Payer) -> None:
    assert await refusal(preview_change(paying.who, "chain")) == "no-subscription"
    assert await refusal(change_plan(paying.who, "chain")) == "no-subscription"


async def test_by_invoice_an_upgrade_is_sent(new_chain: NewChain, drain: Any, billing_on: StripeBox) -> None:
    sent = await payer(new_chain, drain, billing_on)
    await sent.gives_an_address()
    await subscribe_by_invoice(sent.who, "starter")
    row = await sent.row()
    await sent.moves_to(row["period_start"] + days(10))
    shown = await preview_change(sent.who, "growth")
    await change_plan(sent.who, "growth", proration_date=shown.proration_date)
    assert (await sent.row())["plan"] == "growth"
    last = sent.invoices(await sent.customer())[0]
    assert (last["amount_due"], last["collection_method"]) == (shown.amount_due, "send_invoice")
