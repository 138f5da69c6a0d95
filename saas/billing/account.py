"""A chain's account with us: its plan, what it owes, what it could buy. From our copies: no page waits on Stripe."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from saas.billing.client import enabled
from saas.billing.held import LIVE, STOPPED, trial_stays
from saas.clock import tenant_now
from saas.errors import DomainError
from saas.plans.banner import Banner, account_of, banner
from saas.plans.catalogue import Plan, currency_for, offered, plan
from saas.scope import connection, current

_READ: Final = """
SELECT t.status, t.plan, t.plan_revision, t.currency AS books, t.trial_ends_at, t.held_by_operator, t.cancelled_at,
       s.subscription_id, s.stripe_status, s.collection_method, s.currency, s.period_start, s.period_end, s.trial_end,
       s.cancel_at_period_end OR s.cancel_at IS NOT NULL AS ending, coalesce(s.cancel_at, s.period_end) AS ends_at,
       s.ended_at, s.payment_method, s.next_plan, s.next_revision, s.overdue_since,
       p.email, p.fapiao,
       (SELECT count(*) FROM branch b WHERE b.tenant_id = $1 AND b.closed_at IS NULL) AS branches,
       EXISTS (SELECT FROM billing_operation o WHERE o.tenant_id = $1 AND o.state = 'open') AS under_way
  FROM tenant t
  LEFT JOIN subscription s ON s.tenant_id = t.tenant_id
  LEFT JOIN billing_profile p ON p.tenant_id = t.tenant_id
 WHERE t.tenant_id = $1
"""
_INVOICES: Final = """
SELECT i.id, i.number, i.status, i.billing_reason, i.collection_method, i.currency, i.total, i.amount_paid,
       i.amount_remaining, i.period_start, i.period_end, i.created_at, i.due_at, i.paid_at, i.out_of_band,
       i.next_attempt_at, i.hosted_url, i.pdf_url, i.lines
  FROM invoice i WHERE i.tenant_id = $1 AND ($2::timestamptz IS NULL OR (i.created_at, i.id) < ($2, $3))
 ORDER BY i.created_at DESC, i.id DESC LIMIT $4
"""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What our copy says of the subscription. `status` in Stripe's words; `ends_at`: it was cancelled, and ends then
    (Stripe's portal sets an instant, our own cancelling the period's end).
    """

    status: str
    collection_method: str
    currency: str
    period_start: datetime
    period_end: datetime
    trial_end: datetime | None
    ends_at: datetime | None
    ended_at: datetime | None
    payment_method: dict[str, Any] | None
    following: Plan | None

    @property
    def live(self) -> bool:
        return self.status in LIVE

    @property
    def owes(self) -> bool:
        """Whether a card would be charged if it were asked for now."""
        return self.status in {"past_due", "unpaid", "paused"} and self.collection_method != "send_invoice"

    @property
    def stopped(self) -> bool:
        """Nothing is paid for any more, so a cancellation has nothing to wait for."""
        return self.status in STOPPED


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """`currency`: in which the chain pays; `under_way`: something that it asked for isn't done yet; `open`: whether
    this installation sells anything. `trial_stays`: who buys by card now is
    charged when the trial ends, not at once.
    """

    status: str
    plan: Plan
    currency: str
    trial_ends_at: datetime | None
    subscribed: Subscribed | None
    banner: Banner | None
    branches: int
    email: str | None
    fapiao: dict[str, Any] | None
    under_way: bool
    open: bool
    offers: tuple[Plan, ...]
    trial_stays: bool


async def own_account() -> OwnAccount:
    """The current tenant's."""
    row: Any = await connection().fetchrow(_READ, current().tenant_id)
    if row is None:
        raise DomainError("not-found")
    subscribed = _subscribed(row)
    live = subscribed is not None and subscribed.live
    now = await tenant_now()
    return OwnAccount(
        row["status"],
        plan(row["plan"], row["plan_revision"]),
        subscribed.currency if subscribed is not None and live else currency_for(row["books"]),
        row["trial_ends_at"],
        subscribed,
        banner(account_of(row), now),
        row["branches"],
        row["email"],
        row["fapiao"],
        row["under_way"],
        enabled(),
        tuple(offered()),
        row["status"] == "trialing" and trial_stays(row["trial_ends_at"], now),
    )


async def invoices(after: tuple[datetime, str] | None, limit: int) -> list[Any]:
    """Rows of the current tenant's invoices, the newest first, behind `after` (its instant and id)."""
    created, last = after or (None, None)
    return list(await connection().fetch(_INVOICES, current().tenant_id, created, last, limit))


def cursor_of(row: Any) -> tuple[datetime, str]:
    """Where a list of invoices goes on behind `row`."""
    return row["created_at"], row["id"]


def _subscribed(row: Any) -> Subscribed | None:
    if row["subscription_id"] is None:
        return None
    return Subscribed(
        row["stripe_status"],
        row["collection_method"],
        row["currency"],
        row["period_start"],
        row["period_end"],
        row["trial_end"],
        row["ends_at"] if row["ending"] else None,
        row["ended_at"],
        row["payment_method"],
        plan(row["next_plan"], row["next_revision"]) if row["next_plan"] is not None else None,
    )
