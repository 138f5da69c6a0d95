"""The subscription that a chain holds, as our copy has it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from saas.billing.operations import lock_subscription
from saas.errors import DomainError
from saas.plans.catalogue import Plan, plan
from saas.scope import connection, current

LIVE: Final = frozenset({"trialing", "active", "past_due", "unpaid", "paused"})
"""States in which there is something to change, to end or to pay."""
STOPPED: Final = frozenset({"unpaid", "paused"})
"""Nothing is paid for any more."""
LEAST_TRIAL: Final = timedelta(hours=48)
"""Checkout takes no trial that ends sooner."""
SOUND: Final = frozenset({"trialing", "active"})
"""Nothing is owed."""

_BRANCHES: Final = "SELECT count(*) FROM branch WHERE tenant_id = $1 AND closed_at IS NULL"


@dataclass(frozen=True, slots=True)
class Held:
    """A live subscription. `base_item`, `usage_item`: ids of its items."""

    id: str
    status: str
    plan: str
    revision: str
    currency: str
    base_item: str
    usage_item: str | None
    collection_method: str
    period_start: datetime
    period_end: datetime
    cancel_at_period_end: bool
    cancel_at: datetime | None
    next_plan: str | None
    next_revision: str | None
    next_step: str | None

    @property
    def owned(self) -> Plan:
        """The plan that is paid for."""
        return plan(self.plan, self.revision)

    @property
    def ending(self) -> bool:
        """Cancelled, and still running. Stripe's own pages set an instant alone, without the flag."""
        return self.cancel_at_period_end or self.cancel_at is not None

    @property
    def renews(self) -> bool:
        """Whether there is a month after this one."""
        return not self.cancel_at_period_end and (self.cancel_at is None or self.cancel_at > self.period_end)


async def lock_held() -> Held:
    """In the current scope, locked. Raises DomainError `no-subscription` where there is none to speak of."""
    found = held_of(await lock_subscription())
    if found is None:
        raise DomainError("no-subscription")
    return found


def held_of(row: Any) -> Held | None:
    """A row of `subscription`; None where nothing lives."""
    if row["stripe_status"] not in LIVE:
        return None
    return Held(
        row["subscription_id"],
        row["stripe_status"],
        row["plan"],
        row["revision"],
        row["currency"],
        row["base_item_id"],
        row["usage_item_id"],
        row["collection_method"],
        row["period_start"],
        row["period_end"],
        row["cancel_at_period_end"],
        row["cancel_at"],
        row["next_plan"],
        row["next_revision"],
        row["next_step"],
    )


def trial_stays(ends_at: datetime | None, now: datetime) -> bool:
    """Whether who buys by card now keeps the rest of the trial; else it's paid at once."""
    return ends_at is not None and ends_at - now > LEAST_TRIAL


def require_sound(held: Held) -> None:
    """Who changes something must owe nothing. Raises DomainError `payment-outstanding`."""
    if held.status not in SOUND:
        raise DomainError("payment-outstanding")


async def require_room(wanted: Plan) -> None:
    """Every open branch has its place in the plan. Raises DomainError `plan-too-small`."""
    over = await branches_over(wanted)
    if over:
        raise DomainError("plan-too-small", params={"limit": wanted.branches, "over": over})


async def branches_over(wanted: Plan) -> int:
    """How many of the chain's open branches the plan has no place for."""
    opened: int = await connection().fetchval(_BRANCHES, current().tenant_id)
    return max(0, opened - wanted.branches)
