"""`regulars billing sync`: what is missing is made, what is there is left alone, what differs is told."""

from collections.abc import AsyncIterator

import pytest
from support.stripe_box import StripeBox

from saas.billing.client import close_stripe
from saas.billing.prices import forget_prices, price_ids
from saas.billing.sync import SyncError, sync
from saas.errors import DomainError


@pytest.fixture
async def box(billing_on: StripeBox) -> AsyncIterator[StripeBox]:
    billing_on.control("POST", "reset")
    forget_prices()
    yield billing_on
    forget_prices()
    await close_stripe()


async def test_it_makes_what_is_missing_and_then_finds_it(box: StripeBox) -> None:
    first = await sync()
    assert len(first) == 3 + 1 + 12 + 1
    assert {line.split()[0] for line in first} == {"made"}
    assert {line.split()[0] for line in await sync()} == {"found"}
    prices = {price.lookup_key: price for price in box.client.v1.prices.list({"limit": 100}).data}
    assert len(prices) == 12
    base, usage = prices["regulars_growth_cny_2026-11_base"], prices["regulars_growth_cny_2026-11_usage"]
    assert (base.unit_amount, base.currency, base.product) == (59_900, "cny", "regulars_growth")
    found = await price_ids("growth", "2026-11", "CNY")
    assert found == {"base": base.id, "usage": usage.id}


MAKES = ["/v1/products", "/v1/billing/meters", "/v1/prices", "/v1/billing_portal/configurations"]


@pytest.mark.parametrize("kind", ["429", "500", "500_kept", "drop", "drop_after"])
@pytest.mark.parametrize("path", MAKES)
async def test_a_sync_that_was_cut_off_is_finished_by_the_next(box: StripeBox, path: str, kind: str) -> None:
    box.faults({"kind": kind, "method": "POST", "path": path, "times": 1})
    with pytest.raises(DomainError) as refused:
        await sync()
    assert refused.value.code == "billing-unavailable"
    assert box.control("GET", "faults")["faults"] == [], "the fault was never met"
    await sync()
    assert {line.split()[0] for line in await sync()} == {"found"}
    client = box.client.v1
    keys = [price.lookup_key for price in client.prices.list({"limit": 100}).data]
    assert len(keys) == len(set(keys)) == 12
    assert len(client.products.list({"limit": 100}).data) == 3
    assert len(client.billing.meters.list({"limit": 100}).data) == 1
    assert len(client.billing_portal.configurations.list({"limit": 100}).data) == 1


async def test_a_price_that_differs_is_told_and_left_alone(box: StripeBox) -> None:
    client = box.client.v1
    client.products.create({"id": "regulars_starter", "name": "x"})
    key = "regulars_starter_cny_2026-11_base"
    wrong = client.prices.create(
        {
            "product": "regulars_starter",
            "currency": "cny",
            "unit_amount": 1,
            "recurring": {"interval": "month"},
            "lookup_key": key,
        }
    )
    with pytest.raises(SyncError, match=key):
        await sync()
    assert client.prices.retrieve(wrong.id).unit_amount == 1


async def test_before_it_nothing_can_be_bought(box: StripeBox) -> None:
    with pytest.raises(DomainError) as refused:
        await price_ids("growth", "2026-11", "CNY")
    assert refused.value.code == "billing-not-set-up"
