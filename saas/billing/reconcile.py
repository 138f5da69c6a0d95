"""Our copies against Stripe's truth: every subscription and invoice of a chain, compared and mended.

What differs was missed: no event came, or its job failed for good. Each is named, so that the operator sees how often
that happens; mending is writing what Stripe says, by the same functions as always. Use is compared by its own ledger.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import structlog
from stripe.params import InvoiceListParams, SubscriptionListParams

from saas.billing.client import enabled, plain, read, stripe_client
from saas.billing.copies import ForeignObjectError, SubscriptionCopy, invoice_copy, subscription_copy
from saas.billing.downgrading import after_renewal
from saas.billing.reading import SUBSCRIPTION, begin_read, keep_invoice, keep_subscription
from saas.billing.usage.reconcile import reconcile_usage
from saas.billing.usage.reporting import COMPARE
from saas.db import open_pool, role_pool
from saas.jobs import errand
from saas.scope import connection, tenant_scope

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

ATTEMPTS: Final = 12
_PAGE: Final = 100
_CUSTOMERS: Final = """
SELECT b.tenant_id, b.customer_id, t.slug FROM billing_profile b JOIN tenant t ON t.tenant_id = b.tenant_id
 WHERE b.customer_id IS NOT NULL AND ($1::uuid IS NULL OR b.tenant_id = $1) ORDER BY b.tenant_id
"""
_CUSTOMER: Final = """
SELECT b.customer_id, t.slug FROM billing_profile b JOIN tenant t ON t.tenant_id = b.tenant_id
 WHERE b.tenant_id = $1 AND b.customer_id IS NOT NULL
"""
_SUBSCRIPTION: Final = """
SELECT subscription_id, plan, revision, stripe_status, collection_method, period_start, period_end, trial_end,
       cancel_at_period_end, cancel_at, ended_at FROM subscription WHERE tenant_id = $1
"""
_INVOICES: Final = "SELECT id, status, total, amount_paid, amount_remaining FROM invoice WHERE tenant_id = $1"
_STATUS: Final = "SELECT status, plan, plan_revision FROM tenant WHERE tenant_id = $1"


@dataclass(frozen=True, slots=True)
class Mended:
    """One thing of a chain (by slug) that wasn't as Stripe has it: before and after."""

    chain: str
    what: str
    ours: str
    stripes: str


@errand(COMPARE, although_closed=True, max_attempts=ATTEMPTS)
async def compare(tenant_id: UUID, _: dict[str, Any]) -> None:
    """Every night, of one chain. What differed is in the log: so much was missed. A smaller plan whose month has begun
    unheard is brought to its end.
    """
    async with tenant_scope(tenant_id):
        row = await connection().fetchrow(_CUSTOMER, tenant_id)
    if row is None or not enabled():
        return
    for one in await _chain(tenant_id, row["customer_id"], row["slug"]):
        log.warning("not as Stripe has it", chain=one.chain, what=one.what, ours=one.ours, stripes=one.stripes)
    await after_renewal(tenant_id)


async def reconcile(tenant_id: UUID | None = None) -> AsyncIterator[Mended]:
    """Of one chain, or of all that Stripe knows. Outside of any scope. Raises DomainError `billing-unavailable`."""
    await open_pool()
    for row in await (await role_pool("operator")).fetch(_CUSTOMERS, tenant_id):
        for mended in await _chain(row["tenant_id"], row["customer_id"], row["slug"]):
            yield mended


async def _chain(tenant_id: UUID, customer: str, slug: str) -> list[Mended]:
    before = await _ours(tenant_id)
    ours, _ = await begin_read(tenant_id)
    other, at = await begin_read(tenant_id)
    copies = await _subscriptions(customer)
    invoices = [invoice_copy(told) for told in await _invoices(customer)]
    async with tenant_scope(tenant_id):
        mine = before.get("subscription subscription_id")
        for copy in sorted(copies, key=lambda copy: copy.id != mine):  # ours first: another may take its place
            await keep_subscription(copy, ours if copy.id == mine else other, at)
        for invoice in invoices:
            await keep_invoice(invoice, at)
    after = await _ours(tenant_id)
    found = [
        Mended(slug, what, _told(before.get(what)), _told(after.get(what)))
        for what in sorted(before.keys() | after.keys())
        if before.get(what) != after.get(what)
    ]
    use = [
        Mended(slug, f"use since {one.period_start:%Y-%m-%d}", str(one.ours), _told(one.stripes))
        for one in await reconcile_usage(tenant_id)
    ]
    return found + use


async def _subscriptions(customer: str) -> list[SubscriptionCopy]:
    """Those that we sold; the one that counts first: a live one, else the last that ended."""
    wanted: SubscriptionListParams = {
        "customer": customer,
        "status": "all",
        "limit": _PAGE,
        "expand": [f"data.{path}" for path in SUBSCRIPTION],
    }
    page = plain(await read(stripe_client().v1.subscriptions.list_async(wanted)))
    copies = []
    for told in page["data"]:
        try:
            copies.append(subscription_copy(told))
        except ForeignObjectError:
            continue
    return sorted(copies, key=lambda copy: (copy.live, copy.ended_at or datetime.max.replace(tzinfo=UTC)), reverse=True)


async def _invoices(customer: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        wanted: InvoiceListParams = {"customer": customer, "limit": _PAGE}
        if found:
            wanted["starting_after"] = found[-1]["id"]
        page = plain(await read(stripe_client().v1.invoices.list_async(wanted)))
        found += page["data"]
        if not page["has_more"]:
            return found


async def _ours(tenant_id: UUID) -> dict[str, Any]:
    """What is compared, by what it is of."""
    async with tenant_scope(tenant_id):
        conn = connection()
        subscription = await conn.fetchrow(_SUBSCRIPTION, tenant_id)
        tenant = await conn.fetchrow(_STATUS, tenant_id)
        invoices = await conn.fetch(_INVOICES, tenant_id)
    found = {f"subscription {name}": value for name, value in dict(subscription or {}).items() if value is not None}
    found |= {f"chain {name}": value for name, value in dict(tenant or {}).items()}
    return found | {f"invoice {row['id']}": ", ".join(map(str, list(row.values())[1:])) for row in invoices}


def _told(value: object) -> str:
    return "missing" if value is None else str(value)
