"""How points come and go: pure rules over a member's account and lots, as they were read behind the member's lock.

Each function answers with a Change, which says what becomes of lots and debt; nothing is written here. Whatever
happens, balance = open - debt = what the lots have left - debt, and only one of `open` and `debt` is above 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from saas.errors import DomainError
from tenants.programme.rules import EndOfYear, ExpireMonths, Expiry, Points
from tenants.programme.windows import ONE_DAY, add_months

Take = tuple[UUID, int]
"""So many points out of this lot; negative: given back to it."""
RETURNED_DAYS: Final = 30
"""How long points live that come back when their lot has expired."""


@dataclass(frozen=True, slots=True)
class Account:
    """`open`: what the lots have left. `debt`: what was taken back beyond them."""

    open: int = 0
    debt: int = 0

    @property
    def balance(self) -> int:
        return self.open - self.debt


@dataclass(frozen=True, slots=True)
class Lot:
    """Points that came at once and expire at once. `day`: the local day of the accrual; `expires_on`: the last day on
    which they may be spent, None: never.
    """

    id: UUID
    left: int
    points: int
    day: date
    spendable_from: date
    expires_on: date | None

    def has_expired(self, today: date) -> bool:
        return self.expires_on is not None and self.expires_on < today

    def is_spendable(self, today: date) -> bool:
        return self.left > 0 and self.spendable_from <= today and not self.has_expired(today)


@dataclass(frozen=True, slots=True)
class NewLot:
    """A lot that is to be made; it gets its entry's id. `left` is less than `points` where these paid debt."""

    points: int
    left: int
    day: date
    spendable_from: date
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a posting does: `points` to the balance, `debt` to the debt (below 0: paid), the rest to lots.

    `ends_lot`: it expires the lot that the change before it makes, whose id nobody knows yet. `moved`: what comes with
    the lots of a merged record, or leaves with them.
    """

    points: int
    lot: NewLot | None = None
    takes: tuple[Take, ...] = ()
    debt: int = 0
    ends_lot: bool = False
    moved: int = 0

    def __post_init__(self) -> None:
        made = self.lot.left if self.lot else 0
        if not self.ends_lot and made + self.moved - sum(n for _, n in self.takes) != self.open:
            raise ValueError("lots and balance would part")

    @property
    def open(self) -> int:
        """What it does to the sum of the lots."""
        return self.points + self.debt

    def on(self, account: Account) -> Account:
        """The account after it."""
        return Account(account.open + self.open, account.debt + self.debt)


def expiry_day(expiry: Expiry, day: date) -> date | None:
    """The last local day of points that were accrued on `day`; None: they never expire."""
    match expiry:
        case ExpireMonths():
            return add_months(day, expiry.months) - ONE_DAY
        case EndOfYear():
            return date(min(day.year + expiry.years, date.max.year), 12, 31)
    return None


def lot_of(points: int, rules: Points, day: date) -> NewLot:
    """The lot of points that were accrued on the local day `day`."""
    pending = day + timedelta(days=rules.pending_days)
    return NewLot(points, points, day, pending, expiry_day(rules.expiry, day))


def accrue(account: Account, lot: NewLot, today: date) -> tuple[Change, ...]:
    """New points: debt is paid first, the rest is left in the lot. Where the lot has expired on arrival (history that
    is heard of late), what is left of it expires with a second change at once.
    """
    paid = min(account.debt, lot.points)
    left = lot.points - paid
    # A till whose clock is ahead tells of tomorrow: what doesn't pend may be spent at once.
    first = lot.spendable_from if lot.spendable_from > lot.day else min(lot.spendable_from, today)
    made = Change(lot.points, NewLot(lot.points, left, lot.day, first, lot.expires_on), debt=-paid)
    if left and lot.expires_on is not None and lot.expires_on < today:
        return made, Change(-left, ends_lot=True)
    return (made,)


def spendable(account: Account, lots: Iterable[Lot], today: date) -> int:
    """How many points may be spent on the local day `today`; none under debt."""
    return 0 if account.debt else sum(lot.left for lot in lots if lot.is_spendable(today))


def spend(account: Account, lots: Iterable[Lot], points: int, today: date) -> Change:
    """Takes `points` (above 0) from the lots that expire first.

    Raises DomainError `points-in-debt` {debt}, `not-enough-points` {spendable}.
    """
    if account.debt:
        raise DomainError("points-in-debt", params={"debt": account.debt})
    usable = [lot for lot in lots if lot.is_spendable(today)]
    takes, missing = _take(_first_to_expire(usable), points)
    if missing:
        raise DomainError("not-enough-points", params={"spendable": points - missing})
    return Change(-points, takes=takes)


def withdraw(account: Account, lots: Iterable[Lot], points: int) -> Change:
    """Takes `points` (above 0) by hand, pending ones too, from the lots that expire first; never below 0.

    Raises DomainError `not-enough-points` {spendable}: what there is.
    """
    takes, missing = _take(_first_to_expire(lots), points)
    if missing:
        raise DomainError("not-enough-points", params={"spendable": max(0, account.balance)})
    return Change(-points, takes=takes)


def take_back(lots: Sequence[Lot], own_lot_id: UUID | None, points: int) -> Change:
    """Reverses an accrual of `points` (above 0): from its own lot, then from those that expire first, then as debt.
    `lots`: all that have something left.
    """
    own = [lot for lot in lots if lot.id == own_lot_id]
    others = [lot for lot in lots if lot.id != own_lot_id]
    takes, missing = _take([*own, *_first_to_expire(others)], points)
    return Change(-points, takes=takes, debt=missing)


def give_back(account: Account, taken: Sequence[Take], points: int, lots: Mapping[UUID, Lot], today: date) -> Change:
    """Spent points (above 0) come back: debt is paid first, the rest goes to the lots they came from, taken last
    first. What a lot would get that has expired meanwhile lives on in a new lot, for 30 days.

    `taken`: what was taken, in the order of taking, less what has come back; `lots` has each of its lots.
    """
    paid = min(account.debt, points)
    left, fresh, given = points - paid, 0, []
    for lot_id, took in reversed(taken):
        part = min(took, left)
        if part and lots[lot_id].has_expired(today):
            fresh += part
        elif part:
            given.append((lot_id, -part))
        left -= part
    fresh += left  # more than was taken comes back nowhere else
    lot = NewLot(fresh, fresh, today, today, today + timedelta(days=RETURNED_DAYS)) if fresh else None
    return Change(points, lot, tuple(given), -paid)


def revive(account: Account, lot: Lot, points: int) -> Change:
    """What had expired of a lot (`points`, above 0) is in it again, so that its accrual can be undone; less debt."""
    paid = min(account.debt, points)
    takes = ((lot.id, paid - points),) if points > paid else ()
    return Change(points, takes=takes, debt=-paid)


def expire(lot: Lot) -> Change:
    """What is left of a lot is gone."""
    return Change(-lot.left, takes=((lot.id, lot.left),))


def void(account: Account, lots: Iterable[Lot]) -> Change | None:
    """Everything ends, debt too: the member has left. None where there is nothing."""
    if account.balance == 0:
        return None
    takes = tuple((lot.id, lot.left) for lot in lots if lot.left)
    return Change(-account.balance, takes=takes, debt=-account.debt)


def merge(survivor: Account, other: Account, lots: Iterable[Lot]) -> tuple[Change, Change] | None:
    """The other record's points go to the survivor's account, its lots with them; what one of the two owed is paid
    from the `lots` of both that expire first. The changes of the other and of the survivor; None: there was nothing.
    """
    if other.balance == 0:
        return None
    paid = min(survivor.open + other.open, survivor.debt + other.debt)
    takes, _ = _take(_first_to_expire(lots), paid)
    out = Change(-other.balance, debt=-other.debt, moved=-other.open)
    return out, Change(other.balance, takes=takes, debt=other.debt - paid, moved=other.open)


def _first_to_expire(lots: Iterable[Lot]) -> list[Lot]:
    return sorted((lot for lot in lots if lot.left), key=lambda lot: (lot.expires_on or date.max, lot.id))


def _take(lots: Iterable[Lot], points: int) -> tuple[tuple[Take, ...], int]:
    """From one lot after the other; with what they lack."""
    takes = []
    for lot in lots:
        part = min(lot.left, points)
        if part:
            takes.append((lot.id, part))
        points -= part
    return tuple(takes), points
