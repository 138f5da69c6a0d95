"""What a chain may do, from what Stripe says of its subscription and from our own calendar. Pure.

Stripe is the truth for money; a chain's `status` follows from it and from nothing that happened before, so that it
doesn't matter in which order, or how often, we were told.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from saas.plans.banner import EXPORT_WINDOW, OVERDUE

Status = Literal["trialing", "active", "past_due", "suspended", "cancelled"]
"""A tenant's."""
StripeStatus = Literal[
    "incomplete", "incomplete_expired", "trialing", "active", "past_due", "canceled", "unpaid", "paused"
]
"""A subscription's, as Stripe names them."""

LAST_CALLS: Final = (timedelta(days=7), timedelta(days=1))
"""How long before a chain is erased its owner is told."""
TRIAL_NOTICE: Final = timedelta(days=3)
BEFORE_RENEWAL: Final = timedelta(hours=24)
"""When the smaller plan is put into a subscription that renews: late enough that nobody changes his mind any more."""

_BY_STRIPE: Final[dict[StripeStatus, Status]] = {
    "trialing": "trialing",
    "active": "active",
    "past_due": "past_due",
    "unpaid": "suspended",
    "paused": "suspended",
    "canceled": "cancelled",
}
"""The others have no say: of an `incomplete` subscription nothing was ever paid, so it counts as none."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a chain's status depends on. Instants are aware; `overdue_since`: the due date of the oldest open
    invoice that was sent and is overdue.
    """

    status: Status
    trial_ends_at: datetime | None
    stripe_status: StripeStatus | None = None
    overdue_since: datetime | None = None
    held_by_operator: bool = False
    cancelled_at: datetime | None = None
    period_end: datetime | None = None
    next_plan: str | None = None
    next_step: str | None = None


def status_at(standing: Standing, now: datetime) -> Status:
    """The chain's status at `now`.

    Who was cancelled stays so until another subscription works; who is held by the operator is suspended, but for
    who has left anyway.
    """
    told = _BY_STRIPE.get(standing.stripe_status) if standing.stripe_status else None
    if told == "cancelled" or (told is None and standing.status == "cancelled"):
        return "cancelled"
    if standing.held_by_operator:
        return "suspended"
    if told is None:
        trying = standing.trial_ends_at is not None and now < standing.trial_ends_at
        return "trialing" if trying else "suspended"
    if told == "past_due" and standing.overdue_since is not None and now >= standing.overdue_since + OVERDUE:
        return "suspended"
    return told


def next_instant(standing: Standing, now: datetime) -> datetime | None:
    """When our own calendar has something to do next for a chain that is as `standing` says; None: nothing.

    Later than `now`: what is due at `now` has been done.
    """
    return min((instant for instant in _instants(standing) if instant > now), default=None)


def _instants(standing: Standing) -> list[datetime]:
    if standing.status == "cancelled":
        left = standing.cancelled_at
        return [] if left is None else [left + EXPORT_WINDOW - call for call in (*LAST_CALLS, timedelta())]
    found: list[datetime] = []
    if standing.trial_ends_at is not None and standing.stripe_status not in _BY_STRIPE:
        found += [standing.trial_ends_at - TRIAL_NOTICE, standing.trial_ends_at]
    if standing.overdue_since is not None:
        found.append(standing.overdue_since + OVERDUE)
    if standing.next_plan is not None and standing.next_step is None and standing.period_end is not None:
        found.append(standing.period_end - BEFORE_RENEWAL)
    return found
