"""Another plan: a larger one at once, its part of the month paid now; a smaller one when the month is over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from saas.billing.client import patience, plain, read, stripe_client
from saas.billing.downgrading import UNDO, over, schedule, unschedule
from saas.billing.held import Held, branches_over, held_of, lock_held, require_room, require_sound
from saas.billing.items import ensure, items_of, prices, read_now
from saas.billing.operations import ask, asked_before
from saas.billing.prices import price_ids, sold
from saas.billing.steps import Call, Json, Step, operation
from saas.clock import tenant_now
from saas.errors import DomainError
from saas.plans.catalogue import Plan
from saas.principal import Principal
from saas.scope import connection, current, tenant_scope

Kind = Literal["now", "at_period_end", "undo", "none"]
"""`now`: at once; `undo`: the smaller plan that was chosen before isn't wanted any more; `none`: it is so already."""

FRESH: Final = timedelta(hours=1)
"""How long a preview's amount can be had."""
SKEW: Final = timedelta(minutes=5)
"""As much as our clock may be behind Stripe's."""

_ROW: Final = "SELECT * FROM subscription WHERE tenant_id = $1"


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """Minor units; negative for what is given back."""

    description: str
    amount: int


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What another plan means. `at`: from when on; `amount_due`: what is paid at once, minor units of `currency`;
    `proration_date` goes with the change, so that it costs just that. `branches_over`: so many branches too many are
    open for it, and it will be refused.
    """

    kind: Kind
    plan: str
    revision: str
    currency: str
    amount_due: int
    proration_date: int
    at: datetime
    lines: Sequence[PreviewLine]
    branches_over: int


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed, and from when on it counts."""

    kind: Kind
    plan: str
    revision: str
    at: datetime


async def preview_change(who: Principal, plan_code: str) -> ChangePreview:
    """What a change would cost, by Stripe's own reckoning; nothing changes.

    Raises DomainError `no-subscription`, `payment-outstanding`, `validation-failed` for an unknown plan, and
    `billing-unavailable`.
    """
    wanted = sold(plan_code)
    async with tenant_scope(_tenant(who), principal=who):
        held = held_of(await connection().fetchrow(_ROW, current().tenant_id) or {"stripe_status": None})
        if held is None:
            raise DomainError("no-subscription")
        require_sound(held)
        now, too_many = await tenant_now(), await branches_over(wanted)
    kind = _kind(held, wanted)
    paid = kind == "now" and held.status != "trialing"
    async with patience():
        due, lines = await _reckoned(held, wanted, now) if paid else (0, [])
    return ChangePreview(
        kind,
        wanted.code,
        wanted.revision or "",
        held.currency,
        due,
        _reckoned_at(held, now),
        held.period_end if kind == "at_period_end" else now,
        lines,
        too_many,
    )


async def change_plan(
    who: Principal, plan_code: str, *, proration_date: int | None = None, key: str | None = None
) -> Change:
    """Changes the plan. The one held already takes back a smaller one that was chosen before.

    Raises DomainError `plan-unchanged`, `plan-too-small` while too many branches are open, `preview-outdated` for a
    `proration_date` that isn't this hour's, `payment-declined` (then nothing has changed), and what `preview_change`
    and `operations.ask` raise; `subscription-ending` for who has cancelled.
    """
    wanted = sold(plan_code)
    body = {"plan": wanted.code, "proration_date": proration_date}
    done = await asked_before(who, UPGRADE, body, key)
    if done is not None:
        return Change("now", wanted.code, done.request["revision"], done.created_at)
    async with tenant_scope(_tenant(who), principal=who):
        held = await lock_held()
        kind, now = _kind(held, wanted), await tenant_now()
        begun = held.next_step is not None
        if kind == "at_period_end" and not begun:
            await _require_changeable(held, wanted)
            await schedule(wanted)
    end = held.period_end
    if begun and kind != "at_period_end":  # the renewal would bill the smaller plan: that first
        await ask(who, UNDO, {}, prepare=unschedule)
    if kind == "at_period_end":
        if begun and (held.next_plan, held.next_revision) != (wanted.code, wanted.revision):
            raise DomainError("change-under-way")
        return Change(kind, wanted.code, wanted.revision or "", end)
    if kind == "now":
        await _upgrade(who, wanted, body, key)
    elif kind == "undo" and not begun:
        async with tenant_scope(_tenant(who), principal=who):
            await schedule(None)
    elif kind == "none":
        raise DomainError("plan-unchanged")
    return Change(kind, wanted.code, wanted.revision or "", now)


def _reckoned_at(held: Held, now: datetime) -> int:
    """The instant by which parts of the month are reckoned: now, but for clocks that differ never before its begin."""
    return int(max(now, held.period_start).timestamp())


def _kind(held: Held, wanted: Plan) -> Kind:
    if (wanted.code, wanted.revision) == (held.plan, held.revision):
        return "none" if held.next_plan is None else "undo"
    if held.status == "trialing":
        return "now"  # nothing is paid yet, in either direction
    dearer = wanted.prices[held.currency].monthly >= held.owned.prices[held.currency].monthly
    return "now" if dearer else "at_period_end"


async def _require_changeable(held: Held, wanted: Plan) -> None:
    require_sound(held)
    if held.ending:
        raise DomainError("subscription-ending")
    await require_room(wanted)


async def _reckoned(held: Held, wanted: Plan, now: datetime) -> tuple[int, list[PreviewLine]]:
    found = await price_ids(wanted.code, wanted.revision, held.currency)
    params: Any = {
        "subscription": held.id,
        "subscription_details": {
            "items": [{"id": held.base_item, "price": found["base"]}],
            "proration_behavior": "always_invoice",
            "proration_date": _reckoned_at(held, now),
        },
    }
    told = plain(await read(stripe_client().v1.invoices.create_preview_async(params)))
    lines = [PreviewLine(line.get("description") or "", line["amount"]) for line in told["lines"]["data"]]
    return told["amount_due"], lines


async def _upgrade(who: Principal, wanted: Plan, body: Json, key: str | None) -> None:
    async def prepare() -> Json:
        held = await lock_held()
        if _kind(held, wanted) != "now":
            raise DomainError("plan-unchanged")
        await _require_changeable(held, wanted)
        now = await tenant_now()
        at = body["proration_date"] or _reckoned_at(held, now)
        if not now - FRESH <= datetime.fromtimestamp(at, UTC) <= now + SKEW:
            raise DomainError("preview-outdated")
        named = {"plan": wanted.code, "revision": wanted.revision, "currency": held.currency}
        return {**items_of(held), **named, "at": at}

    await ask(who, UPGRADE, body, key=key, prepare=prepare)


async def _base(call: Call) -> Json:
    """Paid first: where the card is declined, nothing has changed."""
    request, price = call.operation.request, call.operation.of("prices")["base"]
    if request["trialing"]:
        return await ensure(call, "base", price, "none")
    return await ensure(call, "base", price, "always_invoice", at=request["at"], immediately=request["by_card"])


async def _usage(call: Call) -> Json:
    """The whole month's members are counted by the new plan: the meter's last report tells them all."""
    if call.operation.request["usage_item"] is None:
        return {}
    return await ensure(call, "usage", call.operation.of("prices")["usage"], "none")


def _tenant(who: Principal) -> Any:
    if who.tenant_id is None:
        raise DomainError("not-permitted")
    return who.tenant_id


UPGRADE: Final = operation(
    "upgrade", Step("prices", prices), Step("base", _base), Step("usage", _usage, over), after=read_now
)
