"""What a rebuild found of a record: its facts as things stood then, in the order in which they happened.

A purchase or a top-up counts with what was left of it; one that was wholly given back, or undone, never was. Points
come with the fact that gave them, where that is of the same day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from tenants.measures import codes
from tenants.programme.schedule import schedule_instant
from tenants.programme.windows import local_day, local_day_before
from tenants.replay.facts import Facts, Row, in_order
from tenants.replay.person import Person, Record
from tenants.replay.purse import Entry, Key
from tenants.replay.sums import Paid, Sale, Sums

ACT: Final = "act"
_ALONE: Final = frozenset({"campaign", "birthday"})
"""Kinds of points that are facts of their own."""
_JUST_BEHIND: Final = timedelta(microseconds=1)


@dataclass(slots=True)
class Fact:
    """Something at an instant of the local day `on`, counted on `day`; `cause` and `cause_id` as its decision has them.
    `sold`: at a till. `points`: what it gave. What is only points decides nothing (`cause` POINTS).
    """

    at: datetime
    on: date
    day: date
    cause: str
    cause_id: UUID
    external_id: str = ""
    sold: bool = False
    sale: Sale | None = None
    paid: Paid | None = None
    measures: list[tuple[str, Decimal | int, int, int]] = field(default_factory=list)
    act: Row | None = None
    points: int = 0

    @property
    def is_beside(self) -> bool:
        return self.cause == codes.POINTS

    def count(self, sums: Sums) -> None:
        """Adds it to the sums."""
        if self.sale is not None:
            sums.buy(self.sale)
        if self.paid is not None:
            sums.pay_in(self.cause_id, self.paid)
        for measure, total, facts, valued in self.measures:
            sums.add(measure, self.day, total, facts, valued)
        if self.points:
            sums.add(codes.POINTS, self.day, self.points)


@dataclass(frozen=True, slots=True)
class Retold:
    """`known_at`: the instant behind the rebuild's locks, `now` where its walk ended. `entries`: the person's points as
    they should be.
    """

    person: Person
    facts: Facts
    record: Record
    known_at: datetime
    now: datetime
    entries: Mapping[Key, Entry]

    def in_order(self) -> list[Fact]:
        """All of it; points without a fact of their day come at the end of it."""
        found = [self._placed(fact) for fact in (*self._sales(), *self._others(), *self._referrals(), *self._acts())]
        gave = {(fact.cause_id, fact.day): fact for fact in found}
        alone: list[Fact] = []
        for origin, given in self._points().items():
            fact = gave.get(origin)
            if given.cause in _ALONE:
                fact = self._placed(replace(given, at=min(given.at, self.now)))
                found.append(fact)
            if fact is None:
                alone.append(replace(given, on=given.day, cause=codes.POINTS))
            else:
                fact.points = given.points
        found.sort(key=lambda one: (one.on, one.at, one.external_id.encode(), one.cause_id.int))
        return sorted([*found, *alone], key=lambda one: one.on)

    def _placed(self, fact: Fact) -> Fact:
        """Nothing is decided about an instant to come. At a day's first instant, which dates without a time have, an
        evaluation would look at the day before: it comes just behind it.
        """
        zone = self.person.chain.zone
        fact.on = local_day(fact.at, zone)
        if fact.cause != ACT and local_day_before(fact.at, zone) < fact.on:
            fact.at += _JUST_BEHIND
        return fact

    def _own(self, kind: str) -> Iterator[Row]:
        """The rows of a kind that were the record's by then."""
        for row in self.facts.happened[kind]:
            if row["recorded_at"] <= self.known_at:
                holder = self.person.holder(row["member_id"], self.known_at)
                if holder is self.record:
                    yield row

    def _sales(self) -> Iterator[Fact]:
        sums, today = self.record.sums, date.min
        bought = {row["id"]: row for row in self.facts.happened["purchase"]}
        for sale in sums.sales.values():
            if sale.stands:
                row = bought[sale.id]
                at = min(row["occurred_at"], self.now)
                yield Fact(
                    at, today, sale.day, "purchase", sale.id, row["external_id"], sold=row["source"] == "api", sale=sale
                )
        paid_in = {row["id"]: row for row in self.facts.happened["top_up"]}
        for top_up_id, paid in sums.top_ups.items():
            if paid.left > 0:
                row = paid_in[top_up_id]
                left = Paid(paid.day, paid.left)
                at = min(row["occurred_at"], self.now)
                yield Fact(at, today, paid.day, "top_up", top_up_id, row["external_id"], paid=left)

    def _others(self) -> Iterator[Fact]:
        for row in self._own("activity"):
            at, value = min(row["occurred_at"], self.now), row["value"]
            adds = [
                (measure, value or 0, 1, 0 if value is None else 1)
                for measure in (codes.activity(None), codes.activity(row["kind"]))
            ]
            yield Fact(at, date.min, row["local_day"], "activity", row["id"], row["external_id"], measures=adds)

    def _referrals(self) -> Iterator[Fact]:
        """Each brought member counts where its first purchase was, on the day for which it is counted."""
        last = {row["brought_id"]: row for row in in_order(self._own("referral_move"))}
        for brought_id, row in last.items():
            if row["to_day"] is not None:
                first = self.facts.brought.first_bought(brought_id, row["to_day"], self.known_at)
                at = min(first or row["recorded_at"], self.now)
                yield Fact(at, date.min, row["to_day"], "referral", brought_id, measures=[(codes.REFERRAL, 0, 1, 0)])

    def _acts(self) -> Iterator[Fact]:
        """Of opening tiers, one that was put right later, as of the same day or an earlier one, never was."""
        zone, rows = self.person.chain.zone, list(self._own("tier_act"))
        openings = [row for row in rows if row["act"] == "opening"]
        for row in rows:
            at: datetime = row["recorded_at"]
            if row["act"] == "opening":
                if any(_puts_right(other, row) for other in openings):
                    continue
                at = schedule_instant(row["since"], zone)
            yield Fact(at, date.min, local_day(at, zone), ACT, row["id"], act=row)

    # --- points -------------------------------------------------------------------------------

    def _points(self) -> dict[tuple[UUID, date], Fact]:
        """By what gave them and the day on which they count, net of what was taken back."""
        found: dict[tuple[UUID, date], Fact] = {}
        sources = self._sources()
        for row in self._own("points"):
            entry = self.entries.get((row["kind"], row["source_id"]))
            points, day = (row["points"], row["day"]) if entry is None else (entry.points, entry.day)
            origin = sources.get((row["kind"], row["source_id"]), row["source_id"])
            fact = found.setdefault((origin, day), Fact(row["recorded_at"], day, day, codes.POINTS, origin))
            fact.at = min(fact.at, row["recorded_at"])
            fact.points += points
            if row["kind"] in _ALONE:
                fact.cause = row["kind"] if fact.cause not in _ALONE else max(fact.cause, row["kind"])
        return {key: fact for key, fact in found.items() if fact.points}

    def _sources(self) -> dict[Key, UUID]:
        """What gave the points of entries that name something else."""
        found: dict[Key, UUID] = {}
        for row in self.facts.happened["referral_move"]:
            found["referral", row["id"]] = found["reverse", row["id"]] = row["brought_id"]
        for row in self.facts.happened["refund"]:
            found["reverse", row["id"]] = row["purchase_id"]
        for row in self.facts.happened["wallet_refund"]:
            for part in row["lots"]:
                if len(part) > _SOURCE and part[_SOURCE] is not None:
                    found["top_up_reverse", UUID(part[_SOURCE])] = UUID(part[0])
        return found


_SOURCE: Final = 4
"""Where in a part of what was paid back the source of its points stands."""


def _puts_right(other: Row, row: Row) -> bool:
    same: bool = other["member_id"] == row["member_id"] and other["ladder"] == row["ladder"]
    later: bool = other["seq"] > row["seq"] and other["since"] <= row["since"]
    return same and later
