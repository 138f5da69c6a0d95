"""Which part of stored value a payment, a return or a refund takes. Each top-up is a lot. Pure: no clock, no database.

All amounts are in minor units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from saas.errors import DomainError, Money

Order = Literal["proportional", "principal_first", "bonus_first"]
"""Of what a payment takes first within a lot."""


@dataclass(frozen=True, slots=True)
class Lot:
    """One top-up. `refunded`: of the principal, paid back. `bonus_voided`: of the bonus, taken back with it, be it from
    what was left or off the money. `branch_id`: where it was paid in; None for an opening balance without one.
    """

    id: UUID
    branch_id: UUID | None
    principal: int
    bonus: int
    principal_left: int
    bonus_left: int
    refunded: int
    bonus_voided: int
    recorded_at: datetime

    @property
    def left(self) -> int:
        return self.principal_left + self.bonus_left

    @property
    def untouched(self) -> bool:
        """Nothing of it was ever spent or paid back, as far as its balances tell."""
        return (self.principal_left, self.bonus_left, self.refunded) == (self.principal, self.bonus, 0)


@dataclass(frozen=True, slots=True)
class Take:
    """What goes out of a lot, or comes back to it: never negative."""

    lot_id: UUID
    principal: int
    bonus: int


@dataclass(frozen=True, slots=True)
class PaidBack:
    """A refund of one lot's principal: `amount` leaves the wallet, `paid_out` the till. `bonus_voided` leaves the
    wallet with it; what was spent already of the bonus that goes with `amount` is `deducted` from the money.
    """

    lot_id: UUID
    amount: int
    bonus_voided: int
    deducted: int

    @property
    def paid_out(self) -> int:
        return self.amount - self.deducted


def pay(lots: Sequence[Lot], amount: int, order: Order) -> list[Take]:
    """Takes `amount` out of the lots, in their order (oldest first), each as far as it goes; in the order taken.

    Proportional: of w out of a lot that has p and b left, floor(w x b / (p + b)) is bonus and the rest principal.
    Raises DomainError `wallet-balance-too-low` with the `balance`.
    """
    balance = sum(lot.left for lot in lots)
    if amount > balance:
        raise DomainError("wallet-balance-too-low", params={"balance": Money(balance)})
    takes = []
    for lot in lots:
        part = min(amount, lot.left)
        if part:
            bonus = _bonus(lot, part, order)
            takes.append(Take(lot.id, part - bonus, bonus))
            amount -= part
    return takes


def _bonus(lot: Lot, part: int, order: Order) -> int:
    if order == "principal_first":
        return max(0, part - lot.principal_left)
    if order == "bonus_first":
        return min(part, lot.bonus_left)
    return part * lot.bonus_left // lot.left


def give_back(takes: Sequence[Take], principal: int, bonus: int) -> list[Take]:
    """Gives `principal` and `bonus` back into the lots that they came from, last taken first. `takes`: what is still
    taken, in the order of taking (what came back before is left out already). In the order of giving.

    Raises ValueError for more than was taken.
    """
    back = []
    for take in reversed(takes):
        part = Take(take.lot_id, min(principal, take.principal), min(bonus, take.bonus))
        if part.principal or part.bonus:
            back.append(part)
            principal, bonus = principal - part.principal, bonus - part.bonus
    if principal or bonus:
        raise ValueError("more than was taken")
    return back


def refund(lot: Lot, amount: int) -> PaidBack:
    """Pays `amount` of the lot's principal back. Bonus goes in proportion to all that was paid back of the lot:
    floor(bonus x refunded / principal), less what went before. What is left of the bonus goes as far as it reaches;
    the rest was spent, and is deducted from the money as far as that reaches.

    Raises ValueError for nothing, or more than is left.
    """
    if not 0 < amount <= lot.principal_left:
        raise ValueError(f"{amount} of {lot.principal_left}")
    due = max(0, lot.bonus * (lot.refunded + amount) // lot.principal - lot.bonus_voided)
    voided = min(due, lot.bonus_left)
    return PaidBack(lot.id, amount, voided, min(due - voided, amount))


def refund_newest_first(lots: Sequence[Lot], amount: int) -> list[PaidBack]:
    """Pays `amount` of principal back out of the lots (oldest first), beginning with the newest.

    Raises DomainError `wallet-principal-too-low` with the `principal` that there is.
    """
    principal = sum(lot.principal_left for lot in lots)
    if amount > principal:
        raise DomainError("wallet-principal-too-low", params={"principal": Money(principal)})
    parts = []
    for lot in reversed(lots):
        part = min(amount, lot.principal_left)
        if part:
            parts.append(refund(lot, part))
            amount -= part
    return parts
