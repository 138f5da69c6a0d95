"""What we keep of Stripe's objects, of objects as sparse and as rich as Stripe sends them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from saas.billing.copies import ForeignObjectError, invoice_copy, subscription_copy
from saas.plans.catalogue import PriceKey, lookup_key, plan

GROWTH = plan("growth")
BASE, USAGE = (lookup_key(GROWTH, "CNY", part) for part in ("base", "usage"))
START, END = 1_793_491_200, 1_796_083_200


def item(name: str, key: str | None) -> dict[str, Any]:
    price = {"id": f"price_{name}", **({"lookup_key": key} if key else {})}
    return {"id": f"si_{name}", "price": price, "current_period_start": START, "current_period_end": END}


def subscription(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "sub_1",
        "customer": "cus_1",
        "status": "active",
        "collection_method": "charge_automatically",
        "items": {"data": list(items)},
        **more,
    }


def test_a_subscription_with_nothing_but_what_is_always_there() -> None:
    copy = subscription_copy(subscription(item("usage", USAGE), item("base", BASE)))
    assert copy.base == PriceKey("growth", GROWTH.revision or "", "CNY", "base")
    assert (copy.base_item, copy.usage_item) == ("si_base", "si_usage")
    assert (copy.period_start, copy.period_end) == (
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    )
    assert (copy.tenant, copy.trial_end, copy.ended_at, copy.payment_method, copy.latest_invoice) == (None,) * 5
    assert not copy.cancel_at_period_end
    assert copy.live


def test_a_subscription_expanded() -> None:
    card = {"id": "pm_2", "type": "card", "card": {"brand": "visa", "last4": "4242", "exp_month": 4, "exp_year": 2030}}
    of_customer = {"id": "cus_1", "invoice_settings": {"default_payment_method": {"id": "pm_1", "type": "alipay"}}}
    told = subscription(
        item("base", BASE),
        customer=of_customer,
        metadata={"tenant_id": "t"},
        latest_invoice={"id": "in_1"},
        cancel_at_period_end=True,
        cancel_at=END,
        default_payment_method=card,
    )
    copy = subscription_copy(told)
    assert (copy.customer, copy.tenant, copy.latest_invoice) == ("cus_1", "t", "in_1")
    assert copy.payment_method == {
        "type": "card",
        "brand": "visa",
        "last4": "4242",
        "exp_month": 4,
        "exp_year": 2030,
    }
    assert (copy.usage, copy.usage_item) == (None, None)
    assert copy.cancel_at == datetime(2026, 12, 1, tzinfo=UTC)
    del told["default_payment_method"]
    assert subscription_copy(told).payment_method == {"type": "alipay"}


@pytest.mark.parametrize("keys", [(), (None,), ("somebody_elses_price",), (USAGE,)])
def test_a_subscription_without_a_monthly_price_of_ours_is_foreign(keys: tuple[str | None, ...]) -> None:
    with pytest.raises(ForeignObjectError, match="sub_1"):
        subscription_copy(subscription(*(item("x", key) for key in keys)))


@pytest.mark.parametrize(
    ("status", "live"),
    [("active", True), ("incomplete", True), ("unpaid", True), ("canceled", False), ("incomplete_expired", False)],
)
def test_which_can_still_be_paid_for(status: str, live: bool) -> None:
    assert subscription_copy(subscription(item("base", BASE), status=status)).live is live


def test_an_invoice() -> None:
    line = {
        "description": "Growth",
        "amount": 59_900,
        "quantity": 1,
        "period": {"start": START, "end": END},
        "pricing": {"price_details": {"price": "price_base"}},
        "parent": {"subscription_item_details": {"proration": True}},
    }
    told = {
        "id": "in_1",
        "customer": "cus_1",
        "status": "open",
        "collection_method": "send_invoice",
        "currency": "cny",
        "total": 59_900,
        "amount_due": 59_900,
        "amount_paid": 0,
        "amount_remaining": 59_900,
        "period_start": START,
        "period_end": END,
        "created": END,
        "lines": {"data": [line, {"amount": 1, "period": {"start": START, "end": END}}]},
    }
    copy = invoice_copy(told)
    assert (copy.currency, copy.amount_remaining, copy.subscription, copy.number) == ("CNY", 59_900, None, None)
    assert (copy.due_at, copy.paid_at, copy.next_attempt_at, copy.attempt_count) == (None, None, None, 0)
    assert [(x["amount"], x["proration"], x["price"]) for x in copy.lines] == [
        (59_900, True, "price_base"),
        (1, False, None),
    ]
    more = {
        "parent": {"subscription_details": {"subscription": {"id": "sub_1"}}},
        "status_transitions": {"paid_at": END},
        "due_date": END,
    }
    copy = invoice_copy({**told, **more})
    assert (copy.subscription, copy.paid_at, copy.due_at) == ("sub_1", copy.created_at, copy.created_at)
