"""Validities that were renewed without a word.

Under `until_next_schedule` without grace a schedule renews everybody whom it doesn't lower, and writes nothing: that
its run is through tells until when tiers hold. Where a publish ends such rules, or gives them another schedule, what
the last run did is kept with the version, and read by all that follow; the record of that run goes, since it says
nothing about the new rules.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import asyncpg

from tenants.programme.document import Ladder, Programme
from tenants.programme.moment import Moment
from tenants.programme.published import Kept, Renewed
from tenants.programme.schedule import Policy, next_schedule_day, renews_unwritten
from tenants.programme.windows import ONE_DAY


@dataclass(frozen=True, slots=True)
class Validity:
    """First and last day of a standing, with its lock; the base tier has no last one."""

    valid_from: date
    valid_until: date | None
    locked_until: date | None
    may_rise: bool

    @classmethod
    def of(cls, row: Mapping[str, Any] | asyncpg.Record) -> "Validity":
        """As a row has it."""
        return cls(row["valid_from"], row["valid_until"], row["locked_until"], row["may_rise"])


def renewed_until(policy: Policy, day: date) -> date:
    """Until when a run of local day `day` renews under rules that do so without a word."""
    return next_schedule_day(policy.schedule, day) - ONE_DAY


def gone_on(
    rules: Programme, ladder: Ladder, was: Validity, ran: Mapping[str, date], *, by: Moment | None = None
) -> Validity:
    """A stored validity of a tier above the base as it holds under these rules, behind the last runs (their T by
    ladder); `by`: only those before that moment count.

    `tenants.programme.going_on` says the same in SQL.
    """
    for day, until in _renewals(rules, ladder, ran, by):
        if was.valid_until is not None and was.valid_until < day:
            was = Validity(day, until, None, may_rise=True)
    return was


def _renewals(
    rules: Programme, ladder: Ladder, ran: Mapping[str, date], by: Moment | None
) -> Iterator[tuple[date, date]]:
    for one in rules.kept.get(ladder.code, ()):
        if by is None or one.at < by.at:
            yield one.day, one.until
    day = ran.get(ladder.code)
    if day is not None and renews_unwritten(ladder.policy) and (by is None or day < by.today):
        yield day, renewed_until(ladder.policy, day)


def ended_here(rules: Programme) -> Programme:
    """The same rules, for an evaluation that has just ended a validity itself: what is stored holds."""
    return rules.as_published(replace(rules.published, kept={}))


def begun_anew(old: Programme, new: Programme) -> list[str]:
    """The ladders of `old` whose last run says nothing about `new`."""
    return [
        ladder.code
        for ladder in old.ladders
        if (now := new.ladder(ladder.code)) is None or _renewing(ladder.policy) != _renewing(now.policy)
    ]


def _renewing(policy: Policy) -> object:
    return policy.validity, policy.schedule, policy.grace_days


def carried_on(old: Programme, new: Programme, ran: Mapping[str, tuple[datetime, date]]) -> Kept:
    """What `new`, which follows `old`, keeps of the runs before it; `ran`: instant and T of the last ones."""
    found = dict(old.kept)
    for code in begun_anew(old, new):
        ladder, last = old.ladder(code), ran.get(code)
        if ladder is not None and last is not None and renews_unwritten(ladder.policy):
            at, day = last
            # what was over by then has been renewed by this run
            earlier = [one for one in old.kept.get(code, ()) if one.until >= day]
            found[code] = [*earlier, Renewed(at, day, renewed_until(ladder.policy, day))]
    return found


def as_json(kept: Kept) -> dict[str, Any]:
    """As a version is stored with it."""
    return {
        ladder: [{name: getattr(one, name).isoformat() for name in ("at", "day", "until")} for one in renewals]
        for ladder, renewals in kept.items()
    }


def from_json(stored: Mapping[str, Iterable[Mapping[str, str]]]) -> Kept:
    """What `as_json` made."""
    return {ladder: _renewed(renewals) for ladder, renewals in stored.items()}


def _renewed(stored: Iterable[Mapping[str, str]]) -> Sequence[Renewed]:
    return [
        Renewed(datetime.fromisoformat(one["at"]), date.fromisoformat(one["day"]), date.fromisoformat(one["until"]))
        for one in stored
    ]
