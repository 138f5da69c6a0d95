"""A second subscription that was bought beside the first (two windows, both paid): it ends, its money goes back."""

from typing import Any, Final
from uuid import UUID

from saas.billing.carrying import carry_out
from saas.billing.client import plain, read
from saas.billing.operations import begin, lock_subscription
from saas.billing.steps import Call, Json, Operation, Step, operation
from saas.outbox import enqueue
from saas.scope import tenant_scope


async def drop_second(tenant_id: UUID, subscription_id: str) -> None:
    """Ends it at once; what was paid for it is refunded, what is open voided. The chain's own is never touched.

    Raises DomainError `billing-unavailable`, `billing-in-progress`: then it's to be tried again.
    """
    async with tenant_scope(tenant_id):
        if (await lock_subscription())["subscription_id"] == subscription_id:
            return
        begun = await begin(SECOND, {"subscription": subscription_id})
    await carry_out(tenant_id, begun.id)


async def _end(call: Call) -> Json:
    subscription = call.operation.body["subscription"]
    now = await read(call.client.v1.subscriptions.retrieve_async(subscription))
    if now.status not in {"canceled", "incomplete_expired"}:
        params: Any = {"invoice_now": False, "prorate": False}
        await call.client.v1.subscriptions.cancel_async(subscription, params, call.options)
    return {}


async def _give_back(call: Call) -> Json:
    """Refunds are keyed by their payment: none is given twice."""
    params: Any = {"subscription": call.operation.body["subscription"], "limit": 100}
    refunded: list[str] = []
    invoices = plain(await read(call.client.v1.invoices.list_async(params)))["data"]
    for invoice in invoices:
        key = f"{call.options['idempotency_key']}:{invoice['id']}"
        if invoice["status"] == "open":
            await call.client.v1.invoices.void_invoice_async(invoice["id"], {}, {"idempotency_key": key})
        if invoice["status"] != "paid" or not invoice["amount_paid"]:
            continue
        for payment in await _payments(call, invoice["id"]):
            if not await _refunded(call, payment):
                refund: Any = {"payment_intent": payment, "reason": "duplicate"}
                await call.client.v1.refunds.create_async(refund, {"idempotency_key": f"{key}:{payment}"})
            refunded.append(payment)
    return {"refunded": refunded, "invoices": [invoice["id"] for invoice in invoices]}


async def _payments(call: Call, invoice_id: str) -> list[str]:
    params: Any = {"invoice": invoice_id, "status": "paid", "limit": 100}
    told = plain(await read(call.client.v1.invoice_payments.list_async(params)))["data"]
    return [one["payment"]["payment_intent"] for one in told if one["payment"].get("payment_intent") is not None]


async def _refunded(call: Call, payment: str) -> bool:
    params: Any = {"payment_intent": payment, "limit": 1}
    return bool((await read(call.client.v1.refunds.list_async(params))).data)


async def _read_later(_done: Operation, answer: Json) -> None:
    for invoice_id in answer["invoices"]:
        await enqueue("billing.read", {"invoice": invoice_id})


SECOND: Final = operation("drop-second", Step("end", _end), Step("refund", _give_back, _read_later))
