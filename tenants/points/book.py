"""One member's points while one fact is recorded: what happens to them, one after the other, as postings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

from tenants.points import lots as rules
from tenants.points.lots import Account, Change, Lot, NewLot, Take

Kind = Literal[
    "earn",
    "top_up",
    "activity",
    "referral",
    "birthday",
    "campaign",
    "reverse",
    "top_up_reverse",
    "undo_earn",
    "undo_top_up",
    "redeem",
    "return",
    "undo_redeem",
    "reward",
    "reward_return",
    "use",
    "adjust",
    "opening",
    "expire",
    "void",
    "merge_out",
    "merge_in",
]
ACCRUED: Final[tuple[Kind, ...]] = ("earn", "top_up", "activity", "referral", "birthday", "campaign")
REVERSED: Final[tuple[Kind, ...]] = ("reverse", "top_up_reverse", "undo_earn", "undo_top_up")
MEASURED: Final = (*ACCRUED, *REVERSED)
"""Kinds that `points_earned` sums."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What the postings of one transaction have in common. `seq` and `recorded_at` come with the member's lock,
    `today` is the local day of `recorded_at`; `source_id` is the purchase, refund, … that is their reason. `version`:
    of the rules, where the source itself doesn't keep it.
    """

    member_id: UUID
    seq: int
    source_id: UUID
    recorded_at: datetime
    today: date
    actor: str
    branch_id: UUID | None = None
    reason: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Posting:
    """One entry of the ledger with all that follows. `day`: the local day on which it counts; `balance`: after it.
    `source_id` None: the lot that the posting before it makes.
    """

    member_id: UUID
    seq: int
    kind: Kind
    source_id: UUID | None
    points: int
    balance: int
    day: date
    recorded_at: datetime
    actor: str
    branch_id: UUID | None = None
    reason: str | None = None
    lot: NewLot | None = None
    takes: tuple[Take, ...] = ()
    debt: int = 0
    open: int = 0
    version: int | None = None

    def dump(self) -> dict[str, Any]:
        """As JSON data, for `ledger.writes`."""
        lot = self.lot
        return {
            "member_id": str(self.member_id),
            "seq": self.seq,
            "kind": self.kind,
            "source_id": None if self.source_id is None else str(self.source_id),
            "points": self.points,
            "balance": self.balance,
            "day": self.day.isoformat(),
            "recorded_at": self.recorded_at.isoformat(),
            "actor": self.actor,
            "branch_id": None if self.branch_id is None else str(self.branch_id),
            "reason": self.reason,
            "open": self.open,
            "debt": self.debt,
            "takes": [[str(lot_id), points] for lot_id, points in self.takes],
            "lot_points": None if lot is None else lot.points,
            "lot_left": None if lot is None else lot.left,
            "lot_day": None if lot is None else lot.day.isoformat(),
            "spendable_from": None if lot is None else lot.spendable_from.isoformat(),
            "expires_on": None if lot is None or lot.expires_on is None else lot.expires_on.isoformat(),
            "version": self.version,
        }


class Book:
    """Account and open lots, as read behind the lock, and the postings made so far. 0 points post nothing.

    A lot that is made here can be spent, or taken back from, by a later fact only: it has no id yet. So take back and
    spend first, then accrue and give back. Raises ValueError where that order would leave debt beside points.
    """

    def __init__(self, account: Account, lots: Iterable[Lot] = ()) -> None:
        self.account = account
        self.lots = {lot.id: lot for lot in lots}
        self.postings: list[Posting] = []

    def accrue(self, fact: Fact, kind: Kind, lot: NewLot) -> None:
        """New points of the lot (`lots.lot_of`), counted on its day."""
        if lot.points:
            for change in rules.accrue(self.account, lot, fact.today):
                self.record(fact, "expire" if change.ends_lot else kind, change, lot.day)

    def spend(self, fact: Fact, kind: Kind, points: int) -> None:
        """Raises DomainError `points-in-debt`, `not-enough-points`."""
        if points:
            self.record(fact, kind, rules.spend(self.account, self.lots.values(), points, fact.today), fact.today)

    def withdraw(self, fact: Fact, kind: Kind, points: int) -> None:
        """By hand, pending points too. Raises DomainError `not-enough-points`."""
        if points:
            self.record(fact, kind, rules.withdraw(self.account, self.lots.values(), points), fact.today)

    def take_back(self, fact: Fact, kind: Kind, points: int, own_lot_id: UUID | None, day: date) -> None:
        """Reverses an accrual, on whose `day` it counts."""
        if points:
            self.record(fact, kind, rules.take_back(list(self.lots.values()), own_lot_id, points), day)

    def give_back(self, fact: Fact, kind: Kind, taken: Sequence[Take], points: int, lots: Mapping[UUID, Lot]) -> None:
        """Spent points come back (`lots.give_back`)."""
        if points:
            self.lots = {**lots, **self.lots}
            self.record(fact, kind, rules.give_back(self.account, taken, points, self.lots, fact.today), fact.today)

    def revive(self, fact: Fact, lot: Lot, points: int) -> None:
        """What had expired of a lot comes back, before its accrual is undone: it never was."""
        self.lots.setdefault(lot.id, lot)
        self.record(replace(fact, source_id=lot.id), "undo_redeem", rules.revive(self.account, lot, points), fact.today)

    def void(self, fact: Fact) -> None:
        """Everything ends, debt too."""
        change = rules.void(self.account, self.lots.values())
        if change is not None:
            self.record(fact, "void", change, fact.today)

    def merge(self, into: Fact, other: "Book", out: Fact) -> None:
        """The other record's points go over to this one's, its lots with them (`ledger.hand_over`); what one of the two
        owed is paid. Its own posting is in `other.postings`, to be written first.
        """
        self.lots |= other.lots
        changes = rules.merge(self.account, other.account, self.lots.values())
        if changes is not None:
            other.record(out, "merge_out", changes[0], out.today)
            self.record(into, "merge_in", changes[1], into.today)

    def record(self, fact: Fact, kind: Kind, change: Change, day: date) -> None:
        """One change of `lots` as a posting that counts on `day`. Raises ValueError: see above."""
        self.account = change.on(self.account)
        if self.account.open and self.account.debt:
            raise ValueError("points were made before others were taken back")
        for lot_id, points in change.takes:
            self.lots[lot_id] = replace(self.lots[lot_id], left=self.lots[lot_id].left - points)
        self.postings.append(
            Posting(
                fact.member_id,
                fact.seq,
                kind,
                None if change.ends_lot else fact.source_id,
                change.points,
                self.account.balance,
                fact.today if change.ends_lot else day,
                fact.recorded_at,
                fact.actor,
                fact.branch_id,
                fact.reason,
                change.lot,
                change.takes,
                change.debt,
                change.open,
                fact.version,
            )
        )
