"""Our copies of Stripe's objects: what we keep of a subscription and of an invoice. Pure.

Stripe leaves out what it has nothing to say about, so every key but those it always sends may be absent. Objects come
as plain data (`StripeObject.to_dict()`), expanded where said. API version 2026-10-28: a subscription's period lies on
its items, an invoice names its subscription under `parent`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from saas.plans.catalogue import PriceKey, price_key

Json = Mapping[str, Any]
_CARD: Final = ("brand", "last4", "exp_month", "exp_year")


class ForeignObjectError(Exception):
    """An object that isn't ours: it has none of our prices, or names another chain."""


@dataclass(frozen=True, slots=True)
class SubscriptionCopy:
    """`base` is what its monthly price is the price of; `latest_invoice` and `payment_method` as far as expanded.
    `card`: the payment method's id.
    """

    id: str
    customer: str
    tenant: str | None
    status: str
    collection_method: str
    base: PriceKey
    base_item: str
    usage: PriceKey | None
    usage_item: str | None
    period_start: datetime
    period_end: datetime
    trial_end: datetime | None
    cancel_at_period_end: bool
    cancel_at: datetime | None
    ended_at: datetime | None
    latest_invoice: str | None
    payment_method: dict[str, Any] | None
    card: str | None

    @property
    def live(self) -> bool:
        """Whether it can still be paid for. A chain has one such at most."""
        return self.status not in {"canceled", "incomplete_expired"}


@dataclass(frozen=True, slots=True)
class InvoiceCopy:
    """Amounts in minor units of `currency` (ISO code in capitals). `lines`: description, amount, quantity, period,
    whether it is a proration, and the plan and part that its price is of.
    """

    id: str
    customer: str
    subscription: str | None
    number: str | None
    status: str
    billing_reason: str | None
    collection_method: str
    currency: str
    total: int
    amount_due: int
    amount_paid: int
    amount_remaining: int
    period_start: datetime
    period_end: datetime
    created_at: datetime
    due_at: datetime | None
    paid_at: datetime | None
    attempt_count: int
    next_attempt_at: datetime | None
    hosted_url: str | None
    pdf_url: str | None
    lines: list[dict[str, Any]]


def subscription_copy(told: Json) -> SubscriptionCopy:
    """Of a subscription with `default_payment_method` and `customer.invoice_settings.default_payment_method` expanded.

    Raises ForeignObjectError where none of its items has a monthly price of ours.
    """
    items = [(item, price_key(item["price"].get("lookup_key"))) for item in told["items"]["data"]]
    base = next(((item, key) for item, key in items if key is not None and key.part == "base"), None)
    usage = next(((item, key) for item, key in items if key is not None and key.part == "usage"), None)
    if base is None or base[1] is None:
        raise ForeignObjectError(told["id"])
    method = _payment_method(told)
    return SubscriptionCopy(
        id=told["id"],
        customer=_id(told["customer"]) or "",
        tenant=(told.get("metadata") or {}).get("tenant_id"),
        status=told["status"],
        collection_method=told["collection_method"],
        base=base[1],
        base_item=base[0]["id"],
        usage=usage[1] if usage else None,
        usage_item=usage[0]["id"] if usage else None,
        period_start=_at(base[0]["current_period_start"]),
        period_end=_at(base[0]["current_period_end"]),
        trial_end=_maybe_at(told.get("trial_end")),
        cancel_at_period_end=bool(told.get("cancel_at_period_end")),
        cancel_at=_maybe_at(told.get("cancel_at")),
        ended_at=_maybe_at(told.get("ended_at")),
        latest_invoice=_id(told.get("latest_invoice")),
        payment_method=None if method is None else _shown(method),
        card=None if method is None else method["id"],
    )


def invoice_copy(told: Json) -> InvoiceCopy:
    """Of an invoice with its lines."""
    parent = told.get("parent") or {}
    times = told.get("status_transitions") or {}
    return InvoiceCopy(
        id=told["id"],
        customer=_id(told["customer"]) or "",
        subscription=_id((parent.get("subscription_details") or {}).get("subscription")),
        number=told.get("number"),
        status=told["status"],
        billing_reason=told.get("billing_reason"),
        collection_method=told["collection_method"],
        currency=told["currency"].upper(),
        total=told["total"],
        amount_due=told["amount_due"],
        amount_paid=told["amount_paid"],
        amount_remaining=told["amount_remaining"],
        period_start=_at(told["period_start"]),
        period_end=_at(told["period_end"]),
        created_at=_at(told["created"]),
        due_at=_maybe_at(told.get("due_date")),
        paid_at=_maybe_at(times.get("paid_at")),
        attempt_count=told.get("attempt_count") or 0,
        next_attempt_at=_maybe_at(told.get("next_payment_attempt")),
        hosted_url=told.get("hosted_invoice_url"),
        pdf_url=told.get("invoice_pdf"),
        lines=[_line(line) for line in told["lines"]["data"]],
    )


def _line(line: Json) -> dict[str, Any]:
    parent = line.get("parent") or {}
    details = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    period = line["period"]
    return {
        "description": line.get("description"),
        "amount": line["amount"],
        "quantity": line.get("quantity"),
        "from": _at(period["start"]).isoformat(),
        "to": _at(period["end"]).isoformat(),
        "proration": bool(details.get("proration")),
        "price": _id(((line.get("pricing") or {}).get("price_details") or {}).get("price")),
    }


def _payment_method(told: Json) -> Json | None:
    """The one that will be charged: the subscription's own, else its customer's. None where it isn't expanded."""
    customer = told["customer"] if isinstance(told["customer"], Mapping) else {}
    settings = customer.get("invoice_settings") or {}
    for method in (told.get("default_payment_method"), settings.get("default_payment_method")):
        if isinstance(method, Mapping):
            return method
    return None


def _shown(method: Json) -> dict[str, Any]:
    card = method.get("card") or {}
    return {"type": method["type"], **{name: card[name] for name in _CARD if name in card}}


def _id(told: str | Json | None) -> str | None:
    """The id of what may be expanded."""
    return told["id"] if isinstance(told, Mapping) else told


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _maybe_at(seconds: int | None) -> datetime | None:
    return None if seconds is None else _at(seconds)
