"""What is stored of a person held against what its facts give: each difference by name, with why it is one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from tenants.replay.compare_value import value_differences
from tenants.replay.difference import Difference, as_json, of_standing
from tenants.replay.facts import Facts, Row
from tenants.replay.person import Record
from tenants.replay.standing import Decided, Standing
from tenants.replay.stored import decision_of, standing_of
from tenants.replay.sums import PLAIN, Day
from tenants.replay.values import same_facts
from tenants.replay.walk import Walked
from tenants.replay.words import WHY, Why


def differences(walked: Walked, facts: Facts) -> list[Difference]:
    """Everything that isn't as it should be, of all records of a person."""
    return [
        difference
        for record in walked.person.records.values()
        for difference in (
            *_decisions(record, _of(facts, "decision", record)),
            *_standings(record, _of(facts, "member_tier", record)),
            *_marks(record, _of(facts, "tier_recheck", record)),
            *_sums(walked, record, facts),
        )
    ] + list(value_differences(walked.value.books, walked.person, facts))


def _of(facts: Facts, table: str, record: Record) -> list[Row]:
    return [row for row in facts.stored[table] if row["member_id"] == record.id]


# --- tiers ----------------------------------------------------------------------------------------

_Key = tuple[str, str, UUID, datetime, int]


def _keyed(decisions: Sequence[Decided]) -> dict[_Key, Decided]:
    """By what they came of: the same ladder, cause and instant may have decided twice."""
    found: dict[_Key, Decided] = {}
    for one in decisions:
        n = 0
        while (key := (one.ladder, one.cause, one.cause_id, one.after.effective_at, n)) in found:
            n += 1
        found[key] = one
    return found


def _decisions(record: Record, rows: Sequence[Row]) -> Iterator[Difference]:
    told, stored = _keyed(record.tiers.order), _keyed([decision_of(row) for row in rows])
    for key, one in told.items():
        what = f"{one.ladder} {one.after.effective_at.isoformat()} {one.cause}:{one.cause_id}"
        if (other := stored.get(key)) is None:
            yield Difference("decision", record.id, what, _shown(one), None, WHY[Why.MISSING])
        elif names := _differ(one, other):
            expected, found = _shown(one), _shown(other)
            yield Difference(
                "decision",
                record.id,
                what,
                {name: expected[name] for name in names},
                {name: found[name] for name in names},
                WHY[Why.DECIDED_OTHERWISE],
            )
    for key, one in stored.items():
        if key not in told:
            what = f"{one.ladder} {one.after.effective_at.isoformat()} {one.cause}:{one.cause_id}"
            yield Difference("decision", record.id, what, None, _shown(one), WHY[Why.EXTRA])
    here = [key for key in told if key in stored]
    if here != [key for key in stored if key in told]:
        order = [f"{key[0]} {key[3].isoformat()}" for key in here]
        other_order = [f"{key[0]} {key[3].isoformat()}" for key in stored if key in told]
        by_ladder = {ladder for ladder, *_ in here}
        if any([k for k in here if k[0] == x] != [k for k in stored if k in told and k[0] == x] for x in by_ladder):
            yield Difference("decision", record.id, "order", order, other_order, WHY[Why.ORDER])


_PLAINLY: Final = ("from_tier", "from_rank", "recorded_at", "day", "version", "before", "has_before")


def _differ(told: Decided, stored: Decided) -> list[str]:
    names = [name for name in _PLAINLY if getattr(told, name) != getattr(stored, name)]
    names += [one.name for one in fields(Standing) if getattr(told.after, one.name) != getattr(stored.after, one.name)]
    return names if same_facts(told.facts, stored.facts) else [*names, "facts"]


def _shown(one: Decided) -> dict[str, Any]:
    plain = {name: as_json(getattr(one, name)) for name in _PLAINLY if name != "before"}
    after = of_standing(one.after)
    before = None if one.before is None else of_standing(one.before)
    return {**plain, **after, "before": before, "facts": {key: as_json(value) for key, value in one.facts.items()}}


