"""The instant of an evaluation, with what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal
from uuid import UUID

from tenants.programme.windows import local_day, local_day_before

Cause = Literal[
    "purchase",
    "refund",
    "activity",
    "referral",
    "top_up",
    "undo",
    "recalculation",
    "manual",
    "import",
    "merge",
    "campaign",
    "birthday",
    "programme",
]
"""What a decision came of. Its `cause_id` is that of the fact, the recalculation, the act, the import, the share of a
campaign, or what a birthday's points have as their source; of a publish (`programme`) that of its run.
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """An evaluation at instant `at`.

    `day` is D, the local day of the last instant before `at`: what the windows look at. `today` is T,
    the local day of `at`. `firing`: a schedule (or a recalculation, which counts as one), not a fact.
    `recorded_on` is the local day of `recorded_at`: another one than T where an earlier instant is decided again.
    `effective_at` is what the decision carries: `at`, but for a recheck, which decides now about an earlier instant.
    `last_runs`: per ladder, the T of the last finished run over every member. `told`: whether what is decided is an
    event; not where history is told again.
    """

    at: datetime
    day: date
    today: date
    firing: bool
    recorded_at: datetime
    recorded_on: date
    effective_at: datetime
    cause: Cause
    cause_id: UUID
    last_runs: Mapping[str, date]
    told: bool = True


def moment_of(
    at: datetime,
    tz: tzinfo,
    *,
    firing: bool,
    recorded_at: datetime,
    cause: Cause,
    cause_id: UUID,
    effective_at: datetime | None = None,
    last_runs: Mapping[str, date] | None = None,
) -> Moment:
    """The moment of an evaluation at `at` (an aware datetime) in the tenant's time zone."""
    today = local_day(at, tz)
    return Moment(
        at=at,
        day=local_day_before(at, tz),
        today=today,
        firing=firing,
        recorded_at=recorded_at,
        recorded_on=today if recorded_at == at else local_day(recorded_at, tz),
        effective_at=effective_at or at,
        cause=cause,
        cause_id=cause_id,
        last_runs=last_runs or {},
    )
