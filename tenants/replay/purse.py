"""Points as they should be: one person's accounts and lots, moved by what happened to it, and the entries of that.

Plain arithmetic beside the ledger's own: lots in the order in which they expire, what is owed paid first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from tenants.points.lots import NewLot

_RETURNED: Final = timedelta(days=30)
"""How long points live that come back when their lot has expired."""

Key = tuple[str, UUID]
"""Kind and source of an entry."""


@dataclass(slots=True)
class Lot:
    """Points that came at once. `holder`: the record that has them."""

    id: UUID
    holder: UUID
    points: int
    left: int
    day: date
    spendable_from: date
    expires_on: date | None

    @property
    def place(self) -> tuple[date, UUID]:
        return self.expires_on or date.max, self.id


@dataclass(frozen=True, slots=True)
class Entry:
    """One movement: `points` of a record, which count on `day`."""

    member_id: UUID
    points: int
    day: date


@dataclass(slots=True)
class Account:
    """What a record has: lots with something left, and what it owes."""

    lots: dict[UUID, Lot] = field(default_factory=dict)
    debt: int = 0

    @property
    def open(self) -> int:
        return sum(lot.left for lot in self.lots.values())

    @property
    def balance(self) -> int:
        return self.open - self.debt

    def in_order(self) -> list[Lot]:
        """What expires first comes first."""
        return sorted(self.lots.values(), key=lambda lot: lot.place)


class Points:
    """`ids`: what the stored entries are called by, which their lots are called by too and stand in order by."""

    def __init__(self, ids: Mapping[Key, UUID]) -> None:
        self.ids = ids
        self.accounts: dict[UUID, Account] = {}
        self.lots: dict[UUID, Lot] = {}
        self.entries: dict[Key, Entry] = {}
        self._made: dict[Key, Lot] = {}
        self._spent: dict[UUID, dict[UUID, int]] = {}
        """By purchase or claim, what it has of each lot and hasn't given back."""

    def account(self, member_id: UUID) -> Account:
        return self.accounts.setdefault(member_id, Account())

    def lot_of(self, kind: str, source_id: UUID) -> Lot | None:
        """What an accrual made."""
        return self._made.get((kind, source_id))

    # --- new points ---------------------------------------------------------------------------

    def accrue(self, member_id: UUID, kind: str, source_id: UUID, new: NewLot, today: date) -> None:
        """What has expired on arrival is gone at once. A till whose clock is ahead tells of tomorrow: what doesn't
        pend may be spent today.
        """
        if new.points <= 0:
            return
        first = new.spendable_from if new.spendable_from > new.day else min(new.spendable_from, today)
        lot = self._make(member_id, (kind, source_id), new.points, new.day, first, new.expires_on)
        self._enter(member_id, (kind, source_id), new.points, new.day)
        self._fill(member_id, lot, self._less_debt(member_id, new.points))
        if lot.expires_on is not None and lot.expires_on < today:
            self.expire(member_id, lot.id, today)

    def _make(
        self, member_id: UUID, key: Key, points: int, day: date, spendable_from: date, expires_on: date | None
    ) -> Lot:
        lot = Lot(self.ids.get(key, key[1]), member_id, points, 0, day, spendable_from, expires_on)
        self.lots[lot.id] = self._made[key] = lot
        return lot

    def _less_debt(self, member_id: UUID, points: int) -> int:
        account = self.account(member_id)
        paid = min(account.debt, points)
        account.debt -= paid
        return points - paid

    def _fill(self, member_id: UUID, lot: Lot, points: int) -> None:
        if points:
            lot.left += points
            lot.holder = member_id
            self.account(member_id).lots[lot.id] = lot

    def _enter(self, member_id: UUID, key: Key, points: int, day: date) -> None:
        self.entries[key] = Entry(member_id, points, day)

    # --- points that go -----------------------------------------------------------------------

    def spend(self, member_id: UUID, kind: str, source_id: UUID, points: int, today: date) -> None:
        """What may be spent today, from the lots that expire first."""
        usable = [
            lot
            for lot in self.account(member_id).in_order()
            if lot.spendable_from <= today and (lot.expires_on is None or lot.expires_on >= today)
        ]
        spent = self._spent.setdefault(source_id, {})
        for lot, part in self._take(member_id, usable, points):
            spent[lot.id] = spent.get(lot.id, 0) + part
        self._enter(member_id, (kind, source_id), -points, today)

    def withdraw(self, member_id: UUID, kind: str, source_id: UUID, points: int, today: date) -> None:
        """By hand: pending ones too."""
        for _ in self._take(member_id, self.account(member_id).in_order(), points):
            pass
        self._enter(member_id, (kind, source_id), -points, today)

    def take_back(self, member_id: UUID, key: Key, points: int, own: Lot | None, day: date) -> None:
        """From the accrual's own lot, then from those that expire first; what is missing is owed."""
        if points <= 0:
            return
        account = self.account(member_id)
        ordered = sorted(account.in_order(), key=lambda lot: lot is not own)
        account.debt += points - sum(part for _, part in self._take(member_id, ordered, points))
        self._enter(member_id, key, -points, day)

    def undo_accrual(self, member_id: UUID, key: Key, own: Lot | None, today: date) -> None:
        """As if it had never been: what has expired of it since is nobody's debt."""
        if own is None:
            return
        expired = self.entries.get(("expire", own.id))
        if expired is not None:
            self._enter(member_id, ("undo_redeem", own.id), -expired.points, today)
            self._fill(member_id, own, self._less_debt(member_id, -expired.points))
        self.take_back(member_id, key, own.points, own, own.day)

    def expire(self, member_id: UUID, lot_id: UUID, today: date) -> None:
        """All that a lot has left, once its last day is over."""
        lot = self.account(member_id).lots.get(lot_id)
        if lot is not None and lot.expires_on is not None and lot.expires_on < today:
            self._enter(member_id, ("expire", lot_id), -lot.left, today)
            self._empty(lot)

    def void(self, member_id: UUID, source_id: UUID, today: date) -> None:
        """Everything ends, debt too."""
        account = self.account(member_id)
        if account.balance:
            self._enter(member_id, ("void", source_id), -account.balance, today)
        for lot in list(account.lots.values()):
            self._empty(lot)
        account.debt = 0

    def _take(self, member_id: UUID, ordered: Iterable[Lot], points: int) -> list[tuple[Lot, int]]:
        parts = []
        for lot in ordered:
            part = min(lot.left, points)
            if part:
                lot.left -= part
                points -= part
                parts.append((lot, part))
                if not lot.left:
                    del self.account(member_id).lots[lot.id]
        return parts

    def _empty(self, lot: Lot) -> None:
        lot.left = 0
        self.account(lot.holder).lots.pop(lot.id, None)

    # --- points that come back, or move -------------------------------------------------------

    def give_back(self, member_id: UUID, key: Key, spent_for: UUID, points: int, today: date) -> None:
        """To the lots that they came from, taken last first; what of them has expired lives on in a lot of its own."""
        if points <= 0:
            return
        self._enter(member_id, key, points, today)
        left, fresh = self._less_debt(member_id, points), 0
        spent = self._spent.get(spent_for, {})
        for lot in sorted((self.lots[one] for one in spent), key=lambda lot: lot.place, reverse=True):
            part = min(spent[lot.id], left)
            if part and lot.expires_on is not None and lot.expires_on < today:
                fresh += part
            elif part:
                spent[lot.id] -= part
                self._fill(member_id, lot, part)
            left -= part
        fresh += left
        if fresh:
            self._fill(member_id, self._make(member_id, key, fresh, today, today, today + _RETURNED), fresh)

    def merge(self, of: UUID, to: UUID, merge_id: UUID, today: date) -> None:
        """The other's points are the survivor's; what one of the two owed is paid from what both have."""
        other, survivor = self.account(of), self.account(to)
        balance = other.balance
        if not balance:
            return
        self._enter(of, ("merge_out", merge_id), -balance, today)
        self._enter(to, ("merge_in", merge_id), balance, today)
        for lot in list(other.lots.values()):
            lot.holder = to
        survivor.lots |= other.lots
        owed = survivor.debt + other.debt
        self.accounts[of] = Account()
        survivor.debt = owed - sum(part for _, part in self._take(to, survivor.in_order(), owed))
