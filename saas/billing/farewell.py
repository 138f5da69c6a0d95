"""Before a chain is erased: nothing of it may go on at Stripe, where nobody could end it any more.

A page of Checkout stays open for a day, and what is bought on it a moment before the erasing would be paid for ever.
"""

from typing import Any, Final
from uuid import UUID

import stripe

from saas.billing.carrying import carry_out
from saas.billing.client import enabled, plain, problem, read, stripe_client
from saas.billing.held import LIVE
from saas.errors import DomainError
from saas.scope import connection, tenant_scope

_CUSTOMER: Final = "SELECT customer_id FROM billing_profile WHERE tenant_id = $1"
_OPEN: Final = "SELECT id FROM billing_operation WHERE tenant_id = $1 AND state = 'open'"


async def still_living(tenant_id: UUID) -> list[str]:
    """Finishes what was begun and closes the pages on which a plan can still be bought; then says which subscriptions
    live at Stripe. No scope is open. Raises DomainError `billing-unavailable`.
    """
    if not enabled():
        return []
    async with tenant_scope(tenant_id):
        begun: UUID | None = await connection().fetchval(_OPEN, tenant_id)
    if begun is not None:
        try:
            await carry_out(tenant_id, begun)
        except DomainError as error:
            if error.code == "billing-unavailable":
                raise
    async with tenant_scope(tenant_id):
        customer: str | None = await connection().fetchval(_CUSTOMER, tenant_id)
    if customer is None:
        return []
    await _close_pages(customer)
    wanted: Any = {"customer": customer, "status": "all", "limit": 100}
    told = plain(await read(stripe_client().v1.subscriptions.list_async(wanted)))
    return [one["id"] for one in told["data"] if one["status"] in LIVE]


async def _close_pages(customer: str) -> None:
    """One that was paid a moment ago can't be closed: its subscription is seen afterwards."""
    sessions = stripe_client().v1.checkout.sessions
    wanted: Any = {"customer": customer, "status": "open", "limit": 100}
    for session in (await read(sessions.list_async(wanted))).data:
        try:
            await sessions.expire_async(session.id)
        except stripe.InvalidRequestError:
            continue
        except stripe.StripeError as error:
            raise problem(error) from error


async def end_all(subscriptions: list[str]) -> None:
    """At once; use that isn't billed yet isn't billed any more. Raises DomainError `billing-unavailable`."""
    params: Any = {"invoice_now": False, "prorate": False}
    for one in subscriptions:
        try:
            await stripe_client().v1.subscriptions.cancel_async(one, params)
        except stripe.StripeError as error:
            raise problem(error) from error
