"""The instant of an evaluation, with what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal
from uuid import UUID

from tenants.programme.windows import local_day, local_day_before


@dataclass(frozen=True, slots=True)
class Moment:
    """An evaluation at instant `at`.

    `day` is D, the local day of the last instant before `at`: what the windows look at. `today` is T,
    the local day of `at`. `firing`: a schedule (or a recalculation, which counts as one), not a fact.
    `last_runs`: per ladder, the T of the last finished run over every member.
    """

    at: datetime
    day: date
    today: date
    firing: bool
    recorded_at: datetime
    cause: Literal["purchase", "recalculation"]
    cause_id: UUID
    last_runs: Mapping[str, date]


def moment_of(
    at: datetime,
    tz: tzinfo,
    *,
    firing: bool,
    recorded_at: datetime,
    cause: Literal["purchase", "recalculation"],
    cause_id: UUID,
    last_runs: Mapping[str, date] | None = None,
) -> Moment:
    """The moment of an evaluation at `at` (an aware datetime) in the tenant's time zone."""
    return Moment(
        at, local_day_before(at, tz), local_day(at, tz), firing, recorded_at, cause, cause_id, last_runs or {}
    )
