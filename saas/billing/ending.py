"""Leaving, and coming back: at the end of what is paid for, or at once."""

from typing import Any, Final

from saas.billing.client import plain, read
from saas.billing.held import STOPPED, lock_held
from saas.billing.items import items_of, read_later, read_now
from saas.billing.operations import ask
from saas.billing.steps import Call, Json, Step, operation
from saas.errors import DomainError
from saas.principal import Principal


async def cancel(who: Principal, *, key: str | None = None) -> None:
    """The subscription ends with what is paid for; of who is suspended, at once. Until then it can be taken back.

    Raises DomainError `no-subscription`, `subscription-ending` where that is so already, and what `operations.ask`
    raises.
    """

    async def prepare() -> Json:
        held = await lock_held()
        if held.ending:
            raise DomainError("subscription-ending")
        return {**items_of(held), "at_once": held.status in STOPPED}

    await ask(who, CANCEL, {}, key=key, prepare=prepare)


async def come_back(who: Principal, *, key: str | None = None) -> None:
    """Takes a cancellation back before it has come to pass; afterwards a new checkout does it.

    Raises DomainError `no-subscription`, `subscription-not-ending`, and what `operations.ask` raises.
    """

    async def prepare() -> Json:
        held = await lock_held()
        if not held.ending:
            raise DomainError("subscription-not-ending")
        return items_of(held)

    await ask(who, COME_BACK, {}, key=key, prepare=prepare)


async def end_now(who: Principal, *, key: str | None = None) -> None:
    """Ends the subscription at once and bills the use that isn't billed yet; nothing is given back.

    Raises DomainError `no-subscription`, and what `operations.ask` raises.
    """

    async def prepare() -> Json:
        return {**items_of(await lock_held()), "at_once": True}

    await ask(who, END, {}, key=key, prepare=prepare)


async def unpause(who: Principal, *, card: str | None = None, key: str | None = None) -> None:
    """A trial that ended without a card goes on, paid, once there is one. The month begins now. `card`: its id, by
    which it's known that it was tried.

    Raises DomainError `no-subscription`, `subscription-not-paused`, `payment-declined`, and what `operations.ask`
    raises.
    """

    async def prepare() -> Json:
        held = await lock_held()
        if held.status != "paused":
            raise DomainError("subscription-not-paused")
        return items_of(held)

    await ask(who, UNPAUSE, {} if card is None else {"card": card}, key=key, prepare=prepare)


async def _now(call: Call) -> Json:
    asked = call.client.v1.subscriptions.retrieve_async(call.operation.request["subscription"])
    return plain(await read(asked))


async def _end(call: Call) -> Json:
    now = await _now(call)
    if now["status"] != "canceled":
        params: Any = {"invoice_now": now["status"] not in STOPPED, "prorate": False}
        await call.client.v1.subscriptions.cancel_async(now["id"], params, call.options)
    return {}


async def _cancel(call: Call) -> Json:
    if call.operation.request["at_once"]:
        return await _end(call)
    return await _set_end(call, {"cancel_at_period_end": True})


async def _come_back(call: Call) -> Json:
    """Stripe's own pages set an instant alone: then that is what has to go."""
    now = await _now(call)
    if now["cancel_at_period_end"]:
        return await _set_end(call, {"cancel_at_period_end": False})
    return await _set_end(call, {"cancel_at": ""}) if now.get("cancel_at") is not None else {}


async def _set_end(call: Call, params: Any) -> Json:
    await call.client.v1.subscriptions.update_async(call.operation.request["subscription"], params, call.options)
    return {}


async def _unpause(call: Call) -> Json:
    """The first month is charged at once; unless that succeeds, the subscription stays paused."""
    now = await _now(call)
    if now["status"] == "paused":
        params: Any = {"payment_behavior": "resume_on_payment_success"}  # the cycle begins now: the default
        now = plain(await call.client.v1.subscriptions.resume_async(now["id"], params, call.options))
    if now["status"] == "paused":
        raise DomainError("payment-declined")
    return {}


CANCEL: Final = operation("cancel", Step("cancel", _cancel, read_later), after=read_now)
COME_BACK: Final = operation("come-back", Step("come-back", _come_back, read_later), after=read_now)
END: Final = operation("end", Step("end", _end, read_later), after=read_now)
UNPAUSE: Final = operation("unpause", Step("unpause", _unpause, read_later), after=read_now)
