"""What a refund gives back of points, stored value and tenders: worked examples, and what holds for any sequence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.pricing.earning import shares_of
from tenants.pricing.spread import spread
from tenants.refunds.bought import Bought, measured
from tenants.refunds.paid import BONUS, POINTS, PRINCIPAL, Paid, told
from tenants.refunds.returning import Moved

MEMBER, BRANCH = UUID(int=1), UUID(int=2)


def sale(
    amount: int,
    tenders: Sequence[Mapping[str, Any]] | None = None,
    pricing: Mapping[str, Any] | None = None,
    lines: list[dict[str, Any]] | None = None,
    uncounted: int = 0,
) -> Bought:
    paid = Paid.of(amount, tenders, pricing)
    nothing = tuple(0 for _ in lines or ())
    return Bought(
        UUID(int=3),
        MEMBER,
        MEMBER,
        BRANCH,
        "1",
        date(2026, 3, 2),
        amount,
        lines,
        None,
        0,
        nothing,
        uncounted,
        paid=paid,
    )


def less(purchase: Bought, amount: int) -> Bought:
    return purchase.less(amount, spread(amount, purchase.left_of_lines) if purchase.lines else [])


def back(purchase: Bought, amount: int) -> tuple[list[dict[str, Any]], Bought]:
    after = less(purchase, amount)
    return told(purchase.returned, after.returned, after.points_back - purchase.points_back), after


WALLET = {"type": "wallet", "amount": 700, "principal": 500, "bonus": 200}
BY_POINTS = {"type": "points", "amount": 100, "points": 1001}


@pytest.mark.parametrize(
    ("tenders", "amount", "refunds", "told_each"),
    [
        # One tender takes it all.
        ([{"type": "cash", "amount": 100}], 100, [1, 99], [[("cash", 1)], [("cash", 99)]]),
        # 10 × 30/100 = 3, 10 × 70/100 = 7.
        ([{"type": "cash", "amount": 30}, {"type": "card", "amount": 70}], 100, [10], [[("cash", 3), ("card", 7)]]),
        # 1 × 30/100 = 0.3 → 0; the last takes the 1. Then 1 × 30/99 → 0 again.
        ([{"type": "cash", "amount": 30}, {"type": "card", "amount": 70}], 100, [1, 1], [[("card", 1)], [("card", 1)]]),
        # What nobody named is one way of its own, the last: 60 of 100.
        ([{"type": "points", "amount": 40, "points": 400}], 100, [50], [[("points", 20), (None, 30)]]),
        # The same way twice is one.
        ([{"type": "cash", "amount": 30}, {"type": "cash", "amount": 70}], 100, [50], [[("cash", 50)]]),
        # Nothing was named at all.
        (None, 100, [50], [[]]),
    ],
)
def test_tenders_go_back_pro_rata(
    tenders: list[dict[str, Any]] | None, amount: int, refunds: list[int], told_each: list[list[tuple[str, int]]]
) -> None:
    purchase = sale(amount, tenders)
    for refund, expected in zip(refunds, told_each, strict=True):
        entries, purchase = back(purchase, refund)
        assert [(entry["type"], entry["amount"]) for entry in entries] == expected


def test_stored_value_goes_back_as_principal_and_bonus() -> None:
    """700 by wallet (500 + 200), 300 by cash; 333 of 1000: 333 × 500/1000 = 166, 333 × 200/1000 = 66, cash the rest."""
    purchase = sale(1000, [WALLET, {"type": "cash", "amount": 300}])
    entries, purchase = back(purchase, 333)
    assert entries == [
        {"type": "wallet", "amount": 232, "principal": 166, "bonus": 66},
        {"type": "cash", "amount": 101},
    ]
    entries, purchase = back(purchase, 667)
    assert entries == [
        {"type": "wallet", "amount": 468, "principal": 334, "bonus": 134},
        {"type": "cash", "amount": 199},
    ]
    assert purchase.left == 0


def test_points_that_paid_come_back_with_their_value() -> None:
    """1001 points paid 100 of 200. Of 33, 33 × 100/200 = 16 are value → floor(1001 × 16/100) = 160 points. 167 more:
    the other 84 → 1001 - 160.
    """
    purchase = sale(200, [BY_POINTS, {"type": "cash", "amount": 100}])
    entries, purchase = back(purchase, 33)
    assert entries == [{"type": "points", "amount": 16, "points": 160}, {"type": "cash", "amount": 17}]
    entries, purchase = back(purchase, 167)
    assert entries == [{"type": "points", "amount": 84, "points": 841}, {"type": "cash", "amount": 83}]


@pytest.mark.parametrize(
    ("amount", "rate", "granted", "refunds", "kept"),
    [
        # 1 point a yuan on 99.99: 99. Back 0.99: on 99.00 → 99, nothing reversed. Back 0.01 more: on 98.99 → 98.
        (9999, "1", 99, [99, 1], [99, 98]),
        # 1.5 a yuan on 10.00: 15. A third back: 6.67 × 1.5 = 10.005 → 10; two thirds: 3.33 × 1.5 = 4.995 → 4.
        (1000, "1.5", 15, [333, 334, 333], [10, 4, 0]),
        # 0.01 a yuan: one point from 100.00 on, gone with the first fen.
        (10_000, "0.01", 1, [1], [0]),
        # The cap of what a purchase gives stays below the formula: nothing is reversed until the formula is below it.
        (1000, "10", 50, [400, 200], [50, 40]),
    ],
)
def test_points_earned_are_those_of_what_is_left(
    amount: int, rate: str, granted: int, refunds: list[int], kept: list[int]
) -> None:
    purchase = sale(amount, pricing={"earning": amount, "rate": rate, "points": granted})
    for refund, expected in zip(refunds, kept, strict=True):
        purchase = less(purchase, refund)
        assert purchase.points_kept(2) == expected


def test_lines_earn_what_is_left_of_each_exactly() -> None:
    """Three lines of 1.00, one of which earns on 0.33 only, one on nothing. Half of the first, a third of the second:
    0.50 + 0.33 × 0.67/1.00 = 0.7211 yuan at 100 a yuan: 72 of 133 points.
    """
    lines = [{"amount": 100}, {"amount": 100, "earning": 33}, {"amount": 100, "earning": 0}]
    purchase = sale(300, pricing={"earning": 133, "rate": "100", "points": 133}, lines=lines)
    assert purchase.points_kept(2) == 133
    purchase = purchase.less(83, [50, 33, 0])
    assert purchase.points_kept(2) == 72
    assert purchase.less(100, [0, 0, 100]).points_kept(2) == 72  # what earned nothing takes nothing along


def test_a_currency_without_decimals() -> None:
    purchase = sale(1000, pricing={"earning": 1000, "rate": "0.1", "points": 100})
    assert less(purchase, 1).points_kept(0) == 99


def test_a_line_that_bonus_paid_counts_its_share() -> None:
    """Of 101 on a line, 50 were bonus. 33 back: of the 68 left, 68 × 51/101 = 34.3 → 34 count, 17 less than 51."""
    lines = [{"amount": 101, "bonus": 50, "category": "tea"}]
    tenders = [{"type": "wallet", "amount": 101, "principal": 51, "bonus": 50}]
    purchase = sale(101, tenders, lines=lines, uncounted=50)
    after = purchase.less(33, [33])
    # Of the whole: principal back 33 × 51/101 = 16, bonus the rest, 17.
    assert (after.returned[PRINCIPAL], after.refunded_uncounted, after.counted) == (16, 17, 35)
    assert {row.measure: row.total for row in measured(purchase, after)} == {
        f"branch:{BRANCH}": -16,
        "category:tea": -17,
    }
    assert {row.measure: (row.total, row.facts) for row in measured(after, after.less(68, [68]))} == {
        f"branch:{BRANCH}": (-35, -1),
        "category:tea": (-34, -1),
    }


def test_an_undo_takes_all_that_counted() -> None:
    lines = [{"amount": 100, "category": "tea"}, {"amount": 0, "category": "gift"}]
    purchase = sale(100, lines=lines)
    assert {row.measure: (row.total, row.facts) for row in measured(purchase, purchase.unmade())} == {
        f"branch:{BRANCH}": (-100, -1),
        "category:tea": (-100, -1),
        "category:gift": (0, -1),
    }


# ── any sequence ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Case:
    purchase: Bought
    rate: Fraction
    shares: list[tuple[int, list[int] | None]]


AMOUNT = st.one_of(st.integers(0, 5), st.integers(0, 10_000_000))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A purchase as the till's pricing stores it, and shares in thousandths by which it is given back."""
    nets = draw(st.lists(AMOUNT, min_size=1, max_size=5).filter(any))
    total, whole = sum(nets), draw(st.booleans())
    value = draw(st.integers(0, total))
    wallet = draw(st.integers(0, total - value))
    bonus = draw(st.integers(0, wallet))
    rest, cash = total - value - wallet, draw(st.booleans())
    tenders: list[dict[str, Any]] = []
    if value:
        tenders.append({"type": "points", "amount": value, "points": draw(st.integers(value, value * 200))})
    if wallet:
        tenders.append({"type": "wallet", "amount": wallet, "principal": wallet - bonus, "bonus": bonus})
    if rest and cash:
        first = draw(st.integers(0, rest))
        tenders += [{"type": "cash", "amount": first}, {"type": "card", "amount": rest - first}]
    by_points, by_bonus = shares_of(nets, value, bonus)
    earning = [0 if draw(st.booleans()) else net - p - b for net, p, b in zip(nets, by_points, by_bonus, strict=True)]
    rate = draw(st.sampled_from(["0", "0.0001", "0.3333", "1", "1.5", "7.7777", "1000"]))
    granted = int(Fraction(sum(earning), 100) * Fraction(rate))
    lines = [
        {"amount": net, "bonus": b, "earning": e, "category": draw(st.sampled_from(["tea", "cake", None]))}
        for net, b, e in zip(nets, by_bonus, earning, strict=True)
    ]
    purchase = sale(
        total,
        tenders or None,
        {"earning": sum(earning), "rate": rate, "points": granted} if granted else None,
        None if whole else lines,
        bonus if draw(st.booleans()) else 0,
    )
    shares = draw(
        st.lists(
            st.tuples(st.integers(1, 1000), st.none() | st.lists(st.integers(0, 1000), min_size=5, max_size=5)),
            max_size=8,
        )
    )
    return Case(purchase, Fraction(rate), shares)


