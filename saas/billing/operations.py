"""What we ask of Stripe, so that it happens once.

An operation is a row, committed before Stripe hears of it, and a list of steps, each one call with an idempotency key
of its own (`<operation>:<step>`). What a step gave is committed before the next one begins. Whoever dies in between,
or gets no answer, leaves an open operation; its job goes on with it at the first step that isn't through, with the same
key, so that Stripe answers what it answered then. One operation is open a chain at a time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from saas.billing.carrying import JOB, carry_out, load
from saas.billing.client import SECONDS, stripe_client
from saas.billing.settling import lock_copies
from saas.billing.steps import Json, Operation, operation_of
from saas.chores import KEEP_KEYS
from saas.errors import DomainError
from saas.outbox import enqueue
from saas.principal import Principal
from saas.sandboxed import require_live
from saas.scope import connection, current, tenant_scope
from tenants.audit.record import record

WAIT: Final = timedelta(seconds=30)
"""How long who asked has for it himself, before the job takes over."""

_OPEN: Final = "SELECT * FROM billing_operation WHERE tenant_id = $1 AND state = 'open' FOR UPDATE"
_BY_KEY: Final = (
    "SELECT * FROM billing_operation WHERE tenant_id = $1 AND key = $2"
    " AND (state = 'open' OR created_at > clock_timestamp() - $3::interval)"
)
_FREE_KEY: Final = "UPDATE billing_operation AS o SET key = NULL WHERE o.tenant_id = $1 AND o.key = $2"
_INSERT: Final = (
    "INSERT INTO billing_operation AS o (tenant_id, id, kind, key, request, actor) VALUES ($1, $2, $3, $4, $5, $6)"
    " RETURNING *"
)

Prepare = Callable[[], Awaitable[Json]]


async def _no_preparation() -> Json:
    return {}


async def ask(
    who: Principal, kind: str, body: Json, *, key: str | None = None, prepare: Prepare = _no_preparation
) -> Operation:
    """Does an operation for somebody who waits for it, and returns it, done.

    `body` is what he asked for: the same `key` with it gives the same operation. `prepare` runs in the scope that
    writes the row, with the chain's subscription locked: it checks, raises DomainErrors, and returns what is to be
    kept in the request besides.

    Raises DomainError `billing-unavailable` where Stripe doesn't answer within 8 seconds (the operation goes on by
    job), `billing-in-progress` where an earlier one has to be done first and can't, `idempotency-key-reused`, and what
    Stripe's refusal means (`payment-declined`, `billing-refused`).
    """
    tenant_id = _tenant(who)
    stripe_client()
    row: Operation | _InTheWay | None = None
    try:
        async with asyncio.timeout(SECONDS):
            row = await _begin(who, kind, body, key, prepare)
            if isinstance(row, _InTheWay):
                await _out_of_the_way(tenant_id, row.operation_id)
                row = await _begin(who, kind, body, key, prepare)
            if isinstance(row, _InTheWay):
                raise DomainError("billing-in-progress")
            return await carry_out(tenant_id, row.id, patient=True)
    except TimeoutError:
        if isinstance(row, Operation):
            now = await load(tenant_id, row.id)
            if now.state == "done":  # only our copy is late
                return now
        raise DomainError("billing-unavailable") from None


async def _out_of_the_way(tenant_id: UUID, operation_id: UUID) -> None:
    """Does the earlier one first. How that fails, if it fails for good, is told to who asked for that one."""
    try:
        await carry_out(tenant_id, operation_id, patient=True)
    except DomainError as error:
        if error.code == "billing-unavailable":
            raise


@dataclass(frozen=True, slots=True)
class _InTheWay:
    """Another operation of the chain is open."""

    operation_id: UUID


async def asked_before(who: Principal, kind: str, body: Json, key: str | None) -> Operation | None:
    """The operation that was asked for with this key, done; None: there is none. For who checks something before he
    asks. Raises DomainError: what it failed with, `billing-unavailable`, `idempotency-key-reused`.
    """
    if key is None:
        return None
    async with tenant_scope(_tenant(who), principal=who):
        found = await _by_key(kind, body, key)
    return None if found is None else await carry_out(found.tenant_id, found.id, patient=True)


async def begin(kind: str, body: Json, *, key: str | None = None, prepare: Prepare = _no_preparation) -> Operation:
    """Writes an operation in the current scope, to be done by its job; the subscription's row must be locked.

    Raises DomainError `billing-in-progress` while another one is open, `idempotency-key-reused`.
    """
    found = await _existing(kind, body, key)
    if isinstance(found, _InTheWay):
        raise DomainError("billing-in-progress")
    return found or await _insert(kind, body, key, prepare)


async def _begin(who: Principal, kind: str, body: Json, key: str | None, prepare: Prepare) -> Operation | _InTheWay:
    async with tenant_scope(_tenant(who), principal=who):
        await lock_subscription()
        return await _existing(kind, body, key) or await _insert(kind, body, key, prepare)


async def lock_subscription() -> asyncpg.Record:
    """The chain's subscription, locked; its row is made where there was none. It orders all that is done about it.
    Raises DomainError `live-only` for a sandbox, which buys nothing.
    """
    await require_live()
    tenant_id = current().tenant_id
    await lock_copies()
    row = await connection().fetchrow("SELECT * FROM subscription WHERE tenant_id = $1 FOR UPDATE", tenant_id)
    if row is None:
        raise DomainError("not-found")
    return row


async def _existing(kind: str, body: Json, key: str | None) -> Operation | _InTheWay | None:
    """The one that was asked for already; or one that has to be through first."""
    earlier = None if key is None else await _by_key(kind, body, key)
    if earlier is not None:
        return earlier
    row = await connection().fetchrow(_OPEN, current().tenant_id)
    if row is None:
        return None
    if key is None and (row["kind"], row["request"]["body"]) == (kind, body):
        return operation_of(row)  # asked for twice: one operation
    return _InTheWay(row["id"])


async def _by_key(kind: str, body: Json, key: str) -> Operation | None:
    row = await connection().fetchrow(_BY_KEY, current().tenant_id, key, KEEP_KEYS)
    if row is None:
        return None
    if (row["kind"], row["request"]["body"]) != (kind, body):
        raise DomainError("idempotency-key-reused")
    return operation_of(row)


async def _insert(kind: str, body: Json, key: str | None, prepare: Prepare) -> Operation:
    scope = current()
    request = {"body": body, **await prepare()}
    made: UUID = uuid7()
    if key is not None:  # whoever had it before had it long ago
        await connection().execute(_FREE_KEY, scope.tenant_id, key)
    row = await connection().fetchrow(_INSERT, scope.tenant_id, made, kind, key, request, scope.principal.actor)
    await enqueue(JOB, {"id": str(made)}, delay=WAIT)
    await record(f"billing.{kind}", f"billing_operation:{made}", body)
    return operation_of(row)


def _tenant(who: Principal) -> UUID:
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    return who.tenant_id
