"""Standings that no rule gives: set and unlocked by staff, brought along from an older system."""

from dataclasses import replace
from datetime import date, timedelta

from oracle.conditions import Standing, View
from oracle.local_days import ONE_DAY, add_months
from oracle.steps import normal_end, prolonged

MONTHS_FOR_EVER = 12


def given(view: View, tier: str, locked_until: date | None) -> Standing:
    """Locked until that day, or to the end of a normal validity; a year where there is none."""
    position = _position(view, tier)
    until = locked_until or normal_end(view, view.today) or add_months(view.today, MONTHS_FOR_EVER) - ONE_DAY
    start, end = (None, None) if position == 0 else (view.today, until)
    return Standing(
        position,
        since=start,
        validity_start=start,
        valid_until=end,
        last_fall=view.standing.last_fall,
        locked_until=until,
        may_rise=_may_rise(position, view),
        by_hand=True,
    )


def _may_rise(position: int, view: View) -> bool:
    """Raised members may, lowered ones may not; the tier held set again leaves that as it is."""
    if position != view.standing.position:
        return position > view.standing.position
    return view.standing.may_rise or not view.standing.locked(view.today)


def released(view: View) -> Standing:
    """The lock ends, and with it the validity and its grace."""
    over = view.today - ONE_DAY - timedelta(days=view.policy["grace_days"])
    until = None if view.standing.valid_until is None else over
    return replace(view.standing, locked_until=None, may_rise=True, valid_until=until)


def brought_along(view: View, tier: str, since: date) -> Standing:
    """The tier since that day, with the validity that it would have had here, renewed until it covers today."""
    position, fallen = _position(view, tier), view.standing.last_fall
    if position == 0:
        return Standing(last_fall=fallen)
    start = view.today if view.policy["validity"]["type"] == "until_next_schedule" else since
    return prolonged(Standing(position, since, start, normal_end(view, start), fallen), view, view.today)


def _position(view: View, tier: str) -> int:
    return [one["code"] for one in view.tiers].index(tier)