def states(case: Case) -> list[Bought]:
    """The purchase, after each refund, until nothing is left."""
    found = [case.purchase]
    for share, of_lines in (*case.shares, (1000, None)):
        last = found[-1]
        if of_lines is not None and last.lines:
            named = [left * part // 1000 for left, part in zip(last.left_of_lines, of_lines, strict=False)]
            if sum(named):
                found.append(last.less(sum(named), named))
        elif last.left:
            found.append(less(last, -(-last.left * share // 1000)))
    return found


@given(cases())
def test_any_sequence_ends_with_exactly_everything(case: Case) -> None:
    first, last = case.purchase, states(case)[-1]
    assert last.left == 0
    assert not any(last.left_of_lines)
    assert dict(last.returned) == dict(first.paid.ways)
    assert last.points_back == first.paid.charged
    assert last.points_kept(2) == 0
    assert last.counted == 0
    assert last.refunded_uncounted == first.uncounted


@given(cases())
def test_nothing_goes_back_twice_or_too_much(case: Case) -> None:
    first = case.purchase
    for before, after in pairwise(states(case)):
        moved = Moved.between(before, after, 2)
        assert min(moved.reversed, moved.points, moved.principal, moved.bonus) >= 0
        entries = told(before.returned, after.returned, moved.points)
        if first.paid.ways:
            assert sum(entry["amount"] for entry in entries) == after.refunded - before.refunded
        assert all(0 <= amount <= first.paid.ways[way] for way, amount in after.returned.items())
        assert 0 <= after.points_back <= first.paid.charged
        assert 0 <= after.counted <= after.left
        assert 0 <= after.refunded_uncounted - before.refunded_uncounted <= after.refunded - before.refunded


@given(cases())
def test_points_kept_are_the_formula_on_what_is_left(case: Case) -> None:
    """Never a point more than a purchase of what is left would have earned, and none less."""
    for state in states(case):
        if not state.paid.granted:
            assert state.points_kept(2) == 0
        elif state.lines is None:
            earning = Fraction(state.paid.earning * state.left, state.amount)
            assert state.points_kept(2) == int(earning / 100 * case.rate)
        else:
            pairs = zip(state.lines, state.left_of_lines, strict=True)
            parts = [Fraction(line["earning"] * left, line["amount"]) for line, left in pairs if line["amount"]]
            assert state.points_kept(2) == int(sum(parts, Fraction(0)) / 100 * case.rate)


@given(cases())
def test_measures_end_at_nothing(case: Case) -> None:
    """What all refunds take from each measure is what the purchase had added to it."""
    first, all_states = case.purchase, states(case)
    sums: dict[str, tuple[int, int]] = {}
    for before, after in pairwise(all_states):
        for row in measured(before, after):
            total, facts = sums.get(row.measure, (0, 0))
            sums[row.measure] = (total + int(row.total), facts + row.facts)
    at_once = {row.measure: (int(row.total), row.facts) for row in measured(first, first.unmade())}
    assert {key: value for key, value in sums.items() if any(value)} == {
        key: value for key, value in at_once.items() if any(value)
    }


@given(cases())
def test_an_undo_moves_what_a_full_refund_does(case: Case) -> None:
    first, last = case.purchase, states(case)[-1]
    assert Moved.whole(first) == Moved.between(first, last, 2)


def test_the_ways_of_stored_tenders() -> None:
    paid = Paid.of(1000, [BY_POINTS, WALLET, {"type": "cash", "amount": 150}], {"coupons": [str(UUID(int=9))]})
    assert dict(paid.ways) == {POINTS: 100, PRINCIPAL: 500, BONUS: 200, "cash": 150, None: 50}
    assert (paid.charged, paid.coupons, paid.has_value) == (1001, (UUID(int=9),), True)
    assert not Paid.of(100, [{"type": "cash", "amount": 100}], None).has_value