def _standings(record: Record, rows: Sequence[Row]) -> Iterator[Difference]:
    stored = {row["ladder"]: standing_of(row) for row in rows}
    for ladder in sorted(stored.keys() | record.tiers.held.keys()):
        one, other = record.tiers.held.get(ladder), stored.get(ladder)
        if one != other:
            yield Difference(
                "tier",
                record.id,
                ladder,
                None if one is None else of_standing(one),
                None if other is None else of_standing(other),
                WHY[Why.TIER],
            )


def _marks(record: Record, rows: Sequence[Row]) -> Iterator[Difference]:
    stored = {row["ladder"]: (row["due_at"], row["refund_id"]) for row in rows}
    told = {ladder: (mark.due_at, mark.refund_id) for ladder, mark in record.tiers.marks.items()}
    for ladder in sorted(stored.keys() | told.keys()):
        if told.get(ladder) != stored.get(ladder):
            yield Difference(
                "recheck", record.id, ladder, as_json(told.get(ladder)), as_json(stored.get(ladder)), WHY[Why.RECHECK]
            )


# --- sums -----------------------------------------------------------------------------------------


def _sums(walked: Walked, record: Record, facts: Facts) -> Iterator[Difference]:
    """A merged record has none any more: they are its survivor's."""
    alive = record.id not in walked.person.into
    days = record.sums.by_day() if alive else {}
    months = record.sums.by_month() if alive else {}
    for kind, told, tables in (("day", days, ("member_day", "measure_day")), ("month", months, _MONTHS)):
        stored: dict[tuple[str, date], Day] = {}
        for table in tables:
            for row in _of(facts, table, record):
                measure = row["measure"] if "measure" in row.keys() else PLAIN  # noqa: SIM118 - a Record
                day = _plain(row) if measure == PLAIN else _measured(row)
                if not day.is_nothing:
                    stored[measure, row[kind]] = day
        for key in sorted(told.keys() | stored.keys()):
            if told.get(key) != stored.get(key):
                measure, on = key
                yield Difference(
                    kind if measure == PLAIN else "measure",
                    record.id,
                    f"{kind} {on}" if measure == PLAIN else f"{measure} {kind} {on}",
                    _of_day(told.get(key)),
                    _of_day(stored.get(key)),
                    WHY[Why.SUM],
                )
    last_at = record.sums.last_at if alive else None
    yield from _total(record, _of(facts, "member_total", record), days, last_at)


_MONTHS: Final = ("member_month", "measure_month")
_TOTAL: Final = ("spend", "purchases", "max_purchase", "last_day", "last_at")


def _total(
    record: Record, rows: Sequence[Row], days: Mapping[tuple[str, date], Day], last_at: datetime | None
) -> Iterator[Difference]:
    plain = {on: day for (measure, on), day in days.items() if measure == PLAIN}
    bought = [on for on, day in plain.items() if day.facts > 0]
    told = stored = None
    if bought:
        told = {
            "spend": sum(int(day.total) for day in plain.values()),
            "purchases": sum(day.facts for day in plain.values()),
            "max_purchase": max(day.most for day in plain.values()),
            "last_day": max(bought).isoformat(),
            "last_at": as_json(last_at),
        }
    for row in rows:
        stored = {name: as_json(row[name]) for name in _TOTAL}
    if told != stored:
        yield Difference("total", record.id, "member_total", told, stored, WHY[Why.SUM])


def _plain(row: Row) -> Day:
    return Day(row["spend"], row["purchases"], 0, row["max_purchase"])


def _measured(row: Row) -> Day:
    return Day(row["total"], row["facts"], row["valued"], row["most"])


def _of_day(day: Day | None) -> Any:
    return None if day is None else {name: as_json(value) for name, value in asdict(day).items()}
