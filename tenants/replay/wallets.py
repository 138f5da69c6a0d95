"""Stored value as it should be: one person's wallets and the lots of its top-ups, moved by what happened to it.

Plain arithmetic beside the ledger's own: the oldest lot first, principal and bonus of it as the rules say.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

Key = tuple[str, UUID]
"""Kind and source of an entry."""


@dataclass(slots=True)
class Lot:
    """One top-up, in minor units. `holder`: the record that has it."""

    id: UUID
    holder: UUID
    principal: int
    bonus: int
    principal_left: int
    bonus_left: int
    recorded_at: datetime
    refunded: int = 0
    bonus_voided: int = 0

    @property
    def left(self) -> int:
        return self.principal_left + self.bonus_left

    @property
    def place(self) -> tuple[datetime, UUID]:
        return self.recorded_at, self.id


@dataclass(slots=True)
class Spent:
    """What a purchase has of a lot and hasn't given back."""

    principal: int = 0
    bonus: int = 0


@dataclass(slots=True)
class Wallets:
    """By record what it has; by kind and source the entries, each with whose it is and its amount."""

    lots: dict[UUID, Lot] = field(default_factory=dict)
    entries: dict[Key, tuple[UUID, int]] = field(default_factory=dict)
    _spent: dict[UUID, dict[UUID, Spent]] = field(default_factory=dict)

    def held(self, member_id: UUID) -> list[Lot]:
        """The record's lots, the oldest first."""
        return sorted((lot for lot in self.lots.values() if lot.holder == member_id), key=lambda lot: lot.place)

    def balances(self, member_id: UUID) -> tuple[int, int]:
        """Principal and bonus."""
        held = [lot for lot in self.lots.values() if lot.holder == member_id]
        return sum(lot.principal_left for lot in held), sum(lot.bonus_left for lot in held)

    def open(self, member_id: UUID, kind: str, lot_id: UUID, parts: tuple[int, int], at: datetime) -> None:
        """A top-up or an opening balance: principal and bonus."""
        principal, bonus = parts
        if principal or bonus:
            self.lots[lot_id] = Lot(lot_id, member_id, principal, bonus, principal, bonus, at)
        self._enter(member_id, kind, lot_id, principal, bonus)

    def spend(self, member_id: UUID, purchase_id: UUID, amount: int, order: str) -> None:
        """Each lot as far as it goes; within one, proportionally, principal first, or bonus first."""
        spent = self._spent.setdefault(purchase_id, {})
        for lot in self.held(member_id):
            part = min(amount, lot.left)
            if part:
                bonus = _bonus_of(lot, part, order)
                lot.bonus_left -= bonus
                lot.principal_left -= part - bonus
                spent[lot.id] = Spent(part - bonus, bonus)
                amount -= part
        principal, bonus = _sums(spent.values())
        self._enter(member_id, "spend", purchase_id, principal, bonus)

    def give_back(
        self, member_id: UUID, kind: str, source_id: UUID, purchase_id: UUID, parts: tuple[int, int], *, void: bool
    ) -> None:
        """To the lots that it came from, taken last first. `void`: to who has left; bonus ends as it comes back."""
        principal, bonus = parts
        self._enter(member_id, kind, source_id, principal, bonus)
        if void and bonus:
            self.entries["void_bonus", source_id] = member_id, bonus
        spent = self._spent.get(purchase_id, {})
        for lot in sorted((self.lots[one] for one in spent), key=lambda lot: lot.place, reverse=True):
            took = spent[lot.id]
            back = min(principal, took.principal), min(bonus, took.bonus)
            took.principal, took.bonus = took.principal - back[0], took.bonus - back[1]
            principal, bonus = principal - back[0], bonus - back[1]
            lot.principal_left += back[0]
            if void:
                lot.bonus_voided += back[1]
            else:
                lot.bonus_left += back[1]

    def spent_on(self, purchase_id: UUID) -> tuple[int, int]:
        """Principal and bonus that a purchase has."""
        return _sums(self._spent.get(purchase_id, {}).values())

    def pay_back(self, member_id: UUID, refund_id: UUID, parts: Iterable[tuple[UUID, int]]) -> None:
        """Principal out of these lots. Bonus goes in proportion to all that was paid back of each; what of that was
        spent already is deducted from the money.
        """
        paid = deducted = voided = 0
        for lot_id, amount in parts:
            lot = self.lots.get(lot_id)
            if lot is None:
                continue
            lot.refunded += amount
            due = max(0, lot.bonus * lot.refunded // lot.principal - lot.bonus_voided)
            gone = min(due, lot.bonus_left)
            short = min(due - gone, amount)
            lot.principal_left -= amount
            lot.bonus_left -= gone
            lot.bonus_voided += gone + short
            paid, deducted, voided = paid + amount - short, deducted + short, voided + gone
        for kind, amount in (("refund", paid), ("refund_deduction", deducted), ("refund_bonus", voided)):
            if amount:
                self.entries[kind, refund_id] = member_id, amount

    def undo_top_up(self, member_id: UUID, lot_id: UUID) -> None:
        lot = self.lots.get(lot_id)
        if lot is not None:
            self._enter(member_id, "undo_top_up", lot_id, lot.principal, lot.bonus)
            lot.principal_left = lot.bonus_left = 0

    def void_bonus(self, member_id: UUID, source_id: UUID) -> None:
        """All bonus ends: the member leaves."""
        _, bonus = self.balances(member_id)
        if bonus:
            self.entries["void_bonus", source_id] = member_id, bonus
        for lot in self.held(member_id):
            lot.bonus_voided += lot.bonus_left
            lot.bonus_left = 0

    def merge(self, of: UUID, to: UUID, merge_id: UUID) -> None:
        """Every lot of the other is the survivor's."""
        principal, bonus = self.balances(of)
        self._enter(of, "merge_out", merge_id, principal, bonus)
        self._enter(to, "merge_in", merge_id, principal, bonus)
        for lot in self.held(of):
            lot.holder = to

    def _enter(self, member_id: UUID, kind: str, source_id: UUID, principal: int, bonus: int) -> None:
        for name, amount in ((kind, principal), (f"{kind}_bonus", bonus)):
            if amount:
                self.entries[name, source_id] = member_id, amount


def _bonus_of(lot: Lot, part: int, order: str) -> int:
    if order == "principal_first":
        return max(0, part - lot.principal_left)
    if order == "bonus_first":
        return min(part, lot.bonus_left)
    return part * lot.bonus_left // lot.left


def _sums(parts: Iterable[Spent]) -> tuple[int, int]:
    principal = bonus = 0
    for part in parts:
        principal, bonus = principal + part.principal, bonus + part.bonus
    return principal, bonus
