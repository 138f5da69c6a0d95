"""Stripe's own page for cards and past invoices. Its address is made when it's asked for, and kept nowhere."""

from typing import Any, Final

import stripe

from saas.billing.client import patience, plain, problem, read, stripe_client
from saas.billing.customers import stripe_locale
from saas.errors import DomainError
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope
from saas.settings import get_settings

CONFIGURATION: Final = "regulars"
"""What our configuration of the portal is known by, in its metadata."""

_CUSTOMER: Final = """
SELECT t.locale, p.customer_id FROM tenant t LEFT JOIN billing_profile p ON p.tenant_id = t.tenant_id
 WHERE t.tenant_id = $1
"""


async def portal_link(who: Principal, return_path: str = "/billing") -> str:
    """An address of the portal, good for a few minutes, for who asks. It leaves nothing at Stripe that could be there
    twice, so it needs no operation.

    Raises DomainError `no-subscription` for who was never a customer, `billing-not-set-up` before
    `regulars billing sync`, `billing-unavailable`.
    """
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    async with tenant_scope(who.tenant_id, principal=who):
        row = await connection().fetchrow(_CUSTOMER, current().tenant_id)
    if row is None or row["customer_id"] is None:
        raise DomainError("no-subscription")
    params: Any = {
        "customer": row["customer_id"],
        "locale": stripe_locale(row["locale"]),
        "return_url": f"{get_settings().public_url.rstrip('/')}{return_path}",
    }
    async with patience():
        params["configuration"] = await portal_configuration()
        if params["configuration"] is None:
            raise DomainError("billing-not-set-up")
        try:
            made = await stripe_client().v1.billing_portal.sessions.create_async(params)
        except stripe.StripeError as error:
            raise problem(error) from error
    return made.url


async def portal_configuration() -> str | None:
    """The id of our configuration of the portal; None before it was made."""
    params: Any = {"active": True, "limit": 100}
    told = plain(await read(stripe_client().v1.billing_portal.configurations.list_async(params)))["data"]
    return next((one["id"] for one in told if (one.get("metadata") or {}).get("regulars") == CONFIGURATION), None)
