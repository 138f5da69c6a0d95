"""Carrying an operation out: its steps, one after the other, by who waits for it or by its job."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import stripe
import structlog

from saas.billing.client import at_work, problem, stripe_client, verdict
from saas.billing.settling import lock_copies
from saas.billing.steps import After, Call, Json, Operation, Step, kind_of, operation_of
from saas.errors import DomainError
from saas.jobs import errand
from saas.principal import SYSTEM, Principal
from saas.scope import connection, tenant_scope

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

JOB: Final = "billing.operate"
LONGEST: Final = timedelta(hours=20)
"""Then an operation that couldn't be done is given up: Stripe forgets its keys after 24 hours."""
TRIES: Final = 60
"""Of the job, whose waits double up to an hour: it is still at it when `LONGEST` is over."""
_AGAIN: Final = 0.25

_BY_ID: Final = "SELECT * FROM billing_operation WHERE tenant_id = $1 AND id = $2"
_RECORD: Final = (
    "UPDATE billing_operation AS o SET step = o.step + 1, answer = o.answer || $4, changed_at = clock_timestamp(),"
    " state = CASE WHEN $5 THEN 'done' ELSE 'open' END"
    " WHERE tenant_id = $1 AND id = $2 AND step = $3 AND state = 'open' RETURNING *"
)
_FAIL: Final = (
    "UPDATE billing_operation AS o SET state = 'failed', error = $4, changed_at = clock_timestamp()"
    " WHERE tenant_id = $1 AND id = $2 AND step = $3 AND state = 'open' RETURNING *"
)
_NOTE: Final = (
    "UPDATE billing_operation AS o SET attempts = o.attempts + 1, answer = o.answer || $3,"
    " changed_at = clock_timestamp() WHERE tenant_id = $1 AND id = $2 AND state = 'open'"
)


async def carry_out(tenant_id: UUID, operation_id: UUID, *, patient: bool = False) -> Operation:
    """Does what is left of an operation and returns it, done. No scope is open. `patient`: waits for who is just doing
    the same call.

    Raises DomainError: what it failed with, now or earlier; `billing-unavailable` where it is still open.
    """
    done = await load(tenant_id, operation_id)
    while done.state == "open":
        if datetime.now(UTC) - done.created_at > LONGEST:
            done = await _failed(done, DomainError("billing-given-up"))
            break
        done = await _next_step(done, patient=patient)
    if done.error is not None:
        raise DomainError(done.error["code"], params=done.error.get("params"))
    return done


async def load(tenant_id: UUID, operation_id: UUID) -> Operation:
    """As it is now. Raises DomainError `not-found`."""
    async with tenant_scope(tenant_id):
        row = await connection().fetchrow(_BY_ID, tenant_id, operation_id)
    if row is None:
        raise DomainError("not-found")
    return operation_of(row)


async def _next_step(was: Operation, *, patient: bool) -> Operation:
    kind = kind_of(was)
    step = kind.steps[was.step]
    generation = int(was.answer.get(_again_of(step), 0))
    key = f"{was.id}:{step.name}" + (f":{generation}" if generation else "")
    call = Call(was, stripe_client(), {"idempotency_key": key}, generation > 0)
    try:
        answer = await _asked(step, call, patient=patient)
    except stripe.StripeError as error:
        return await _not_done(was, step, generation, error)
    except DomainError as error:
        if error.code == "billing-unavailable":
            await _noted(was, {})
            raise
        return await _failed(was, error)
    last = was.step + 1 == len(kind.steps)
    async with tenant_scope(was.tenant_id, principal=_principal(was)):
        await lock_copies()  # first, as everybody: what is kept may change our copy
        row = await connection().fetchrow(_RECORD, was.tenant_id, was.id, was.step, {step.name: answer}, last)
        if row is not None:
            await step.keep(operation_of(row), answer)
    if row is None:  # somebody else was faster: with the same key, so it is the same answer
        return await load(was.tenant_id, was.id)
    if last and kind.after is not None:
        await _afterwards(kind.after, operation_of(row))
    return operation_of(row)


async def _asked(step: Step, call: Call, *, patient: bool) -> Json:
    while True:
        try:
            return await step.run(call)
        except stripe.StripeError as error:
            if not (patient and at_work(error)):
                raise
        await asyncio.sleep(_AGAIN)


async def _not_done(was: Operation, step: Step, generation: int, error: stripe.StripeError) -> Operation:
    """It failed, or nobody knows: then it stays open, and raises."""
    found = problem(error)
    if verdict(error) in {"declined", "refused"}:
        return await _failed(was, found)
    await _noted(was, {_again_of(step): generation + 1} if verdict(error) == "unknown" else {})
    raise found from error


async def _noted(was: Operation, answer: Json) -> None:
    async with tenant_scope(was.tenant_id):
        await connection().execute(_NOTE, was.tenant_id, was.id, answer)


async def _failed(was: Operation, error: DomainError) -> Operation:
    kept = {"code": error.code, "params": dict(error.params)}
    async with tenant_scope(was.tenant_id, principal=_principal(was)):
        row = await connection().fetchrow(_FAIL, was.tenant_id, was.id, was.step, kept)
    return await load(was.tenant_id, was.id) if row is None else operation_of(row)


async def _afterwards(after: After, done: Operation) -> None:
    try:
        await after(done)
    except (DomainError, stripe.StripeError) as error:
        log.warning("not read at once", operation=str(done.id), error=type(error).__name__)


@errand(JOB, although_closed=True, max_attempts=TRIES)
async def operate(tenant_id: UUID, payload: Json) -> None:
    """Goes on with an operation that was left open. What it fails with is in its row, for who asks again."""
    found = await load(tenant_id, UUID(payload["id"]))
    if found.state != "open":
        return
    try:
        await carry_out(tenant_id, found.id)
    except DomainError as error:
        if error.code == "billing-unavailable":
            raise


def _again_of(step: Step) -> str:
    return f"{step.name}:again"


def _principal(was: Operation) -> Principal:
    """Whoever asked for it is who it is done for, also by the job."""
    return Principal(was.actor, was.tenant_id, SYSTEM.scopes)
