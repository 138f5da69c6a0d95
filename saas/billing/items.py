"""Puts another price into a subscription's item.

It looks first: what is so already needs no call, so that a step that runs again, whenever, does nothing twice.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from saas.billing.client import plain, read
from saas.billing.held import Held
from saas.billing.prices import price_ids
from saas.billing.reading import read_invoice, read_subscription
from saas.billing.steps import Call, Json, Operation
from saas.outbox import enqueue
from saas.plans.catalogue import Part

Proration = Literal["always_invoice", "create_prorations", "none"]


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a subscription as Stripe has it now."""

    id: str
    price: str
    period_start: datetime
    period_end: datetime


def items_of(held: Held) -> Json:
    """What an operation's request says of the subscription that it is about."""
    return {
        "subscription": held.id,
        "base_item": held.base_item,
        "usage_item": held.usage_item,
        "trialing": held.status == "trialing",
        "by_card": held.collection_method == "charge_automatically",
    }


async def prices(call: Call) -> Json:
    """The step that finds a plan's prices: the request names its `plan`, `revision` and `currency`."""
    request = call.operation.request
    found: Json = dict(await price_ids(request["plan"], request["revision"], request["currency"]))
    return found


async def read_later(operation: Operation, _answer: Json) -> None:
    """Kept with the last step: our copy follows, whoever dies."""
    await enqueue("billing.read", {"subscription": operation.request["subscription"]})


async def read_now(done: Operation) -> None:
    """For who waits: our copy as it is after the change, with what had to be paid for it."""
    copy = await read_subscription(done.tenant_id, done.request["subscription"])
    if copy is not None and copy.latest_invoice is not None:
        await read_invoice(done.tenant_id, copy.latest_invoice)


async def item_now(call: Call, part: Part) -> Item:
    """The item that the operation's request names for this part."""
    wanted = call.operation.request[f"{part}_item"]
    told = plain(await read(call.client.v1.subscriptions.retrieve_async(call.operation.request["subscription"])))
    found = next(item for item in told["items"]["data"] if item["id"] == wanted)
    start, end = (datetime.fromtimestamp(found[name], UTC) for name in ("current_period_start", "current_period_end"))
    return Item(found["id"], found["price"]["id"], start, end)


async def swap(
    call: Call, part: Part, price: str, proration: Proration, *, at: int | None = None, immediately: bool = False
) -> Json:
    """The item has `price` from now on. `at`: the instant (epoch) by which parts of the month are reckoned;
    `immediately`: it's paid by card at once, or nothing changes.
    """
    params: Any = {
        "items": [{"id": call.operation.request[f"{part}_item"], "price": price}],
        "proration_behavior": proration,
    }
    if at is not None:
        params["proration_date"] = at
    if immediately:
        params["payment_behavior"] = "error_if_incomplete"
    subscription = call.operation.request["subscription"]
    await call.client.v1.subscriptions.update_async(subscription, params, call.options)
    return {"price": price}


async def ensure(call: Call, part: Part, price: str, proration: Proration, **how: Any) -> Json:
    """`swap`, unless it is so already."""
    if (await item_now(call, part)).price == price:
        return {"price": price}
    return await swap(call, part, price, proration, **how)
