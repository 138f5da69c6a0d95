"""Random histories, tilted towards the days on which rules go wrong.

A history is a list of steps in the order of their instants (no two at the same one, but for what a midnight
does), so that two evaluators can walk it side by side. A step is what somebody wants; `oracle.walking` makes
of it what can be done.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from oracle.facts import Json
from oracle.local_days import ONE_DAY, begins, is_schedule_day, local_day
from oracle.programmes import (
    ANY,
    BY_HAND,
    CATEGORIES,
    FIRST_DAY,
    FLAVOURS,
    KINDS,
    LATE,
    MERGES,
    NEW_RULES,
    REFUNDS,
    SHARP_DAYS,
    days,
    programmes,
)
from oracle.revisions import Revision, revisions

ZONES = ("Asia/Shanghai", "America/New_York", "UTC", "Pacific/Apia", "Asia/Kolkata", "America/Santiago")
SHARP_TIMES = (time(0), time(0, 0, 0, 1), time(1, 30), time(2, 30), time(12), time(23, 59, 59, 999999))
AMOUNTS = (0, 1, 999, 1000, 1001, 2500, 5000, 5000, 9999, 10000, 30000)
BRANCHES = ("main", "north", "south")
DELAYS = (
    *(timedelta(0),) * 5,
    timedelta(days=-1),  # as far ahead as a purchase may be dated
    timedelta(hours=-3),
    timedelta(minutes=20),
    timedelta(days=1),
    timedelta(days=1),
    timedelta(days=3),
    timedelta(days=17),
    timedelta(days=45),
)
# The product's clock runs while it works: what is meant to come later comes this much later at least.
APART = timedelta(seconds=30)
MOST_FIRINGS = 14
FIXED = ("midnight", "come_true")


@dataclass(frozen=True)
class Step:
    """Something that happens at an instant; `wish` says what: see `oracle.walking`."""

    at: datetime
    kind: str
    wish: Json


@dataclass(frozen=True)
class Case:
    """A programme and the versions that follow it, one time zone, members with `joined_on` and who brought them, and
    what happens to them. Whom a step `join` names comes with it, and isn't among `members`.
    """

    flavour: str
    programme: Json
    revisions: list[Revision]
    timezone: str
    members: dict[str, date]
    referrers: dict[str, str]
    steps: list[Step]


@dataclass(frozen=True)
class Frame:
    """What a history's facts are drawn from; `fires`: the days at whose beginning a schedule fires."""

    zone: ZoneInfo
    members: list[str]
    flavour: str
    on: st.SearchStrategy[date]
    fires: list[date]


def amounts() -> st.SearchStrategy[int]:
    return st.sampled_from(AMOUNTS)


def parts() -> st.SearchStrategy[list[tuple[str | None, int]]]:
    """No lines mostly, else one to three of them."""
    line = st.tuples(st.sampled_from((None, *CATEGORIES, *CATEGORIES)), amounts())
    return st.one_of(st.just([]), st.lists(line, min_size=1, max_size=3))


def instants(zone: ZoneInfo, on: st.SearchStrategy[date]) -> st.SearchStrategy[datetime]:
    """Instants in UTC, many of them at the edges of local days."""
    return st.builds(
        lambda day, at: datetime.combine(day, at, zone).astimezone(UTC),
        on,
        st.one_of(st.sampled_from(SHARP_TIMES), st.times()),
    )


def back() -> dict[str, st.SearchStrategy[Any]]:
    """How much of a purchase is given back: quarters of what is left of it, or of some of its lines."""
    return {"quarters": st.sampled_from((1, 2, 3, 4, 4, 4)), "by_lines": st.booleans()}


FACTS = (*("purchase",) * 9, *("activity",) * 3, "refund", "top_up", "points", "joined_on")
STAFF = ("set_tier", "set_tier", "unlock", "merge")
KINDS_OF_STEPS = {
    ANY: (*FACTS, *STAFF),
    REFUNDS: (*FACTS, *("purchase",) * 9, "set_tier"),
    LATE: (*FACTS, *("purchase",) * 9, "set_tier"),
    MERGES: (*FACTS, *("purchase",) * 6, *("merge",) * 4, "set_tier"),
    BY_HAND: (*FACTS, *STAFF * 2, "unlock", "unlock"),
    NEW_RULES: (*FACTS, *("purchase",) * 9, *STAFF),
}
SOON_AFTER = tuple(timedelta(minutes=minutes) for minutes in (1, 1, 5, 13))
UNDONE = 1  # of ten
AFTERWARDS = tuple(timedelta(hours=hours) for hours in (0.01, 1, 20, 20, 100, 700))


