"""Which period an instant is counted in: the subscription's, as Stripe bills it, or the trial."""

import calendar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from saas.scope import connection, current

_KNOWN: Final = """
SELECT s.period_start, s.period_end, s.ended_at,
       s.cancel_at_period_end OR coalesce(s.cancel_at <= s.period_end, false) AS last, t.created_at, t.trial_ends_at,
       p.period_start AS known_start, p.period_end AS known_end
  FROM tenant t
  LEFT JOIN subscription s ON s.tenant_id = $1 AND s.subscription_id IS NOT NULL
  LEFT JOIN LATERAL (SELECT o.period_start, o.period_end FROM usage_period o
                      WHERE o.tenant_id = $1 AND o.billed AND o.period_start <= $2 AND $2 < o.period_end
                      ORDER BY o.period_start DESC LIMIT 1) p ON true
 WHERE t.tenant_id = $1"""


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until before `end`; `billed`: a subscription's."""

    start: datetime
    end: datetime
    billed: bool

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


async def period_at(instant: datetime) -> Period | None:
    """The period of the current tenant that `instant` (its clock) lies in; None where it pays for none."""
    row: Any = await connection().fetchrow(_KNOWN, current().tenant_id, instant)
    return choose(row, instant)


def choose(row: Any, instant: datetime) -> Period | None:
    """Of what is known. Stripe may not have told us of the renewal yet: then the new period begins where the last one
    ended, and its end is taken to be a month later.
    """
    if row["period_start"] is not None:
        told = Period(row["period_start"], row["period_end"], billed=True)
        if instant in told:
            return told if row["ended_at"] is None or instant < row["ended_at"] else None
        goes_on = row["ended_at"] is None and not row["last"]
        following = Period(told.end, next_month(told.end), billed=True)
        if goes_on and instant in following:
            return following
    if row["known_start"] is not None:
        return Period(row["known_start"], row["known_end"], billed=True)
    if row["trial_ends_at"] is not None:
        trial = Period(row["created_at"], row["trial_ends_at"], billed=False)
        return trial if instant in trial else None
    return None


def next_month(instant: datetime) -> datetime:
    """The same time a month later, on the month's last day where it is shorter."""
    year, month = instant.year + instant.month // 12, instant.month % 12 + 1
    return instant.replace(year=year, month=month, day=min(instant.day, calendar.monthrange(year, month)[1]))
