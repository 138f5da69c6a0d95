"""What the operator does about a chain's account: who owes what, money from outside of Stripe, holding, erasing."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from saas.billing import ending, paying
from saas.billing.farewell import end_all, still_living
from saas.billing.held import LIVE
from saas.billing.reading import read_invoice
from saas.billing.settling import lock_copies, settle
from saas.db import open_pool, role_pool
from saas.erasing import erase_tenant
from saas.principal import SYSTEM, Principal
from saas.scope import connection, tenant_scope
from tenants.audit.record import record

ACTOR: Final = "operator"

_ACCOUNTS: Final = """
SELECT t.tenant_id, t.slug, t.name, t.status, t.plan, t.held_by_operator, t.trial_ends_at, t.cancelled_at,
       s.stripe_status, s.collection_method, s.period_end, s.past_due_since, p.email, p.fapiao IS NOT NULL AS fapiao,
       coalesce(i.open, 0) AS open_invoices, i.owed, i.currency
  FROM tenant t
  LEFT JOIN subscription s ON s.tenant_id = t.tenant_id
  LEFT JOIN billing_profile p ON p.tenant_id = t.tenant_id
  LEFT JOIN LATERAL (SELECT count(*) AS open, sum(x.amount_remaining) AS owed, min(x.currency) AS currency
                       FROM invoice x WHERE x.tenant_id = t.tenant_id AND x.status = 'open') i ON true
 WHERE $1::text IS NULL OR t.status = $1
 ORDER BY t.status, t.created_at DESC, t.tenant_id
"""
_HOLD: Final = "UPDATE tenant AS t SET held_by_operator = $2 WHERE t.tenant_id = $1"
_STRIPE_STATUS: Final = "SELECT stripe_status FROM subscription WHERE tenant_id = $1"


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One chain's account. `owed`: of its open invoices, in minor units of `currency`."""

    tenant_id: UUID
    slug: str
    name: str
    status: str
    plan: str
    held_by_operator: bool
    trial_ends_at: datetime | None
    cancelled_at: datetime | None
    stripe_status: str | None
    collection_method: str | None
    period_end: datetime | None
    past_due_since: datetime | None
    email: str | None
    fapiao: bool
    open_invoices: int
    owed: int | None
    currency: str | None


async def list_accounts(status: str | None = None) -> list[AccountLine]:
    """Every chain's account, or those in one state."""
    rows = await (await role_pool("operator")).fetch(_ACCOUNTS, status)
    return [AccountLine(**{**row, "owed": None if row["owed"] is None else int(row["owed"])}) for row in rows]


async def hold(tenant_id: UUID, *, held: bool, reason: str) -> str:
    """Suspends a chain until it is let go again, whatever Stripe says; returns the status that follows."""
    await open_pool()
    async with tenant_scope(tenant_id, principal=_operator(tenant_id)):
        await lock_copies()  # before the tenant's own row, as everybody
        await connection().execute(_HOLD, tenant_id, held)
        await record("tenant.suspend" if held else "tenant.resume", f"tenant:{tenant_id}", {"reason": reason})
        return await settle()


async def mark_paid(tenant_id: UUID, invoice_id: str) -> None:
    """The money came by bank transfer. Raises DomainError `not-found`, `invoice-not-open`, `billing-unavailable`."""
    await open_pool()
    await paying.mark_paid(_operator(tenant_id), invoice_id)
    await read_invoice(tenant_id, invoice_id)


async def erase(tenant_id: UUID) -> int:
    """Ends its subscription, then everything of it goes. Returns the number of rows. Raises DomainError where Stripe
    doesn't answer: then nothing is erased.
    """
    await open_pool()
    async with tenant_scope(tenant_id):
        status = await connection().fetchval(_STRIPE_STATUS, tenant_id)
    if status in LIVE:
        await ending.end_now(_operator(tenant_id))
    await end_all(await still_living(tenant_id))
    return await erase_tenant(tenant_id, "operator")


def _operator(tenant_id: UUID) -> Principal:
    return replace(SYSTEM, actor=ACTOR, tenant_id=tenant_id)
