"""Histories of which everything is known in time: a rebuild of such a one has nothing to decide otherwise."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from oracle.local_days import ONE_DAY, begins, local_day
from oracle.strategies import APART, Case, Step, schedule_days

_RECORDED_AT_ONCE = {"purchase", "activity"}
_NEW_RULES = {"publish", "roll_back"}
MOST_NIGHTS = 45


def known_in_time(case: Case, *more: str) -> Case:
    """The case with every midnight on which a schedule fires, from a first fact on, but without what is late: its
    facts happen when they are heard of, everybody joins on the first day, and nobody was brought. `more`: further
    kinds of steps that stay.
    """
    kept = [one for one in case.steps if one.kind in _RECORDED_AT_ONCE | _NEW_RULES | set(more)]
    first = next((n for n, one in enumerate(kept) if one.kind in _RECORDED_AT_ONCE), len(kept))
    kept = [replace(one, wish=_at_once(one)) for one in kept[first:]]
    if not kept:
        return replace(case, steps=[])
    zone = ZoneInfo(case.timezone)
    start, end = local_day(kept[0].at, zone), local_day(kept[-1].at, zone) + 2 * ONE_DAY
    versions = [case.programme, *(one.programme for one in case.revisions)]
    nights = [Step(begins(day, zone), "midnight", {}) for day in schedule_days(versions, start + ONE_DAY, end)]
    if len(nights) > MOST_NIGHTS:
        kept = [one for one in kept if one.at < nights[MOST_NIGHTS].at - APART]
        nights = nights[:MOST_NIGHTS]
    return replace(case, members=dict.fromkeys(case.members, start), referrers={}, steps=_in_order([*kept, *nights]))


def _at_once(step: Step) -> dict[str, object]:
    return step.wish | ({"occurred_at": None} if step.kind in _RECORDED_AT_ONCE else {})


def _in_order(steps: list[Step]) -> list[Step]:
    """What would come just before a midnight, and while it is recorded be behind it, comes earlier."""
    nights = {step.at for step in steps if step.kind == "midnight"}
    made: list[Step] = []
    for step in steps:
        near = next((at for at in nights if timedelta(0) < at - step.at < APART), None)
        made.append(step if near is None or step.kind == "midnight" else replace(step, at=near - APART))
    return sorted(made, key=lambda step: (step.at, step.kind != "midnight"))
