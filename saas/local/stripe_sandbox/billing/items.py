"""A subscription's items: which prices it holds."""

from typing import Any

from saas.local.stripe_sandbox.billing.changing import present
from saas.local.stripe_sandbox.billing.periods import Interval, Period
from saas.local.stripe_sandbox.errors import invalid, not_simulated
from saas.local.stripe_sandbox.store import Object, Store


def items_of(subscription: Object) -> list[Object]:
    """The items, in the order in which they were added."""
    found: list[Object] = subscription["items"]["data"]
    return found


def item_list(subscription: str, items: list[Object]) -> Object:
    """As a subscription shows them."""
    return {
        "object": "list",
        "data": items,
        "has_more": False,
        "total_count": len(items),
        "url": f"/v1/subscription_items?subscription={subscription}",
    }


def usable_price(store: Store, price_id: str, currency: str | None, param: str) -> Object:
    """A price that a subscription can hold. Refuses what Stripe refuses, and 501 what it would bill otherwise."""
    price = store.must("price", price_id, param)
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", param)
    if price["type"] != "recurring":
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            param,
        )
    if currency is not None and price["currency"] != currency:
        raise invalid(
            f"The price specified only supports `{price['currency']}`. This doesn't match the expected currency:"
            f" `{currency}`.",
            param,
        )
    if price.get("tiers_mode") == "volume":
        raise not_simulated("prices with tiers_mode=volume")
    return price


def new_item(subscription: str, price: Object, given: Object, period: Period, now: int, param: str) -> Object:
    """An item for `given` (quantity, metadata): licensed ones have a quantity, metered ones none."""
    return present(
        {
            "id": Store.new_id("si"),
            "object": "subscription_item",
            "created": now,
            "current_period_end": period.end,
            "current_period_start": period.start,
            "discounts": [],
            "metadata": given.get("metadata") or {},
            "plan": plan_of(price),
            "price": price,
            "quantity": quantity_for(price, given.get("quantity"), param),
            "subscription": subscription,
            "tax_rates": [],
        }
    )


def quantity_for(price: Object, given: int | None, param: str) -> int | None:
    """How many of a licensed price; metered use has no quantity of its own."""
    if price["recurring"]["usage_type"] == "metered":
        if given is not None:
            raise invalid("The price specified is metered: quantity should not be specified.", f"{param}[quantity]")
        return None
    if given is not None and given < 0:
        raise invalid("Invalid integer: quantity must be 0 or more", f"{param}[quantity]")
    return 1 if given is None else given


def metered(item: Object) -> bool:
    """Whether an item is billed by use, in arrears."""
    return bool(item["price"]["recurring"]["usage_type"] == "metered")


def interval_of(prices: list[Object]) -> Interval:
    """The one interval of all. Mixed ones are Stripe's but not ours."""
    found = {(price["recurring"]["interval"], price["recurring"]["interval_count"]) for price in prices}
    if len(found) != 1:
        raise not_simulated("subscriptions whose items have different intervals")
    return Interval(*found.pop())


def period_of(subscription: Object) -> Period:
    """The current period; all items share it."""
    first = items_of(subscription)[0]
    return Period(first["current_period_start"], first["current_period_end"])


def in_period(items: list[Object], period: Period) -> list[Object]:
    """The items with a new current period."""
    times = {"current_period_start": period.start, "current_period_end": period.end}
    return [item | times for item in items]


def plan_of(price: Object) -> Object:
    """The price in its older shape; Stripe still shows both on an item."""
    recurring = price["recurring"]
    return present(
        {
            "id": price["id"],
            "object": "plan",
            "active": price["active"],
            "amount": price.get("unit_amount"),
            "amount_decimal": price.get("unit_amount_decimal"),
            "billing_scheme": price["billing_scheme"],
            "created": price["created"],
            "currency": price["currency"],
            "interval": recurring["interval"],
            "interval_count": recurring["interval_count"],
            "livemode": False,
            "metadata": price["metadata"],
            "meter": recurring.get("meter"),
            "nickname": price.get("nickname"),
            "product": price["product"],
            "tiers_mode": price.get("tiers_mode"),
            "usage_type": recurring["usage_type"],
        }
    )


def same_prices_twice(items: list[Object]) -> bool:
    """Stripe refuses two items of one price."""
    prices: list[Any] = [item["price"]["id"] for item in items]
    return len(prices) != len(set(prices))
