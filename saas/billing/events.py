"""What Stripe's events make us do. An event only says where to look: everything is read again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import structlog

from saas.billing import doubles, downgrading, ending, paying
from saas.billing.client import plain, read, stripe_client
from saas.billing.reading import SECOND, read_invoice, read_subscription
from saas.billing.settling import tell_once
from saas.billing.usage.reporting import report_final
from saas.errors import DomainError
from saas.jobs import errand
from saas.principal import SYSTEM
from saas.scope import connection, tenant_scope

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

JOB: Final = "billing.event"
READ: Final = "billing.read"
ATTEMPTS: Final = 12
"""Some hours of trying, while Stripe is away."""

Handler = Callable[[UUID, str], Awaitable[None]]

_OURS: Final = "SELECT subscription_id, stripe_status FROM subscription WHERE tenant_id = $1"
_LAST_TRIED: Final = """
SELECT request -> 'body' ->> 'card' FROM billing_operation WHERE tenant_id = $1 AND kind = ANY($2::text[])
 ORDER BY id DESC LIMIT 1
"""
_WAITING: Final = frozenset({"paused", "past_due", "unpaid"})
_SETTLED: Final = frozenset({"payment-declined", "subscription-not-paused", "no-subscription"})
"""The card doesn't pay, or somebody else was faster: trying again would change nothing."""
_RECENT: Final = 10
_DONE: Final = (
    "UPDATE stripe_event AS e SET handled_at = clock_timestamp()"
    " WHERE e.tenant_id = $1 AND e.id = $2 AND e.handled_at IS NULL"
)


async def _subscription(tenant_id: UUID, subscription_id: str) -> None:
    await read_subscription(tenant_id, subscription_id)


async def _trial_will_end(tenant_id: UUID, subscription_id: str) -> None:
    copy = await read_subscription(tenant_id, subscription_id)
    if copy is not None and copy.trial_end is not None:
        async with tenant_scope(tenant_id):
            card = copy.payment_method is not None
            await tell_once("billing.trial_ending", copy.trial_end, {"at": copy.trial_end.isoformat(), "card": card})


async def _invoice(tenant_id: UUID, invoice_id: str) -> None:
    copy = await read_invoice(tenant_id, invoice_id)
    if copy.subscription is not None:
        await read_subscription(tenant_id, copy.subscription)


async def _invoice_created(tenant_id: UUID, invoice_id: str) -> None:
    """A renewal's is a draft for an hour. Use is rated when it is finalized: the period's last count is told now."""
    copy = await read_invoice(tenant_id, invoice_id)
    if copy.subscription is not None:
        await read_subscription(tenant_id, copy.subscription)
    if copy.billing_reason == "subscription_cycle" and copy.period_start < copy.period_end:
        await report_final(tenant_id, copy.period_start, copy.period_end)
        await downgrading.after_renewal(tenant_id)


async def _checkout(tenant_id: UUID, session_id: str) -> None:
    session = plain(await read(stripe_client().v1.checkout.sessions.retrieve_async(session_id)))
    bought = session.get("subscription")
    if bought is not None:
        await read_subscription(tenant_id, bought if isinstance(bought, str) else bought["id"])
    else:
        await _new_card(tenant_id, session_id)


async def _new_card(tenant_id: UUID, _: str) -> None:
    """Whatever was waiting for it goes on: open invoices are paid, a paused subscription begins.

    Stripe tells of a card in several events, and of other things in the same ones: each card is tried once.
    """
    ours = await _own(tenant_id)
    if ours is None:
        return
    copy = await read_subscription(tenant_id, ours)
    if copy is None or copy.card is None or copy.status not in _WAITING or await _tried(tenant_id, copy.card):
        return
    try:
        if copy.status == "paused":
            await ending.unpause(replace(SYSTEM, tenant_id=tenant_id), card=copy.card)
        else:
            await paying.pay_open_invoices(tenant_id, copy.card)
    except DomainError as error:
        if error.code not in _SETTLED:
            raise
    await read_subscription(tenant_id, ours)


