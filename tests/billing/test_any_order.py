"""Webhooks in any order, lost and doubled: once what was lost is fetched, our copy is what Stripe has."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from living import Life, shuffled
from support.clock import owner
from support.payer import DECLINED, GOOD, Json, payer
from support.stripe_box import StripeBox

from saas.billing.backfill import read_undelivered
from saas.billing.copies import invoice_copy, subscription_copy
from saas.billing.reconcile import reconcile
from saas.billing.states import Standing, status_at
from saas.errors import DomainError

DAY = timedelta(days=1)
ACTS = ("upgrade", "downgrade", "cancel", "resume", "bad_card", "good_card", "week", "month", "pay")


@pytest.fixture
async def bought(new_chain: Any, drain: Any, billing_on: StripeBox, client: httpx.AsyncClient) -> Any:
    """Makes chains that have just bought the small plan; what Stripe has told of it is still on its way."""

    async def make() -> Life:
        life = Life(await payer(new_chain, drain, billing_on, billing="yes"), client)
        rest = "DELETE FROM schedule WHERE tenant_id = $1 AND name <> 'billing'"
        await (await owner()).execute(rest, life.payer.chain.tenant_id)
        opened = await life.asks("POST", "/v1/billing/checkout", {"plan": "starter"})
        await life.pays_page(opened["url"], GOOD)
        return life

    return make


async def does(life: Life, act: str) -> None:
    """One thing that an owner or time does; what can't be done now is refused and changes nothing."""
    paths = {
        "upgrade": ("change-plan", {"plan": "growth"}),
        "downgrade": ("change-plan", {"plan": "starter"}),
        "cancel": ("cancel", {}),
        "resume": ("resume", {}),
        "pay": ("pay", {}),
    }
    if act in paths:
        path, body = paths[act]
        answer = await life.payer.chain.http.post(f"/v1/billing/{path}", json=body)
        assert answer.status_code < 500, answer.text
    elif act in {"week", "month"}:
        await life.payer.moves_to(await life.now() + (7 if act == "week" else 31) * DAY)
    else:
        await puts_card(life, GOOD if act == "good_card" else DECLINED)


async def puts_card(life: Life, card: str) -> None:
    answer = await life.payer.chain.http.post("/v1/billing/portal")
    if answer.status_code == 200:
        life.payer.box.fills_in(answer.json()["url"], do="pay", card=card)


async def truth(life: Life) -> tuple[Json | None, dict[str, Json]]:
    """The subscription that counts and the invoices, as Stripe has them."""
    customer = await life.payer.customer()
    box = life.payer.box.client
    wanted = {"customer": customer, "status": "all", "limit": 100}
    told = [one.to_dict() for one in box.v1.subscriptions.list(wanted).data]  # type: ignore[arg-type]
    live = [one for one in told if one["status"] not in {"canceled", "incomplete_expired"}]
    ended = sorted(told, key=lambda one: one.get("ended_at") or 0)
    assert len(live) <= 1
    counts = live[0] if live else ended[-1] if ended else None
    invoices = box.v1.invoices.list({"customer": customer, "limit": 100}).data
    return counts, {one.id: one.to_dict() for one in invoices}


async def same(life: Life) -> None:
    """Our copies, and the chain's status, are what Stripe has."""
    told, invoices = await truth(life)
    ours = await life.payer.row()
    assert told is not None
    copy = subscription_copy(told)
    assert (ours["subscription_id"], ours["stripe_status"]) == (copy.id, copy.status)
    assert (ours["plan"], ours["period_start"], ours["period_end"]) == (
        copy.base.code,
        copy.period_start,
        copy.period_end,
    )
    assert (ours["cancel_at_period_end"], ours["ended_at"]) == (copy.cancel_at_period_end, copy.ended_at)
    rows = await (await owner()).fetch("SELECT * FROM invoice WHERE tenant_id = $1", life.payer.chain.tenant_id)
    kept = {row["id"]: (row["status"], row["total"], row["amount_paid"], row["amount_remaining"]) for row in rows}
    expected = {key: invoice_copy(value) for key, value in invoices.items()}
    assert kept == {
        key: (one.status, one.total, one.amount_paid, one.amount_remaining) for key, one in expected.items()
    }
    standing = Standing("active", None, copy.status)  # type: ignore[arg-type]  # Stripe's word
    assert await life.payer.status() == status_at(standing, datetime.now(UTC))


async def through_chaos(life: Life, acts: list[str], seed: int, *, lose: float) -> None:
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    late: list[Any] = []
    for act in ["", *acts]:
        if act:
            await does(life, act)
        customer = await life.payer.customer()
        come = late + life.payer.box.deliveries(customer)
        late = [one for one in come if chance.random() < 0.3]
        now = [one for one in come if one not in late]
        await life.hears(shuffled(now, chance.randrange(10**6), lose=lose, double=0.3))
    await life.hears(shuffled(late, chance.randrange(10**6), lose=lose, double=0.3))


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=6), seed=st.integers(0, 10**6))
async def test_what_was_lost_is_fetched_and_then_all_is_as_stripe_has_it(
    bought: Any, acts: list[str], seed: int
) -> None:
    life = await bought()
    began = datetime.now(UTC) - timedelta(days=400)
    await through_chaos(life, acts, seed, lose=0.4)
    while await read_undelivered(began):
        await life.payer.works()
    await life.payer.works()
    await same(life)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=6), seed=st.integers(0, 10**6))
async def test_where_everything_is_lost_a_comparison_mends_it(bought: Any, acts: list[str], seed: int) -> None:
    life = await bought()
    await through_chaos(life, acts, seed, lose=1.0)
    mended = [one async for one in reconcile(life.payer.chain.tenant_id)]
    assert any(one.what == "subscription stripe_status" for one in mended) or not mended
    await life.payer.works()
    await same(life)
    again = [one async for one in reconcile(life.payer.chain.tenant_id)]
    assert again == []


async def test_without_stripe_a_comparison_says_so(bought: Any, billing_on: StripeBox) -> None:
    life = await bought()
    billing_on.faults({"kind": "500", "times": 10})
    with pytest.raises(DomainError, match="billing-unavailable"):
        [one async for one in reconcile(life.payer.chain.tenant_id)]
