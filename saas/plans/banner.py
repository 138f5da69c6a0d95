"""What a chain's people have to know about its account, on every page. Pure; the texts are the pages'."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

Code = Literal["trial_ends", "trial_over", "past_due", "overdue", "unpaid", "held", "ending", "cancelled"]
Level = Literal["info", "warning", "danger"]

TRIAL_SHOWN: Final = timedelta(days=7)
"""A trial that has longer to run needs no words."""
EXPORT_WINDOW: Final = timedelta(days=30)
"""How long a cancelled chain can still read and export; then it's erased."""
OVERDUE: Final = timedelta(days=14)
"""How long a sent invoice may be overdue before the chain is suspended: Stripe retries cards, not bank transfers."""


@dataclass(frozen=True, slots=True)
class Account:
    """All of a chain's account that its banner depends on."""

    status: str
    trial_ends_at: datetime | None = None
    bought: bool = False
    has_card: bool = False
    held_by_operator: bool = False
    overdue_since: datetime | None = None
    cancel_at_period_end: bool = False
    period_end: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Banner:
    """`at`: the instant that it is about, where there is one."""

    code: Code
    level: Level
    at: datetime | None = None


def banner(account: Account, now: datetime) -> Banner | None:
    """The most urgent thing; None: nothing to say."""
    match account.status:
        case "cancelled":
            return Banner("cancelled", "danger", _after(account.cancelled_at, EXPORT_WINDOW))
        case "suspended":
            return Banner(_why_suspended(account), "danger")
        case "past_due":
            code: Code = "past_due" if account.overdue_since is None else "overdue"
            return Banner(code, "warning", _after(account.overdue_since, OVERDUE))
    return _coming(account, now)


def _why_suspended(account: Account) -> Code:
    if account.held_by_operator:
        return "held"
    return "unpaid" if account.bought else "trial_over"


def _coming(account: Account, now: datetime) -> Banner | None:
    if account.cancel_at_period_end:
        return Banner("ending", "info", account.period_end)
    ends = account.trial_ends_at
    if account.status == "trialing" and not account.has_card and ends is not None and ends - TRIAL_SHOWN <= now:
        return Banner("trial_ends", "info", ends)
    return None


def _after(at: datetime | None, wait: timedelta) -> datetime | None:
    return None if at is None else at + wait


def account_of(row: Any) -> Account:
    """What the banner depends on, of a row with the columns of tenant and subscription (`ending`, `ends_at`)."""
    return Account(
        status=row["status"],
        trial_ends_at=row["trial_end"] or row["trial_ends_at"],
        bought=row["subscription_id"] is not None,
        has_card=row["payment_method"] is not None or row["collection_method"] == "send_invoice",
        held_by_operator=row["held_by_operator"],
        overdue_since=row["overdue_since"],
        cancel_at_period_end=bool(row["ending"]),
        period_end=row["ends_at"],
        cancelled_at=row["cancelled_at"],
    )
