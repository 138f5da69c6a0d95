"""Who pays for a chain. These run in the current scope; Stripe is told later, by job."""

from typing import Any

from saas.billing.operations import begin, lock_subscription
from saas.billing.steps import Call, Json, Step, operation
from saas.scope import connection, current
from tenants.audit.record import record

_SET = """
INSERT INTO billing_profile AS p (tenant_id, email) VALUES ($1, $2)
ON CONFLICT (tenant_id) DO UPDATE SET email = $2 RETURNING customer_id
"""

_EMAIL = """
SELECT p.email FROM billing_profile p WHERE p.tenant_id = $1
   AND 'failed' IS DISTINCT FROM (SELECT o.state FROM billing_operation o WHERE o.tenant_id = $1 AND o.kind = 'email'
                                   ORDER BY o.id DESC LIMIT 1)
"""


async def open_profile(email: str) -> None:
    """At sign-up: the owner pays until another address is set."""
    await connection().execute(
        "INSERT INTO billing_profile AS p (tenant_id, email) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        current().tenant_id,
        email,
    )


async def set_email(email: str) -> None:
    """Where invoices are sent from now on; the same as before changes nothing. Raises DomainError
    `billing-in-progress`.
    """
    await lock_subscription()
    if await connection().fetchval(_EMAIL, current().tenant_id) == email:
        return
    customer_id = await connection().fetchval(_SET, current().tenant_id, email)
    if customer_id is None:
        await record("billing.email", f"tenant:{current().tenant_id}")
    else:
        await begin(EMAIL, {"email": email, "customer_id": customer_id})


async def _tell(call: Call) -> Json:
    params: Any = {"email": call.operation.body["email"]}
    await call.client.v1.customers.update_async(call.operation.body["customer_id"], params, call.options)
    return {}


EMAIL = operation("email", Step("customer", _tell))
