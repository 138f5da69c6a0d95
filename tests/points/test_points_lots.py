"""The pure rules of points: tables of single steps, and any sequence of them."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saas.errors import DomainError
from tenants.points.lots import (
    Account,
    Change,
    Lot,
    NewLot,
    accrue,
    expire,
    expiry_day,
    give_back,
    lot_of,
    merge,
    spend,
    spendable,
    take_back,
    void,
    withdraw,
)
from tenants.programme.rules import EndOfYear, ExpireMonths, Expiry, Never, Points

T = date(2026, 11, 22)


def lot(number: int, left: int, expires: int | None = None, pending: int = 0) -> Lot:
    """`expires` and `pending` in days from T."""
    expires_on = None if expires is None else T + timedelta(days=expires)
    return Lot(UUID(int=number), left, 1000, T, T + timedelta(days=pending), expires_on)


def taken(change: Change) -> dict[int, int]:
    return {lot_id.int: points for lot_id, points in change.takes}


@pytest.mark.parametrize(
    ("expiry", "day", "last"),
    [
        (Never(type="never"), T, None),
        (ExpireMonths(type="months", months=12), date(2026, 11, 22), date(2027, 11, 21)),
        (ExpireMonths(type="months", months=1), date(2027, 1, 31), date(2027, 2, 27)),
        (ExpireMonths(type="months", months=12), date(2028, 2, 29), date(2029, 2, 27)),
        (EndOfYear(type="end_of_year", years=0), date(2026, 12, 31), date(2026, 12, 31)),
        (EndOfYear(type="end_of_year", years=1), date(2026, 1, 1), date(2027, 12, 31)),
    ],
)
def test_the_last_day_of_points(expiry: Expiry, day: date, last: date | None) -> None:
    assert expiry_day(expiry, day) == last
    made = lot_of(7, Points(expiry=expiry, pending_days=3), day)
    assert made == NewLot(7, 7, day, day + timedelta(days=3), last)


@pytest.mark.parametrize(
    ("debt", "points", "left", "debt_after"),
    [(0, 10, 10, 0), (4, 10, 6, 0), (10, 10, 0, 0), (25, 10, 0, 15)],
)
def test_new_points_pay_debt_first(debt: int, points: int, left: int, debt_after: int) -> None:
    (change,) = accrue(Account(0, debt), NewLot(points, points, T, T, None), T)
    assert change.lot is not None
    assert (change.lot.points, change.lot.left, change.points) == (points, left, points)
    assert change.on(Account(0, debt)) == Account(left, debt_after)


def test_what_has_expired_on_arrival_pays_debt_and_ends() -> None:
    old = NewLot(10, 10, T, T, T - timedelta(days=1))
    made, ended = accrue(Account(0, 4), old, T)
    assert ended == Change(-6, ends_lot=True)
    assert ended.on(made.on(Account(0, 4))) == Account()
    assert len(accrue(Account(0, 10), old, T)) == 1  # nothing is left to expire
    assert len(accrue(Account(), replace(old, expires_on=T), T)) == 1  # its last day


SPENDABLE = [lot(1, 50, 10), lot(2, 40), lot(3, 30, 5), lot(4, 20, 5), lot(5, 99, -1), lot(6, 99, 3, pending=1)]


@pytest.mark.parametrize(
    ("points", "takes"),
    [(1, {3: 1}), (30, {3: 30}), (45, {3: 30, 4: 15}), (120, {3: 30, 4: 20, 1: 50, 2: 20}), (140, None)],
)
def test_what_expires_first_is_spent_first(points: int, takes: dict[int, int] | None) -> None:
    account = Account(sum(x.left for x in SPENDABLE))
    assert spendable(account, SPENDABLE, T) == 140
    change = spend(account, SPENDABLE, points, T)
    assert takes is None or taken(change) == takes
    assert (change.points, change.open, change.debt) == (-points, -points, 0)


def test_more_than_may_be_spent_is_refused() -> None:
    account = Account(sum(x.left for x in SPENDABLE))
    with pytest.raises(DomainError) as refused:
        spend(account, SPENDABLE, 141, T)
    assert (refused.value.code, refused.value.params) == ("not-enough-points", {"spendable": 140})
    with pytest.raises(DomainError) as refused:
        spend(Account(0, 3), [], 1, T)
    assert (refused.value.code, refused.value.params) == ("points-in-debt", {"debt": 3})


def test_by_hand_pending_points_go_too_but_never_below_nothing() -> None:
    account = Account(sum(x.left for x in SPENDABLE))
    assert taken(withdraw(account, SPENDABLE, 200)) == {5: 99, 6: 99, 3: 2}
    with pytest.raises(DomainError) as refused:
        withdraw(account, SPENDABLE, account.open + 1)
    assert refused.value.params == {"spendable": account.open}
    with pytest.raises(DomainError):
        withdraw(Account(0, 5), [], 1)


@pytest.mark.parametrize(
    ("own", "points", "takes", "debt"),
    [
        (2, 30, {2: 30}, 0),
        (2, 60, {2: 40, 1: 20}, 0),
        (9, 60, {1: 50, 6: 10}, 0),  # its own lot is gone; pending points go too
        (None, 60, {1: 50, 6: 10}, 0),
        (2, 250, {2: 40, 1: 50, 6: 99}, 61),
    ],
)
def test_an_accrual_is_taken_back_from_its_own_lot_first(
    own: int | None, points: int, takes: dict[int, int], debt: int
) -> None:
    lots = [lot(6, 99, 20, pending=9), lot(1, 50, 10), lot(2, 40)]
    change = take_back(lots, None if own is None else UUID(int=own), points)
    assert (taken(change), change.debt, change.points) == (takes, debt, -points)


@pytest.mark.parametrize(
    ("points", "debt", "given", "fresh"),
    [
        (30, 0, {3: -30}, 0),
        (60, 0, {3: -40, 2: -20}, 0),
        (100, 0, {3: -40, 2: -50}, 10),  # the first lot has expired meanwhile
        (100, 25, {3: -40, 2: -35}, 0),
        (20, 25, {}, 0),
    ],
)
def test_points_come_back_to_where_they_came_from(points: int, debt: int, given: dict[int, int], fresh: int) -> None:
    lots = {x.id: x for x in (lot(1, 0, -2), lot(2, 0, 5), lot(3, 0))}
    takes = [(UUID(int=1), 10), (UUID(int=2), 50), (UUID(int=3), 40)]
    change = give_back(Account(0, debt), takes, points, lots, T)
    assert (taken(change), change.points, change.debt) == (given, points, -min(debt, points))
    assert (change.lot.left if change.lot else 0) == fresh
    if change.lot:
        assert (change.lot.spendable_from, change.lot.expires_on) == (T, date(2026, 12, 22))


def test_two_records_become_one() -> None:
    out, into = merge(Account(10), Account(0, 4), [lot(1, 10)]) or pytest.fail("nothing")
    assert (out.points, into.points, taken(into)) == (4, -4, {1: 4})
    assert (out.on(Account(0, 4)), into.on(Account(10))) == (Account(), Account(6))
    out, into = merge(Account(0, 15), Account(10), [lot(1, 10)]) or pytest.fail("nothing")
    assert (out.on(Account(10)), into.on(Account(0, 15))) == (Account(), Account(0, 5))
    assert merge(Account(10), Account(), [lot(1, 10)]) is None


@pytest.mark.parametrize("account", [Account(30), Account(0, 7)])
def test_who_leaves_keeps_and_owes_nothing(account: Account) -> None:
    lots = [lot(1, 10, -1), lot(2, 20, pending=5)] if account.open else []
    change = void(account, lots)
    assert change is not None
    assert change.on(account) == Account()
    assert void(Account(), []) is None


class Member:
    """A member to whom anything may happen, day by day; what was spent and accrued is remembered."""

    def __init__(self) -> None:
        self.today = T
        self.account = Account()
        self.lots: dict[UUID, Lot] = {}
        self.entries: list[int] = []
        self.spent: list[dict[UUID, int]] = []
        self.granted: list[tuple[UUID, int]] = []

    def apply(self, change: Change) -> UUID | None:
        self.account = change.on(self.account)
        self.entries.append(change.points)
        for lot_id, points in change.takes:
            self.lots[lot_id] = replace(self.lots[lot_id], left=self.lots[lot_id].left - points)
        if change.ends_lot:
            last = max(self.lots)
            self.lots[last] = replace(self.lots[last], left=0)
        if change.lot is None:
            return None
        new = change.lot
        made = UUID(int=len(self.lots) + 1)
        self.lots[made] = Lot(made, new.left, new.points, new.day, new.spendable_from, new.expires_on)
        return made

    @property
    def open_lots(self) -> list[Lot]:
        return [x for x in self.lots.values() if x.left]

    def check(self) -> None:
        assert self.account.balance == sum(self.entries) == sum(x.left for x in self.lots.values()) - self.account.debt
        assert self.account.open == sum(x.left for x in self.lots.values())
        assert not (self.account.open and self.account.debt)
        assert min(self.account.open, self.account.debt) >= 0
        assert all(0 <= x.left <= x.points for x in self.lots.values())

    def accrue(self, points: int, ago: int, expires: int | None, pending: int) -> None:
        day = self.today - timedelta(days=ago)
        last = None if expires is None else day + timedelta(days=expires)
        first, *more = accrue(
            self.account, NewLot(points, points, day, day + timedelta(days=pending), last), self.today
        )
        made = self.apply(first)
        assert made is not None
        for change in more:
            self.apply(change)
        self.granted.append((made, points))

    def spend(self, points: int) -> None:
        able = spendable(self.account, self.lots.values(), self.today)
        if self.account.debt or points > able:
            with pytest.raises(DomainError):
                spend(self.account, self.lots.values(), points, self.today)
            return
        change = spend(self.account, self.lots.values(), points, self.today)
        for lot_id, _ in change.takes:
            x = self.lots[lot_id]
            assert x.spendable_from <= self.today
            assert x.expires_on is None or x.expires_on >= self.today
        others = [x for x in self.open_lots if x.is_spendable(self.today) and x.id not in dict(change.takes)]
        latest = max((self.lots[lot_id].expires_on or date.max) for lot_id, _ in change.takes)
        assert all((x.expires_on or date.max) >= latest for x in others)
        self.spent.append(dict(change.takes))
        self.apply(change)

    def take_back(self, which: int, part: float) -> None:
        if self.granted:
            lot_id, points = self.granted.pop(which % len(self.granted))
            back = max(1, int(points * part))
            self.apply(take_back(self.open_lots, lot_id, back))
            if back < points:
                self.granted.append((lot_id, points - back))

    def give_back(self, which: int, part: float) -> None:
        if self.spent:
            takes = self.spent.pop(which % len(self.spent))
            order = sorted(takes.items(), key=lambda item: (self.lots[item[0]].expires_on or date.max, item[0]))
            points = max(1, int(sum(takes.values()) * part))
            change = give_back(self.account, order, points, self.lots, self.today)
            assert all(not self.lots[lot_id].has_expired(self.today) for lot_id, _ in change.takes)
            self.apply(change)

    def expire(self) -> None:
        for x in self.open_lots:
            if x.has_expired(self.today):
                self.apply(expire(x))


DAYS = st.integers(0, 40)
POINTS = st.integers(1, 200)
PART = st.floats(0.01, 1)
STEPS = st.one_of(
    st.tuples(st.just("accrue"), POINTS, DAYS, st.none() | DAYS, st.integers(0, 10)),
    st.tuples(st.just("spend"), POINTS),
    st.tuples(st.just("take_back"), DAYS, PART),
    st.tuples(st.just("give_back"), DAYS, PART),
    st.tuples(st.just("expire")),
    st.tuples(st.just("pass"), st.integers(1, 20)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_lots_entries_and_balance_agree(steps: list[tuple[Any, ...]]) -> None:
    member = Member()
    for name, *arguments in steps:
        if name == "pass":
            member.today += timedelta(days=arguments[0])
        else:
            getattr(member, name)(*arguments)
        member.check()
    change = void(member.account, member.open_lots)
    if change is not None:
        member.apply(change)
    assert member.account == Account()
    member.check()
