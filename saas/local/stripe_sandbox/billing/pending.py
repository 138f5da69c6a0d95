"""Invoice items that wait for the next invoice: prorations that were created, not invoiced."""

from saas.local.stripe_sandbox.billing.changing import present
from saas.local.stripe_sandbox.events import emit
from saas.local.stripe_sandbox.store import Object, Store


def add_pending(store: Store, subscription: Object, lines: list[Object], now: int) -> None:
    """Keep the lines as invoice items until the subscription's next invoice."""
    for line in lines:
        details = line["parent"]["subscription_item_details"]
        item = store.put(
            present(
                {
                    "id": store.new_id("ii"),
                    "object": "invoiceitem",
                    "amount": line["amount"],
                    "currency": line["currency"],
                    "customer": subscription["customer"],
                    "date": now,
                    "description": line["description"],
                    "discountable": line["discountable"],
                    "discounts": [],
                    "livemode": False,
                    "metadata": {},
                    "net_amount": line["amount"],
                    "parent": {
                        "type": "subscription_details",
                        "subscription_details": {
                            "subscription": subscription["id"],
                            "subscription_item": details["subscription_item"],
                        },
                    },
                    "period": line["period"],
                    "pricing": line["pricing"],
                    "proration": details["proration"],
                    "quantity": line["quantity"],
                    "quantity_decimal": line["quantity_decimal"],
                    "tax_rates": [],
                    "test_clock": store.clock(subscription),
                    "_line": line,
                    "_subscription": subscription["id"],
                    "_waits": True,
                }
            )
        )
        emit(store, "invoiceitem.created", item)


def pending(store: Store, subscription: str) -> list[Object]:
    """The invoice items that wait, the oldest first."""
    return store.find("invoiceitem", _subscription=subscription, _waits=True)[::-1]


def line_of(item: Object) -> Object:
    """The invoice item as a line of an invoice."""
    line: Object = item["_line"]
    details = line["parent"]["subscription_item_details"] | {"invoice_item": item["id"]}
    return line | {"parent": line["parent"] | {"subscription_item_details": details}}


def take_pending(store: Store, items: list[Object], invoice: str) -> None:
    """They are on the invoice now."""
    for item in items:
        store.put(item | {"_waits": False, "invoice": invoice})
