"""`POST /stripe/webhook`: what Stripe tells us, verified, kept once and answered. The work is a job's.

A tenant is found by the customer that an event is about, and by nothing that a sender could choose. What isn't ours
is put aside and answered like the rest: it wouldn't become ours by being sent again.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from litestar import Request, Response, post
from stripe import SignatureVerificationError, WebhookSignature

from saas.billing.client import enabled, test_mode
from saas.billing.events import HANDLED, JOB
from saas.db import role_pool
from saas.errors import DomainError
from saas.outbox import enqueue
from saas.scope import connection, current, tenant_scope
from saas.security_log import noted
from saas.settings import get_settings, split_keys

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

TOLERANCE: Final = 300
"""Seconds that a signature may be old: Stripe signs every try anew."""
LONGEST: Final = 1024 * 1024
METER_ERROR: Final = "v1.billing.meter.error_report_triggered"
DISPUTED: Final = "charge.dispute.created"

_STORE: Final = (
    "INSERT INTO stripe_event AS e (tenant_id, id, type, object_id, created_at, via) VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT DO NOTHING"
)
_OTHER: Final = (
    "INSERT INTO platform.stripe_event_other AS e (id, type, object_id, why) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT DO NOTHING"
)
_TENANT: Final = "SELECT tenant_id FROM platform.stripe_customer WHERE customer_id = $1"

Via = Literal["webhook", "backfill"]


@dataclass(frozen=True, slots=True)
class Told:
    """An event as far as it's used: what it is about, never what it says of it."""

    id: str
    type: str
    created_at: datetime
    object_id: str | None
    customer: str | None


@post("/stripe/webhook", opt={"auth": "none", "scoped": False}, include_in_schema=False, status_code=200)
async def receive(request: Request[Any, Any, Any]) -> Response[dict[str, bool]]:
    """200 once it's kept; 400 for what Stripe didn't sign."""
    if not enabled():
        raise DomainError("not-found")
    body = await request.body()
    try:
        told = verified(body, request.headers.get("stripe-signature"))
    except DomainError:
        noted("foreign-webhook", request)
        raise
    await keep(told, "webhook")
    return Response({"received": True})


def verified(body: bytes, signature: str | None) -> Told:
    """Raises DomainError `stripe-signature-invalid` for what isn't signed with one of our secrets, or long ago."""
    if len(body) > LONGEST or not any(_signed(body, signature, secret) for secret in _secrets()):
        raise DomainError("stripe-signature-invalid")
    try:
        return understood(json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        raise DomainError("stripe-signature-invalid") from error


def understood(event: Any) -> Told:
    """Of an event's JSON, a snapshot or a thin one. Raises KeyError, TypeError or ValueError for something else."""
    if event["object"] == "v2.core.event":
        created = datetime.fromisoformat(event["created"])
        return Told(event["id"], event["type"], created, (event.get("related_object") or {}).get("id"), None)
    if bool(event["livemode"]) is test_mode():
        raise ValueError("an event of the other mode")
    about = event["data"]["object"]
    if about.get("object") == "dispute":  # it names no customer: whose it is, its charge says
        return Told(event["id"], event["type"], datetime.fromtimestamp(event["created"], UTC), about["charge"], None)
    customer = about["id"] if about.get("object") == "customer" else about.get("customer")
    if isinstance(customer, dict):
        customer = customer["id"]
    return Told(event["id"], event["type"], datetime.fromtimestamp(event["created"], UTC), about.get("id"), customer)


async def keep(told: Told, via: Via) -> bool:
    """Writes it with the job that handles it, once; whether this is the first time. Raises what the database does."""
    if told.type not in HANDLED or told.object_id is None:
        await _put_aside(told, "type")
        return False
    tenant_id = await _tenant_of(told.customer)
    if tenant_id is None:
        await _put_aside(told, "object" if told.type == DISPUTED and told.customer is None else "customer")
        return False
    async with tenant_scope(tenant_id):
        tag = await connection().execute(
            _STORE, current().tenant_id, told.id, told.type, told.object_id, told.created_at, via
        )
        if tag == "INSERT 0 0":
            return False
        await enqueue(JOB, {"event": told.id, "type": told.type, "object": told.object_id})
    return True


def _signed(body: bytes, signature: str | None, secret: str) -> bool:
    try:
        return bool(WebhookSignature.verify_header(body.decode(), signature or "", secret, TOLERANCE))
    except (SignatureVerificationError, UnicodeDecodeError):
        return False


def _secrets() -> tuple[str, ...]:
    return split_keys(get_settings().stripe_webhook_secrets)


async def _tenant_of(customer: str | None) -> UUID | None:
    if customer is None:
        return None
    found: UUID | None = await (await role_pool("gate")).fetchval(_TENANT, customer)
    return found


async def _put_aside(told: Told, why: Literal["type", "customer", "object"]) -> None:
    await (await role_pool("gate")).execute(_OTHER, told.id, told.type, told.object_id, why)
    if why == "customer" or told.type == METER_ERROR:
        log.warning("an event that isn't a chain's", event_id=told.id, type=told.type, object=told.object_id)


HANDLERS = [receive]
