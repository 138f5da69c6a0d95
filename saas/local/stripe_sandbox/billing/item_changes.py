"""A change of items, worked out but not carried out: a preview and the update itself bill by the same lines."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from saas.local.stripe_sandbox.billing import lines
from saas.local.stripe_sandbox.billing.items import (
    interval_of,
    items_of,
    metered,
    new_item,
    period_of,
    plan_of,
    quantity_for,
    same_prices_twice,
    usable_price,
)
from saas.local.stripe_sandbox.billing.periods import Period
from saas.local.stripe_sandbox.billing.proration import Debit
from saas.local.stripe_sandbox.errors import invalid
from saas.local.stripe_sandbox.store import Object, Store

PRORATED = ("create_prorations", "always_invoice")


@dataclass
class ItemChange:
    """The items as they will be, the proration lines, and what is then remembered of debits and of use."""

    items: list[Object]
    debits: list[Debit]
    used_from: dict[str, int]
    lines: list[Object] = field(default_factory=list)

    def remembered(self) -> dict[str, Any]:
        """As the subscription keeps it, in keys that are not shown."""
        return {"_debits": [asdict(debit) for debit in self.debits], "_used_from": self.used_from}


def debits_of(subscription: Object) -> list[Debit]:
    """What was billed in advance and not given back."""
    return [Debit(**debit) for debit in subscription.get("_debits", [])]


def unbilled_use(subscription: Object, item: Object) -> int:
    """Since when a metered item's use is billed by its present price."""
    return int(subscription.get("_used_from", {}).get(item["id"], item["current_period_start"]))


def change_items(store: Store, subscription: Object, given: Sequence[Object], behaviour: str, at: int) -> ItemChange:
    """Items deleted, swapped to another price, changed in quantity, or added, prorated at `at` as `behaviour` says.

    With `none` nothing is prorated: a metered item's use so far is rated by the price it is swapped to, and isn't
    billed at all if it is deleted; otherwise that use becomes a line of its own, by the old price (docs.stripe.com/
    billing/subscriptions/billing-mode/compare, «Usage-based pricing»).
    """
    period = period_of(subscription)
    prorate = behaviour in PRORATED and subscription["status"] not in {"trialing", "paused"}
    if prorate and not period.start <= at <= period.end:
        raise invalid(
            "Cannot specify a proration_date outside of the subscription's current period:"
            f" {period.start} - {period.end}.",
            "proration_date",
        )
    result = ItemChange(list(items_of(subscription)), debits_of(subscription), dict(subscription.get("_used_from", {})))
    for number, one in enumerate(given):
        _change_one(store, subscription, result, one, f"items[{number}]", period, at if prorate else None)
    if not result.items:
        raise invalid("A subscription must have at least one active plan.", "items")
    if same_prices_twice(result.items):
        raise invalid("Cannot add multiple subscription items with the same price.", "items")
    interval_of([item["price"] for item in result.items])
    return result


def _change_one(
    store: Store, subscription: Object, result: ItemChange, given: Object, param: str, period: Period, at: int | None
) -> None:
    if "id" not in given:
        price = usable_price(store, given.get("price") or _no_price(param), subscription["currency"], f"{param}[price]")
        added = new_item(subscription["id"], price, given, period, store.now(subscription), param)
        result.items.append(added)
        _bill_rest(store, subscription, result, added, period, at)
        return
    place = next((n for n, item in enumerate(result.items) if item["id"] == given["id"]), None)
    if place is None:
        raise invalid(f"Invalid subscription_item id: {given['id']} is no item of the subscription.", f"{param}[id]")
    old = result.items[place]
    if given.get("deleted"):
        _give_back(store, subscription, result, old, at)
        del result.items[place]
        result.used_from.pop(old["id"], None)
        return
    new = _swapped(store, subscription, old, given, param)
    result.items[place] = new
    if (new["price"]["id"], new.get("quantity")) != (old["price"]["id"], old.get("quantity")):
        _give_back(store, subscription, result, old, at)
        _bill_rest(store, subscription, result, new, period, at)


def _no_price(param: str) -> str:
    raise invalid(f"Missing required param: {param}[price].", f"{param}[price]", "parameter_missing")


def _swapped(store: Store, subscription: Object, old: Object, given: Object, param: str) -> Object:
    price = old["price"]
    if given.get("price") not in {None, price["id"]}:
        price = usable_price(store, given["price"], subscription["currency"], f"{param}[price]")
    wanted = given.get("quantity", old.get("quantity") if price["recurring"]["usage_type"] == "licensed" else None)
    new = {**old, "price": price, "plan": plan_of(price), "quantity": quantity_for(price, wanted, param)}
    if new["quantity"] is None:
        del new["quantity"]
    if isinstance(given.get("metadata"), dict):
        new["metadata"] = {key: value for key, value in (old["metadata"] | given["metadata"]).items() if value != ""}
    return new


def _give_back(store: Store, subscription: Object, result: ItemChange, old: Object, at: int | None) -> None:
    """What ends: the rest of what was billed in advance is credited, what was used is billed."""
    if at is None:
        return
    if metered(old):
        period = Period(unbilled_use(subscription, old), at)
        billed = lines.used(store, subscription, old, period, proration=True)
        result.lines += [line for line in billed if line["amount"]]
        result.used_from[old["id"]] = at
    else:
        credits_, result.debits = lines.credits_for(store, subscription["id"], old, result.debits, at)
        result.lines += credits_


def _bill_rest(
    store: Store, subscription: Object, result: ItemChange, new: Object, period: Period, at: int | None
) -> None:
    """What begins: a licensed item pays for the rest of the period; what a metered one uses is billed later."""
    if at is None or metered(new):
        return
    line = lines.remaining(store, subscription["id"], new, period, at)
    result.lines.append(line)
    if debit := lines.debit_of(line, None):
        result.debits.append(debit)
