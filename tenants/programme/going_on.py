"""Stored validities as they hold by now, as SQL: what `tenants.programme.kept.gone_on` says in Python."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from tenants.programme.binder import Binder
from tenants.programme.document import Ladder, Programme
from tenants.programme.kept import renewed_until
from tenants.programme.moment import Moment
from tenants.programme.published import Renewed
from tenants.programme.schedule import renews_unwritten

_Days = tuple[date, date] | None
_Find = Callable[[Moment], _Days]


@dataclass(frozen=True, slots=True)
class GoneOn:
    """SQL of a standing's validity and lock. Of rows in the base tier, which have no validity, they are as stored."""

    valid_from: str
    valid_until: str
    locked_until: str
    may_rise: str


def gone_on(programme: Programme, ladder: Ladder, alias: str, binder: Binder, *, before: bool = False) -> GoneOn:
    """Of the row `alias`, with the columns of `member_tier`. `before`: as it was before the moment's instant, so that
    only what runs had done by then counts.
    """
    now = GoneOn(f"{alias}.valid_from", f"{alias}.valid_until", f"{alias}.locked_until", f"{alias}.may_rise")
    for renewed in programme.kept.get(ladder.code, ()):
        if before:
            name = f"{renewed.day} to {renewed.until}, by then"
            now = _renewed(now, *_days(name, _by_then(renewed), binder))
        else:
            now = _renewed(now, binder.constant(renewed.day, "date"), binder.constant(renewed.until, "date"))
    if renews_unwritten(ladder.policy):
        name = f"run of {ladder.code}: {ladder.policy.schedule}{', by then' if before else ''}"
        now = _renewed(now, *_days(name, _last(ladder, before=before), binder))
    return now


def _renewed(was: GoneOn, day: str, until: str) -> GoneOn:
    over = f"{was.valid_until} < {day}"
    return GoneOn(
        f"CASE WHEN {over} THEN {day} ELSE {was.valid_from} END",
        f"CASE WHEN {over} THEN {until} ELSE {was.valid_until} END",
        f"CASE WHEN {over} THEN NULL ELSE {was.locked_until} END",
        f"CASE WHEN {over} THEN true ELSE {was.may_rise} END",
    )


def _days(name: str, find: _Find, binder: Binder) -> tuple[str, str]:
    """Both days as parameters; NULL where nothing has been renewed: no validity is over by then."""

    def day(moment: Moment) -> date | None:
        found = find(moment)
        return None if found is None else found[0]

    def until(moment: Moment) -> date | None:
        found = find(moment)
        return None if found is None else found[1]

    return binder.moment(f"day of {name}", day, "date"), binder.moment(f"end of {name}", until, "date")


def _by_then(renewed: Renewed) -> _Find:
    return lambda moment: (renewed.day, renewed.until) if renewed.at < moment.at else None


def _last(ladder: Ladder, *, before: bool) -> _Find:
    """By the last run in force; of that nobody has kept the instant."""

    def find(moment: Moment) -> _Days:
        day = moment.last_runs.get(ladder.code)
        if day is None or (before and day >= moment.today):
            return None
        return day, renewed_until(ladder.policy, day)

    return find
