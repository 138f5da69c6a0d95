"""The lines of an invoice: what is billed for an item, for which time, by which price."""

from decimal import Decimal

from saas.local.stripe_sandbox.billing import wording
from saas.local.stripe_sandbox.billing.changing import present
from saas.local.stripe_sandbox.billing.metering import quantity_of
from saas.local.stripe_sandbox.billing.periods import Period
from saas.local.stripe_sandbox.billing.proration import Debit, credit, share
from saas.local.stripe_sandbox.billing.rating import half_up, rate, unit_amount
from saas.local.stripe_sandbox.store import Object, Store


def line(  # noqa: PLR0913 - a line has that many parts
    subscription: str,
    item: Object,
    amount: int,
    period: Period,
    description: str,
    *,
    quantity: int,
    unit: Decimal | None = None,
    proration: bool = False,
    credited: Debit | None = None,
) -> Object:
    """A line for a subscription's item; `credited`: the debit that a negative one gives back from."""
    price = item["price"]
    details = present(
        {
            "proration": proration,
            "subscription": subscription,
            "subscription_item": item["id"],
            "proration_details": _credited(credited) if credited else None,
        }
    )
    return {
        "id": Store.new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": description,
        "discountable": not proration,
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "parent": {"type": "subscription_item_details", "subscription_item_details": details},
        "period": {"start": period.start, "end": period.end},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": wording.decimal_text(unit if unit is not None else unit_amount(price)),
        },
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subtotal": amount,
        "taxes": [],
    }


def _credited(debit: Debit) -> Object:
    if debit.invoice is None:
        return {}
    return {"credited_items": {"invoice": debit.invoice, "invoice_line_items": [debit.line]}}


def licensed(store: Store, subscription: str, item: Object, period: Period) -> Object:
    """A whole period of a licensed item, in advance."""
    price, quantity = item["price"], int(item["quantity"])
    unit = unit_amount(price)
    text = wording.units(store, price, quantity, unit)
    return line(subscription, item, half_up(unit * quantity), period, text, quantity=quantity, unit=unit)


def on_trial(store: Store, subscription: str, item: Object, period: Period) -> Object:
    """A trial's time of a licensed item, for nothing."""
    text = wording.trial(store, item["price"])
    return line(subscription, item, 0, period, text, quantity=int(item["quantity"]), unit=Decimal(0))


def used(store: Store, subscription: Object, item: Object, period: Period, *, proration: bool = False) -> list[Object]:
    """What a metered item has used in `period`, a line for each tier reached, as the meter stands now."""
    price = item["price"]
    quantity = quantity_of(store, price, subscription["customer"], period)
    return [
        line(
            subscription["id"],
            item,
            rated.amount,
            period,
            wording.units(store, price, rated.quantity, rated.unit_amount, rated.tier),
            quantity=rated.quantity,
            unit=rated.unit_amount,
            proration=proration,
        )
        for rated in rate(price, quantity)
    ]


def credits_for(
    store: Store, subscription: str, item: Object, debits: list[Debit], at: int
) -> tuple[list[Object], list[Debit]]:
    """What the item's debits give back for the time after `at`: a line each; and the debits as they are after it."""
    lines, left = [], []
    for debit in debits:
        back, rest = credit(debit, at) if debit.item == item["id"] else (0, debit)
        if back:
            period = Period(max(at, debit.start), debit.end)
            text = wording.prorated(store, item["price"], at, credit=True)
            quantity = int(item["quantity"])
            lines.append(
                line(subscription, item, -back, period, text, quantity=quantity, proration=True, credited=debit)
            )
        left.append(rest)
    return lines, left


def remaining(store: Store, subscription: str, item: Object, period: Period, at: int) -> Object:
    """The rest of the period from `at`, of a licensed item that begins then."""
    full = half_up(unit_amount(item["price"]) * int(item["quantity"]))
    amount = share(full, period.start, period.end, at)
    text = wording.prorated(store, item["price"], at, credit=False)
    rest = Period(max(at, period.start), period.end)
    return line(subscription, item, amount, rest, text, quantity=int(item["quantity"]), proration=True)


def debit_of(billed: Object, invoice: str | None) -> Debit | None:
    """The debit that a line stands for; None for a credit, a trial or metered use."""
    if billed["amount"] <= 0:
        return None
    item = billed["parent"]["subscription_item_details"]["subscription_item"]
    return Debit(item, billed["amount"], billed["period"]["start"], billed["period"]["end"], billed["id"], invoice)
