"""Paying what is open: by a new card, or marked by the operator who has seen the transfer."""

from typing import Any, Final
from uuid import UUID

import stripe

from saas.billing.carrying import carry_out
from saas.billing.client import plain, read, verdict
from saas.billing.held import lock_held
from saas.billing.operations import ask, begin, lock_subscription
from saas.billing.reading import read_invoice, read_subscription
from saas.billing.steps import Call, Json, Operation, Step, operation
from saas.errors import DomainError
from saas.outbox import enqueue
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope

_INVOICE: Final = "SELECT status FROM invoice WHERE tenant_id = $1 AND id = $2"
_OUT_OF_BAND: Final = "UPDATE invoice AS i SET out_of_band = true WHERE i.tenant_id = $1 AND i.id = $2"


async def pay_open_invoices(tenant_id: UUID, card: str | None = None) -> None:
    """After a new card: what is open is charged to it. Whether it was declined is in our copies of the invoices.
    `card`: its id, by which it's known that it was tried.

    Raises DomainError `no-subscription`, `billing-unavailable`, `billing-in-progress`: the last two to be tried again.
    """
    async with tenant_scope(tenant_id):
        await lock_subscription()
        begun = await begin(PAY, {} if card is None else {"card": card}, prepare=_of_subscription)
    await carry_out(tenant_id, begun.id)


async def pay_now(who: Principal, *, key: str | None = None) -> None:
    """The same for an owner who waits; what is paused goes on. Raises DomainError `payment-declined` too."""
    done = await ask(who, PAY, {}, key=key, prepare=_of_subscription)
    if done.of("pay")["declined"]:
        raise DomainError("payment-declined")


async def mark_paid(who: Principal, invoice_id: str, *, key: str | None = None) -> None:
    """The operator has seen the money: the invoice is paid outside of Stripe. `who` acts in the chain's name.

    Raises DomainError `not-found` for an invoice that the chain doesn't have, `invoice-not-open`, and what
    `operations.ask` raises.
    """

    async def prepare() -> Json:
        status = await connection().fetchval(_INVOICE, current().tenant_id, invoice_id)
        if status is None:
            raise DomainError("not-found")
        if status not in {"open", "uncollectible"}:
            raise DomainError("invoice-not-open")
        return {}

    await ask(who, MARK_PAID, {"invoice": invoice_id}, key=key, prepare=prepare)


async def _of_subscription() -> Json:
    return {"subscription": (await lock_held()).id}


async def _pay(call: Call) -> Json:
    """Every one that a card is to pay, the oldest first. What Stripe doesn't try by itself any more (a draft of an
    unpaid subscription) is finalized before. One that is paid already isn't charged again: it's looked at first.
    """
    paid: list[str] = []
    declined: list[str] = []
    owed = await _owed(call)
    if not owed:
        return {"paid": paid, "declined": await _go_on(call)}
    for invoice in owed:
        key = f"{call.options['idempotency_key']}:{invoice['id']}"
        if invoice["status"] == "draft":
            await call.client.v1.invoices.finalize_invoice_async(
                invoice["id"], {"auto_advance": False}, {"idempotency_key": f"{key}:finalize"}
            )
        try:
            await call.client.v1.invoices.pay_async(invoice["id"], {}, {"idempotency_key": key})
        except stripe.StripeError as error:
            if await _settled(call, invoice["id"]):
                paid.append(invoice["id"])
            elif verdict(error) == "declined":
                declined.append(invoice["id"])
            else:
                raise
        else:
            paid.append(invoice["id"])
    return {"paid": paid, "declined": declined}


async def _go_on(call: Call) -> list[str]:
    """A trial that ended without a card owes nothing yet: its first month is charged. What was declined of it."""
    client, subscription = call.client.v1.subscriptions, call.operation.request["subscription"]
    now = await read(client.retrieve_async(subscription))
    if now.status != "paused":
        return []
    params: Any = {"payment_behavior": "resume_on_payment_success"}
    options: stripe.RequestOptions = {"idempotency_key": f"{call.options['idempotency_key']}:resume"}
    told = plain(await client.resume_async(subscription, params, options))
    return [told["latest_invoice"]] if told["status"] == "paused" else []


async def _owed(call: Call) -> list[Json]:
    found: list[Json] = []
    for status in ("open", "draft"):
        params: Any = {"subscription": call.operation.request["subscription"], "status": status, "limit": 100}
        told = plain(await read(call.client.v1.invoices.list_async(params)))["data"]
        found += [one for one in told if status == "open" or not one.get("auto_advance")]
    by_card = [one for one in found if one["collection_method"] == "charge_automatically"]
    return sorted(by_card, key=lambda one: (one["created"], one["id"]))


async def _settled(call: Call, invoice_id: str) -> bool:
    now = await read(call.client.v1.invoices.retrieve_async(invoice_id))
    return now.status == "paid"


async def _mark(call: Call) -> Json:
    invoice_id = call.operation.body["invoice"]
    if not await _settled(call, invoice_id):
        await call.client.v1.invoices.pay_async(invoice_id, {"paid_out_of_band": True}, call.options)
    return {}


async def _marked(done: Operation, _answer: Json) -> None:
    await connection().execute(_OUT_OF_BAND, done.tenant_id, done.body["invoice"])
    await enqueue("billing.read", {"invoice": done.body["invoice"]})


async def _paid_later(done: Operation, answer: Json) -> None:
    for invoice_id in [*answer["paid"], *answer["declined"]]:
        await enqueue("billing.read", {"invoice": invoice_id})
    await enqueue("billing.read", {"subscription": done.request["subscription"]})


async def _read_paid(done: Operation) -> None:
    for invoice_id in done.of("pay")["paid"]:
        await read_invoice(done.tenant_id, invoice_id)
    await read_subscription(done.tenant_id, done.request["subscription"])


async def _read_marked(done: Operation) -> None:
    copy = await read_invoice(done.tenant_id, done.body["invoice"])
    if copy.subscription is not None:
        await read_subscription(done.tenant_id, copy.subscription)


PAY: Final = operation("pay", Step("pay", _pay, _paid_later), after=_read_paid)
MARK_PAID: Final = operation("mark-paid", Step("mark", _mark, _marked), after=_read_marked)
