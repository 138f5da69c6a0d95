"""A smaller plan from the next month on.

It is ours alone until the last day of the month: then the base price is changed without a charge, so that the renewal
bills the new one. The metered price follows once the month is over, because the old month's members are counted by the
old plan. Should Stripe have been away over the renewal, the base price is changed with prorations.
"""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import stripe

from saas.billing.carrying import carry_out
from saas.billing.held import branches_over, held_of, lock_held
from saas.billing.items import ensure, item_now, items_of, prices, read_later, read_now, swap
from saas.billing.operations import begin, lock_subscription
from saas.billing.settling import settle, tell
from saas.billing.states import BEFORE_RENEWAL
from saas.billing.steps import Call, Json, Operation, Step, operation
from saas.clock import tenant_now
from saas.errors import DomainError
from saas.plans.catalogue import Plan, plan
from saas.scope import connection, current, tenant_scope
from tenants.audit.record import record

_CHOOSE: Final = (
    "UPDATE subscription AS s SET next_plan = $2, next_revision = $3, next_step = $4 WHERE s.tenant_id = $1"
)
_BEGUN: Final = "UPDATE subscription AS s SET next_step = 'usage' WHERE s.tenant_id = $1 AND s.next_plan IS NOT NULL"
_LAST: Final = """
SELECT request FROM billing_operation WHERE tenant_id = $1 AND kind = 'downgrade' AND state = 'done'
 ORDER BY id DESC LIMIT 1
"""


async def schedule(wanted: Plan | None) -> None:
    """What the chain has from the next month on; None: what it has now. In the current scope, the subscription locked,
    and of a downgrade that Stripe knows nothing of yet.
    """
    code, revision = (wanted.code, wanted.revision) if wanted else (None, None)
    await connection().execute(_CHOOSE, current().tenant_id, code, revision, None)
    await record("billing.downgrade", f"tenant:{current().tenant_id}", {"plan": code})
    await settle()


async def before_renewal(tenant_id: UUID) -> None:
    """In the month's last 24 hours: Stripe is told of the smaller plan, if it still has room for all that is open. Does
    nothing where there is nothing to do.

    Raises DomainError `billing-unavailable`: then it is to be tried again; `billing-in-progress` likewise.
    """
    async with tenant_scope(tenant_id):
        held = held_of(await lock_subscription())
        if held is None or held.next_plan is None or held.next_step is not None or not held.renews:
            return
        if await tenant_now() < held.period_end - BEFORE_RENEWAL:
            return
        over = await branches_over(plan(held.next_plan, held.next_revision))
        if over:  # opened since: the larger plan stays
            await schedule(None)
            await tell("billing.downgrade_dropped", {"plan": held.next_plan, "branches_over": over})
            return
        named = {"plan": held.next_plan, "revision": held.next_revision, "currency": held.currency}
        body = {**named, "period_end": int(held.period_end.timestamp())}

        async def prepare() -> Json:
            return {**items_of(held), **named}

        begun = await begin(DOWNGRADE, body, prepare=prepare)
    await carry_out(tenant_id, begun.id)


async def after_renewal(tenant_id: UUID) -> None:
    """Once the new month has begun: its members are counted by the new plan, which is then in force as a whole.

    To be called before the new month's use is reported. Does nothing where there is nothing to do; raises as
    `before_renewal`.
    """
    async with tenant_scope(tenant_id):
        held = held_of(await lock_subscription())
        if held is None or held.next_plan is None or held.next_step != "usage":
            return
        told = await connection().fetchval(_LAST, tenant_id)
        if told is None or held.period_start < datetime.fromtimestamp(told["body"]["period_end"], UTC):
            return
        named = {"plan": held.next_plan, "revision": held.next_revision, "currency": held.currency}

        async def prepare() -> Json:
            return {**items_of(held), **named}

        begun = await begin(USAGE, named, prepare=prepare)
    await carry_out(tenant_id, begun.id)


async def unschedule() -> Json:
    """The preparation of an undo: back to the plan that the members are still counted by."""
    held = await lock_held()
    if held.next_step is None:
        raise DomainError("plan-unchanged")
    return {**items_of(held), "plan": held.plan, "revision": held.revision, "currency": held.currency}


async def _base(call: Call) -> Json:
    """Before the renewal nothing is charged; after it, the difference is given back. What it did, or finds done, is
    told by the price alone, so it may come from either side of the renewal.
    """
    price = call.operation.of("prices")["base"]
    now = await item_now(call, "base")
    if now.price == price:
        return {"price": price}
    late = now.period_end > datetime.fromtimestamp(call.operation.body["period_end"], UTC)
    if not late:
        return await swap(call, "base", price, "none")
    options: stripe.RequestOptions = {"idempotency_key": f"{call.options['idempotency_key']}:late"}
    return await swap(Call(call.operation, call.client, options, call.repeated), "base", price, "create_prorations")


async def _base_again(call: Call) -> Json:
    return await ensure(call, "base", call.operation.of("prices")["base"], "none")


async def _usage(call: Call) -> Json:
    if call.operation.request["usage_item"] is None:
        return {}
    return await ensure(call, "usage", call.operation.of("prices")["usage"], "none")


async def _begun(operation: Operation, answer: Json) -> None:
    await connection().execute(_BEGUN, operation.tenant_id)
    await read_later(operation, answer)


async def over(operation: Operation, answer: Json) -> None:
    """What is kept where no smaller plan is to come any more."""
    await connection().execute(_CHOOSE, operation.tenant_id, None, None, None)
    await read_later(operation, answer)


DOWNGRADE: Final = operation("downgrade", Step("prices", prices), Step("base", _base, _begun), after=read_now)
USAGE: Final = operation("downgrade-usage", Step("prices", prices), Step("usage", _usage, over), after=read_now)
UNDO: Final = operation("downgrade-undo", Step("prices", prices), Step("base", _base_again, over), after=read_now)