@st.composite
def wishes(
    draw: st.DrawFn, number: int, kind: str, members: list[str], when: st.SearchStrategy[tuple[datetime, datetime]]
) -> Step:
    """One step: a fact as it happened, an act as staff would want it."""
    occurred_at, at = draw(when)
    wish: Json = {"member": draw(st.sampled_from(members)), "number": number}
    pick: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "purchase": {"amount": amounts(), "parts": parts(), "branch": st.sampled_from(BRANCHES)},
        "activity": {"kind": st.sampled_from(KINDS), "value": st.sampled_from((None, "1", "3", "4.5", "4.3333", "5"))},
        "refund": {
            "which": st.integers(0, 3),  # counted from the last purchase back
            **back(),
        },
        "set_tier": {
            "ladder": st.integers(0, 2),
            "rank": st.integers(0, 3),
            "days": st.sampled_from((None, None, 0, 1, 20, 70)),
        },
        "unlock": {},
        "merge": {"other": st.sampled_from([one for one in members if one != wish["member"]] or members)},
        "top_up": {"amount": st.sampled_from((1000, 1000, 5000, 40000))},
        "points": {"points": st.sampled_from((1, 10, 50, 100, -5))},
        "joined_on": {"day": days()},
    }
    wish |= {name: draw(values) for name, values in pick[kind].items()}
    if kind not in ("purchase", "activity"):
        return Step(occurred_at, kind, wish)
    return Step(at, kind, wish | {"occurred_at": occurred_at})


def schedule_days(versions: Sequence[Json], first: date, last: date) -> list[date]:
    """Each day at whose beginning a ladder of one of the versions fires."""
    schedules = [ladder["policy"]["schedule"] for programme in versions for ladder in programme["ladders"]]
    unique = [schedule for n, schedule in enumerate(schedules) if schedule not in schedules[:n]]
    all_days = [first + n * ONE_DAY for n in range((last - first).days + 1)]
    return [day for day in all_days if any(is_schedule_day(schedule, day) for schedule in unique)]


def thinned(fires: list[date], near: Iterable[date]) -> list[date]:
    """Not every day of a daily schedule: those on which facts happen or have just happened come first."""
    close = {day + n * ONE_DAY for day in near for n in (0, 1)}
    wanted = sorted(fires, key=lambda day: (day.day != 1, day not in close, day.toordinal() * 7919 % 1000))
    return sorted(wanted[:MOST_FIRINGS])


@st.composite
def occurrences(
    draw: st.DrawFn, zone: ZoneInfo, on: st.SearchStrategy[date], delays: tuple[timedelta, ...] = DELAYS
) -> tuple[datetime, datetime]:
    """When a fact happened and when it was heard of."""
    occurred_at = draw(instants(zone, on))
    return occurred_at, occurred_at + draw(st.sampled_from(delays))


@st.composite
def facts(draw: st.DrawFn, case: Frame, most: int) -> list[Step]:
    """What members and staff do, and refunds of what was bought."""
    ends = [day - ONE_DAY for day in case.fires]
    late = case.flavour == LATE and bool(ends)
    delays = (timedelta(0), timedelta(hours=5), timedelta(days=1), timedelta(days=3)) if late else DELAYS
    when = occurrences(case.zone, st.one_of(st.sampled_from(ends), case.on) if late else case.on, delays)
    steps: list[Step] = []
    for number in range(draw(st.integers(1, most))):
        kind = draw(st.sampled_from(KINDS_OF_STEPS[case.flavour])) if number else "purchase"
        step = draw(wishes(number, kind, case.members, when))
        steps.append(step)
        if kind == "purchase" and draw(st.integers(0, 9)) < (6 if case.flavour == REFUNDS else 1):
            wish = {name: draw(values) for name, values in back().items()}
            wish |= {"member": step.wish["member"], "number": number + 1000, "of": number}
            steps.append(Step(step.at + draw(st.sampled_from(AFTERWARDS)), "refund", wish))
        elif kind == "purchase" and draw(st.integers(0, 9)) < UNDONE:
            steps.append(Step(step.at + draw(st.sampled_from(SOON_AFTER)), "undo", {"of": number}))
    return steps


