"""The chain as a customer of Stripe's: made when there is something to be paid, found again by webhooks."""

from typing import Any, Final

from saas.billing.client import plain, test_mode
from saas.billing.steps import Call, Json, Operation, Step
from saas.scope import connection, current

_WHO: Final = """
SELECT t.name, t.locale, t.currency, p.email, p.customer_id, p.test_clock FROM tenant t
  LEFT JOIN billing_profile p ON p.tenant_id = t.tenant_id WHERE t.tenant_id = $1
"""
_LOCALES: Final = {"zh-CN": "zh", "en": "en"}
"""Stripe's names of our languages."""


async def customer_request() -> Json:
    """For an operation's `prepare`: what is told of the customer, settled before Stripe is asked."""
    row = await connection().fetchrow(_WHO, current().tenant_id)
    if row is None:
        raise LookupError("no such tenant")
    told: Json = {"name": row["name"], "locale": stripe_locale(row["locale"])}
    if row["email"] is not None:
        told["email"] = row["email"]
    if row["test_clock"] is not None and test_mode():
        told["test_clock"] = row["test_clock"]
    return {"customer": told, "customer_id": row["customer_id"]}


def stripe_locale(locale: str) -> str:
    """A language as Checkout and the portal call it."""
    return _LOCALES.get(locale, "auto")


async def _make(call: Call) -> Json:
    """Should this ever be done twice, one of the two is nobody's: it has no subscription."""
    known = call.operation.request["customer_id"]
    if known is not None:
        return {"id": known}
    told = call.operation.request["customer"]
    params: Any = {name: told[name] for name in ("name", "email", "test_clock") if name in told}
    if told["locale"] != "auto":
        params["preferred_locales"] = [told["locale"]]
    params["metadata"] = metadata(call.operation)
    made = await call.client.v1.customers.create_async(params, call.options)
    return {"id": plain(made)["id"]}


async def _keep(_operation: Operation, answer: Json) -> None:
    tenant_id = current().tenant_id
    await connection().execute(
        "INSERT INTO billing_profile AS p (tenant_id, customer_id) VALUES ($1, $2)"
        " ON CONFLICT (tenant_id) DO UPDATE SET customer_id = coalesce(p.customer_id, $2)",
        tenant_id,
        answer["id"],
    )
    await connection().execute(
        "INSERT INTO platform.stripe_customer AS c (customer_id, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        answer["id"],
        tenant_id,
    )


def metadata(operation: Operation) -> dict[str, str]:
    """What our objects at Stripe are known by."""
    return {"tenant_id": str(operation.tenant_id), "operation": str(operation.id)}


CUSTOMER: Final = Step("customer", _make, _keep)
