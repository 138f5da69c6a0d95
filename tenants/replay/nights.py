"""The midnights on which schedules fired for a rebuild: the same for everybody whom it was about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from tenants.programme.document import Ladder, Programme
from tenants.programme.schedule import latest_schedule_day, schedule_instant
from tenants.programme.windows import ONE_DAY, local_day
from tenants.tiers.rebuild.quiet import is_quiet
from tenants.tiers.rebuild.rules import Rules, moves_at


@dataclass(frozen=True, slots=True)
class Due:
    """A ladder whose schedule fires. `moves`: it gives members the tier of new rules; `is_quiet`: most have nothing
    to hope for from it.
    """

    ladder: Ladder
    moves: bool
    is_quiet: bool


@dataclass(frozen=True, slots=True)
class Night:
    """The midnight at which `day` begins, with the rules in force then."""

    day: date
    instant: datetime
    rules: Programme
    due: Sequence[Due]


class Nights:
    """Those from a day on, until `now`; they are worked out once."""

    def __init__(self, rules: Rules, zone: ZoneInfo, now: datetime) -> None:
        self._rules, self._zone, self._now = rules, zone, now
        self._after = local_day(now, zone) + ONE_DAY
        self._found: list[Night] = []
        self._quiet: dict[tuple[int, str], bool] = {}

    def since(self, first: date) -> Sequence[Night]:
        """From the midnight of `first` on, in order."""
        if first < self._after:
            days = (first + n * ONE_DAY for n in range((self._after - first).days))
            self._found = [night for day in days if (night := self._night(day)) is not None] + self._found
            self._after = first
        return [night for night in self._found if night.day >= first]

    def _night(self, day: date) -> Night | None:
        instant = schedule_instant(day, self._zone)
        if instant > self._now:
            return None
        rules = self._rules.at(instant)
        due = [
            Due(ladder, moves_at(rules, ladder, day, self._zone), self._is_quiet(rules, ladder))
            for ladder in rules.ladders
            if latest_schedule_day(ladder.policy.schedule, day) == day
        ]
        return Night(day, instant, rules, due) if due else None

    def _is_quiet(self, rules: Programme, ladder: Ladder) -> bool:
        key = rules.version, ladder.code
        if key not in self._quiet:
            self._quiet[key] = is_quiet(ladder)
        return self._quiet[key]