@st.composite
def histories(
    draw: st.DrawFn,
    zone: ZoneInfo,
    rules: tuple[Json, list[Revision]],
    members: tuple[list[str], dict[str, Json]],
    flavour: str,
    most: int,
) -> list[Step]:
    """Facts and acts in order of their recording, and what midnights and owners set off between them."""
    (first, following), (names, later) = rules, members
    versions = [first, *(one.programme for one in following)]
    start = draw(days())
    last = start + timedelta(days=draw(st.sampled_from((10, 40, 100, 200, 400))))
    sharp = [day for day in SHARP_DAYS if start <= day <= last] or [start]
    on = st.one_of(st.sampled_from(sharp), st.dates(start, last))
    fires = schedule_days(versions, start, last + 2 * ONE_DAY)
    steps = draw(facts(Frame(zone, [*names, *later], flavour, on, fires), most))
    heard = [local_day(step.at, zone) for step in steps]
    midnights = {*thinned(fires, heard), *draw(st.lists(on, max_size=3))}
    midnights |= {local_day(step.at, zone) + ONE_DAY for step in steps if step.kind == "refund"}
    steps += [Step(at, "recalculate", {}) for at in draw(st.lists(instants(zone, on), max_size=2))]
    steps += [Step(begins(day, zone), "midnight", {}) for day in midnights]
    steps += draw(publishes(zone, on, fires, [one.ahead for one in following]))
    if following and draw(st.booleans()):
        steps.append(Step(draw(instants(zone, on)), "roll_back", {"to": draw(st.integers(0, 2))}))
    steps += [Step(draw(instants(zone, on)), "join", {"member": name} | who) for name, who in later.items()]
    return apart(sorted(steps, key=in_turn))


@st.composite
def publishes(
    draw: st.DrawFn, zone: ZoneInfo, on: st.SearchStrategy[date], fires: list[date], ahead: list[bool]
) -> list[Step]:
    """One after the other; what is asked for ahead comes at an instant of its own, some at one at which a schedule
    fires.
    """
    steps: list[Step] = []
    for number, at in enumerate(sorted(draw(several(instants(zone, on), len(ahead))))):
        if not ahead[number]:
            steps.append(Step(at, "publish", {"revision": number}))
            continue
        later = [begins(day, zone) for day in fires if begins(day, zone) > at + APART]
        days = st.timedeltas(APART, timedelta(days=40))
        due = draw(st.one_of(st.sampled_from(later[:3]), days.map(lambda wait, at=at: at + wait))) if later else None
        due = due or at + draw(days)
        steps += [Step(at, "announce", {"revision": number}), Step(due, "come_true", {"revision": number})]
    return steps


def in_turn(step: Step) -> tuple[datetime, int]:
    """New rules that were asked for ahead come before the schedules of their instant, and these before all else."""
    return step.at, {"come_true": 0, "midnight": 1}.get(step.kind, 2)


def several(one: st.SearchStrategy[datetime], count: int) -> st.SearchStrategy[list[datetime]]:
    return st.lists(one, min_size=count, max_size=count)


def apart(steps: list[Step]) -> list[Step]:
    """What isn't a midnight, or waited for its instant, moves on where it would come too soon after the one before."""
    made: list[Step] = []
    for step in steps:
        at = step.at
        if made and step.kind not in FIXED:
            at = max(at, made[-1].at + APART)
        made.append(Step(at, step.kind, step.wish))
    return sorted(made, key=in_turn)


@st.composite
def cases(draw: st.DrawFn, *, most_members: int = 4, most_steps: int = 25, new_rules: bool = True) -> Case:
    """A whole case; some members join after their first purchases, some on a leap day. `new_rules`: the programme may
    have versions.
    """
    flavour = draw(st.sampled_from([one for one in FLAVOURS if new_rules or one != NEW_RULES]))
    timezone = draw(st.sampled_from(ZONES))
    members = {
        f"M{number}": draw(st.one_of(days(), st.dates(date(2020, 2, 29), FIRST_DAY), st.just(date(2020, 2, 29))))
        for number in range(draw(st.integers(min(2 if flavour == MERGES else 1, most_members), most_members)))
    }
    names = list(members)
    # Somebody later may have been brought by somebody earlier.
    referrers = {
        name: names[draw(st.integers(0, n - 1))] for n, name in enumerate(names) if n and draw(st.booleans())
    }  # fmt: skip
    later: dict[str, Json] = {}
    for number in range(draw(st.sampled_from((0, 1, 2) if flavour == NEW_RULES else (0, 0, 0, 1)))):
        later[f"L{number}"] = {"days": draw(st.sampled_from((0, 0, 1, 400))), "referrer": draw(st.sampled_from(names))}
    versions = [draw(programmes(flavour))]
    following: list[Revision] = []
    count = draw(st.integers(1, 3) if flavour == NEW_RULES else st.sampled_from((0, 0, 0, 1))) if new_rules else 0
    for number in range(count):
        following.append(draw(revisions(versions[-1], number, flavour)))
        versions.append(following[-1].programme)
    rules = versions[0], following
    steps = draw(histories(ZoneInfo(timezone), rules, (names, later), flavour, most_steps))
    return Case(flavour, versions[0], following, timezone, members, referrers, steps)