async def _tried(tenant_id: UUID, card: str) -> bool:
    async with tenant_scope(tenant_id):
        last: str | None = await connection().fetchval(_LAST_TRIED, tenant_id, [paying.PAY, ending.UNPAUSE])
    return last == card


async def _refunded(tenant_id: UUID, _: str) -> None:
    """A charge doesn't say whose invoice it paid: the last ones are read again."""
    async with tenant_scope(tenant_id):
        rows = await connection().fetch(
            "SELECT id FROM invoice WHERE tenant_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2", tenant_id, _RECENT
        )
    for row in rows:
        await read_invoice(tenant_id, row["id"])


async def _disputed(tenant_id: UUID, charge_id: str) -> None:
    """The payer's bank takes a payment back: the operator has to answer it, at Stripe."""
    charge = plain(await read(stripe_client().v1.charges.retrieve_async(charge_id)))
    made = datetime.fromtimestamp(charge["created"], UTC)
    told = {"charge": charge_id, "amount": charge["amount"], "currency": charge["currency"].upper()}
    async with tenant_scope(tenant_id):
        if await tell_once("billing.payment_disputed", made, told):
            log.error("a payment is disputed", charge=charge_id, amount=told["amount"], currency=told["currency"])


HANDLED: Final[dict[str, Handler]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "customer.subscription.created": _subscription,
    "customer.subscription.updated": _subscription,
    "customer.subscription.deleted": _subscription,
    "customer.subscription.paused": _subscription,
    "customer.subscription.resumed": _subscription,
    "customer.subscription.trial_will_end": _trial_will_end,
    "invoice.created": _invoice_created,
    "invoice.finalized": _invoice,
    "invoice.updated": _invoice,
    "invoice.paid": _invoice,
    "invoice.payment_failed": _invoice,
    "invoice.payment_action_required": _invoice,
    "invoice.finalization_failed": _invoice,
    "invoice.overdue": _invoice,
    "invoice.voided": _invoice,
    "invoice.marked_uncollectible": _invoice,
    "setup_intent.succeeded": _new_card,
    "payment_method.attached": _new_card,
    "payment_method.detached": _new_card,
    "customer.updated": _new_card,
    "charge.refunded": _refunded,
    "charge.dispute.created": _disputed,
}
"""By type. All others are answered and put aside."""


@errand(JOB, although_closed=True, max_attempts=ATTEMPTS)
async def handle_event(tenant_id: UUID, payload: dict[str, Any]) -> None:
    """`event`, `type`, `object`: ids. May run twice: it reads."""
    try:
        await HANDLED[payload["type"]](tenant_id, payload["object"])
    except DomainError as error:
        if error.code != "not-found":
            raise
        log.warning("an event about what Stripe no longer has", type=payload["type"], object=payload["object"])
    async with tenant_scope(tenant_id):
        await connection().execute(_DONE, tenant_id, payload["event"])


@errand(READ, although_closed=True, max_attempts=ATTEMPTS)
async def read_again(tenant_id: UUID, payload: dict[str, Any]) -> None:
    """`subscription` or `invoice`: an id; neither: the chain's own subscription."""
    if "invoice" in payload:
        await _invoice(tenant_id, payload["invoice"])
        return
    wanted = payload.get("subscription") or await _own(tenant_id)
    if wanted is not None:
        await read_subscription(tenant_id, wanted)


@errand(SECOND, although_closed=True, max_attempts=ATTEMPTS)
async def end_second(tenant_id: UUID, payload: dict[str, Any]) -> None:
    """Two pages of a checkout were paid: the second subscription ends, and what it took is given back. Unless the
    first has ended meanwhile: then the second takes its place.
    """
    ours = await _own(tenant_id)
    first = None if ours is None else await read_subscription(tenant_id, ours)
    if first is None or not first.live:
        await read_subscription(tenant_id, payload["subscription"])
        return
    await doubles.drop_second(tenant_id, payload["subscription"])


async def _own(tenant_id: UUID) -> str | None:
    async with tenant_scope(tenant_id):
        row = await connection().fetchrow(_OURS, tenant_id)
    return row["subscription_id"] if row is not None else None
