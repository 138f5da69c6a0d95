"""The algorithm of a ladder, steps 1 to 4: from a standing and a view to the standing that follows."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from oracle.conditions import Standing, View, qualifies, retains
from oracle.local_days import ONE_DAY, add_months, next_schedule_day

Mode = Literal["fact", "firing", "upward"]
"""What evaluates: a fact on an immediate ladder, a schedule (or what counts as one), a merge."""


@dataclass(frozen=True)
class Outcome:
    reason: str
    standing: Standing
    written: bool = True


def act(view: View, mode: Mode) -> Outcome | None:
    """What the evaluation gives; None: nothing changes. Wherever a member is evaluated, upgrades are due."""
    standing = view.standing
    locked = standing.locked(view.today)
    target = max(position for position in range(len(view.tiers)) if qualifies(position, view))
    if target > standing.position and (standing.may_rise or not locked):
        return Outcome("upgrade", entered(target, view))
    if locked or mode == "upward" or standing.valid_until is None:
        return None
    if view.policy["validity"]["type"] == "until_next_schedule" and mode == "fact":
        return None  # it ends when the schedule decides, not at a purchase that came first
    kept = retains(standing.position, view)
    if validity_is_over(view):
        if kept:
            return renewed(view)
        return Outcome("downgrade", replace(entered(landing(view), view), last_fall=view.today))
    in_grace = standing.valid_until < view.today
    return renewed(view) if in_grace and mode == "fact" and kept else None


def validity_is_over(view: View) -> bool:
    """Validity and grace are behind us: this evaluation decides anew."""
    end = view.standing.valid_until
    return end is not None and end + timedelta(days=view.policy["grace_days"]) < view.today


def landing(view: View) -> int:
    """Where a fall ends: the highest position allowed that holds, else the lowest allowed."""
    current = view.standing.position
    max_drop = view.policy["max_drop"]
    lowest = 0 if max_drop is None else max(0, current - max_drop)
    for position in range(current - 1, lowest - 1, -1):
        if retains(position, view):
            return position
    return lowest


def entered(position: int, view: View) -> Standing:
    """A tier that begins today, with a normal validity; the base tier has none. Locks end with it."""
    fallen = view.standing.last_fall
    if position == 0:
        return Standing(last_fall=fallen)  # since joined_on, whatever came before
    until = normal_end(view, view.today)
    return Standing(position, since=view.today, validity_start=view.today, valid_until=until, last_fall=fallen)


def normal_end(view: View, start: date) -> date | None:
    """The last day of a validity that begins on `start`."""
    validity = view.policy["validity"]
    match validity["type"]:
        case "forever":
            return None
        case "months":
            return add_months(start, validity["months"]) - ONE_DAY
        case "calendar_year_end":
            return date(start.year + 1, 12, 31)
        case "until_next_schedule":
            return next_schedule_day(view.policy["schedule"], start) - ONE_DAY
        case other:
            raise ValueError(f"unknown validity {other}")


def renewed(view: View) -> Outcome:
    """Prolongs the validity until it reaches today; unwritten where renewals are no decisions."""
    standing = replace(view.standing, locked_until=None, may_rise=True, by_hand=False)
    validity = view.policy["validity"]["type"]
    if validity == "until_next_schedule" or view.standing.by_hand:
        until = normal_end(view, view.today)
        anew = replace(standing, validity_start=view.today, valid_until=until)
        return Outcome("renew", anew, written=validity != "until_next_schedule")
    return Outcome("renew", prolonged(standing, view, view.today))


def prolonged(standing: Standing, view: View, day: date) -> Standing:
    """By whole periods from the old end, as many as it takes to cover `day`."""
    validity = view.policy["validity"]
    months = validity["months"] if validity["type"] == "months" else 12
    old, periods, end, start = standing.valid_until, 0, standing.valid_until, standing.validity_start
    while old is not None and end is not None and end < day:
        start = end + ONE_DAY
        periods += 1
        end = add_months(old, months * periods)  # counted from the old day: no drift
    return replace(standing, validity_start=start, valid_until=end)
