"""Reading again: what Stripe says now of a subscription or an invoice becomes our copy.

An event, a returning owner, a nightly comparison: all of them only say that it's time to look. Reads may overlap and
answers may come late: a read takes its number before it asks, and what was asked later wins. Outside of any scope.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

import stripe
import structlog
from stripe.params import InvoiceLineItemListParams

from saas.billing.client import plain, read, stripe_client
from saas.billing.copies import ForeignObjectError, InvoiceCopy, SubscriptionCopy, invoice_copy, subscription_copy
from saas.billing.settling import lock_copies, settle, tell
from saas.outbox import enqueue
from saas.scope import connection, current, tenant_scope

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

SUBSCRIPTION: Final[Sequence[Any]] = ("default_payment_method", "customer.invoice_settings.default_payment_method")
"""What a subscription is read with."""
SECOND: Final = "billing.second"
"""The job that ends a subscription which a chain has bought besides the one it has."""
_PAGE: Final = 100

_TAKE: Final = (
    "UPDATE subscription AS s SET read_number = s.read_number + 1 WHERE s.tenant_id = $1"
    " RETURNING s.read_number, clock_timestamp() AS now"
)
_MINE: Final = "SELECT subscription_id, stripe_status, written_number, next_step FROM subscription WHERE tenant_id = $1"
_KEEP: Final = """
UPDATE subscription AS s SET subscription_id = $2, base_item_id = $3, usage_item_id = $4, plan = $5, revision = $6,
       currency = $7, stripe_status = $8, collection_method = $9, period_start = $10, period_end = $11, trial_end = $12,
       cancel_at_period_end = $13, cancel_at = $14, ended_at = $15, latest_invoice_id = $16, payment_method = $17,
       past_due_since = CASE WHEN $8 IN ('past_due', 'unpaid') THEN coalesce(s.past_due_since, clock_timestamp()) END,
       written_number = $18, read_at = $19
 WHERE s.tenant_id = $1
"""
_INVOICE: Final = """
INSERT INTO invoice AS i (tenant_id, id, subscription_id, number, status, billing_reason, collection_method, currency,
       total, amount_due, amount_paid, amount_remaining, period_start, period_end, created_at, due_at, paid_at,
       attempt_count, next_attempt_at, hosted_url, pdf_url, lines, read_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
ON CONFLICT (tenant_id, id) DO UPDATE SET number = excluded.number, status = excluded.status, total = excluded.total,
       amount_due = excluded.amount_due, amount_paid = excluded.amount_paid, read_at = excluded.read_at,
       amount_remaining = excluded.amount_remaining, period_start = excluded.period_start,
       period_end = excluded.period_end, due_at = excluded.due_at, paid_at = excluded.paid_at,
       attempt_count = excluded.attempt_count, next_attempt_at = excluded.next_attempt_at,
       hosted_url = excluded.hosted_url, pdf_url = excluded.pdf_url, lines = excluded.lines
 WHERE i.read_at < excluded.read_at
"""
_BEFORE: Final = "SELECT status FROM invoice WHERE tenant_id = $1 AND id = $2"


async def read_subscription(tenant_id: UUID, subscription_id: str) -> SubscriptionCopy | None:
    """None: it isn't one that we sold. Raises DomainError `billing-unavailable`, `not-found`."""
    number, at = await begin_read(tenant_id)
    asked = stripe_client().v1.subscriptions.retrieve_async(subscription_id, {"expand": list(SUBSCRIPTION)})
    try:
        copy = subscription_copy(plain(await read(asked)))
    except ForeignObjectError:
        log.warning("a subscription without a price of ours", subscription=subscription_id)
        return None
    async with tenant_scope(tenant_id):
        await keep_subscription(copy, number, at)
    return copy


async def read_invoice(tenant_id: UUID, invoice_id: str) -> InvoiceCopy:
    """Raises DomainError `billing-unavailable`, `not-found`."""
    _, at = await begin_read(tenant_id)
    client = stripe_client()
    told = await read(client.v1.invoices.retrieve_async(invoice_id))
    data = plain(told)
    if data["lines"].get("has_more"):
        data["lines"] = {"data": await _lines(client, invoice_id)}
    copy = invoice_copy(data)
    async with tenant_scope(tenant_id):
        await keep_invoice(copy, at)
    return copy


async def keep_subscription(copy: SubscriptionCopy, number: int, at: datetime) -> None:
    """Our copy, unless a later read was written. In the current scope.

    A chain has one subscription. Another one takes its place once that has ended; while both live, the other is ended.
    """
    await lock_copies()
    mine = await connection().fetchrow(_MINE, current().tenant_id)
    if mine is None or number <= mine["written_number"]:
        return
    if mine["subscription_id"] not in {None, copy.id}:
        if not copy.live:
            return
        if mine["stripe_status"] not in {"canceled", "incomplete_expired"}:
            await enqueue(SECOND, {"subscription": copy.id})
            return
    elif mine["subscription_id"] is None and copy.status == "incomplete_expired":
        return
    # The base price of a smaller plan is changed in a month's last hours: the month is still the larger one's.
    in_force = copy.usage if mine["next_step"] == "usage" and copy.usage is not None else copy.base
    await connection().execute(
        _KEEP,
        current().tenant_id,
        copy.id,
        copy.base_item,
        copy.usage_item,
        in_force.code,
        in_force.revision,
        in_force.currency,
        copy.status,
        copy.collection_method,
        copy.period_start,
        copy.period_end,
        copy.trial_end,
        copy.cancel_at_period_end,
        copy.cancel_at,
        copy.ended_at,
        copy.latest_invoice,
        copy.payment_method,
        number,
        at,
    )
    await settle()


async def keep_invoice(copy: InvoiceCopy, at: datetime) -> None:
    """Our copy, unless a later read was written. In the current scope. A chain's systems hear what became of it."""
    await lock_copies()
    before = await connection().fetchval(_BEFORE, current().tenant_id, copy.id)
    values = {name: value for name, value in asdict(copy).items() if name not in {"customer", "subscription"}}
    order = (
        *("number", "status", "billing_reason", "collection_method", "currency", "total", "amount_due", "amount_paid"),
        *("amount_remaining", "period_start", "period_end", "created_at", "due_at", "paid_at", "attempt_count"),
        *("next_attempt_at", "hosted_url", "pdf_url", "lines"),
    )
    tag = await connection().execute(
        _INVOICE, current().tenant_id, copy.id, copy.subscription, *(values[name] for name in order), at
    )
    if tag != "INSERT 0 0" and copy.status != before and copy.status in {"open", "paid", "uncollectible", "void"}:
        shown = {"invoice": copy.id, "number": copy.number, "amount": copy.total, "currency": copy.currency}
        await tell(f"billing.invoice_{copy.status}", shown)
    await settle()


async def begin_read(tenant_id: UUID) -> tuple[int, datetime]:
    """The number of a read that begins now, and the instant."""
    async with tenant_scope(tenant_id):
        await lock_copies()
        row = cast("Any", await connection().fetchrow(_TAKE, tenant_id))
        return row["read_number"], row["now"]


async def _lines(client: stripe.StripeClient, invoice_id: str) -> list[dict[str, Any]]:
    """All of them: an invoice itself carries ten."""
    found: list[dict[str, Any]] = []
    while True:
        wanted: InvoiceLineItemListParams = {"limit": _PAGE}
        if found:
            wanted["starting_after"] = found[-1]["id"]
        page = plain(await read(client.v1.invoices.line_items.list_async(invoice_id, wanted)))
        found += page["data"]
        if not page["has_more"]:
            return found
