"""Which part of stored value goes, case by case, with the arithmetic."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saas.errors import DomainError
from tenants.wallet.lots import Lot, Order, PaidBack, Take, give_back, pay, refund, refund_newest_first

NOW = datetime(2031, 3, 2, tzinfo=UTC)


def lot(
    n: int, principal: int, bonus: int, left: tuple[int, int] | None = None, *, refunded: int = 0, voided: int = 0
) -> Lot:
    principal_left, bonus_left = left or (principal, bonus)
    return Lot(UUID(int=n), None, principal, bonus, principal_left, bonus_left, refunded, voided, NOW)


# 充500得700: 70,000 fen, of which 20,000 bonus (2/7).
PAID: list[tuple[str, Order, list[Lot], int, list[tuple[int, int, int]]]] = [
    # lots, amount → (lot, principal, bonus)
    ("7,000 x 20,000 / 70,000 = 2,000", "proportional", [lot(1, 50_000, 20_000)], 7_000, [(1, 5_000, 2_000)]),
    ("100 x 2/7 = 28.57, floored", "proportional", [lot(1, 50_000, 20_000)], 100, [(1, 72, 28)]),
    ("1 x 2/7 = 0.28: all principal", "proportional", [lot(1, 50_000, 20_000)], 1, [(1, 1, 0)]),
    ("3 x 2/7 = 0.86: all principal", "proportional", [lot(1, 50_000, 20_000)], 3, [(1, 3, 0)]),
    ("4 x 2/7 = 1.14", "proportional", [lot(1, 50_000, 20_000)], 4, [(1, 3, 1)]),
    ("the whole lot", "proportional", [lot(1, 50_000, 20_000)], 70_000, [(1, 50_000, 20_000)]),
    ("of what is left: 10 x 3/4 = 7.5", "proportional", [lot(1, 50_000, 20_000, (10, 30))], 10, [(1, 3, 7)]),
    ("a lot without bonus", "proportional", [lot(1, 50_000, 0)], 100, [(1, 100, 0)]),
    ("bonus alone is left", "proportional", [lot(1, 50_000, 20_000, (0, 50))], 50, [(1, 0, 50)]),
    (
        "the older lot first: 700, then 100 x 1/5 = 20 of the next",
        "proportional",
        [lot(1, 500, 200), lot(2, 800, 200)],
        800,
        [(1, 500, 200), (2, 80, 20)],
    ),
    (
        "an empty lot is passed over",
        "proportional",
        [lot(1, 500, 200, (0, 0)), lot(2, 800, 200)],
        10,
        [(2, 8, 2)],
    ),
    ("principal first", "principal_first", [lot(1, 500, 200)], 400, [(1, 400, 0)]),
    ("then bonus: 600 - 500 = 100", "principal_first", [lot(1, 500, 200)], 600, [(1, 500, 100)]),
    (
        "a lot is emptied before the next one is touched",
        "principal_first",
        [lot(1, 500, 200), lot(2, 800, 400)],
        750,
        [(1, 500, 200), (2, 50, 0)],
    ),
    ("bonus first", "bonus_first", [lot(1, 500, 200)], 150, [(1, 0, 150)]),
    ("then principal: 600 - 200 = 400", "bonus_first", [lot(1, 500, 200)], 600, [(1, 400, 200)]),
    (
        "and again in the next lot: 750 - 700 = 50",
        "bonus_first",
        [lot(1, 500, 200), lot(2, 800, 400)],
        750,
        [(1, 500, 200), (2, 0, 50)],
    ),
]


@pytest.mark.parametrize(("order", "lots", "amount", "wanted"), [p[1:] for p in PAID], ids=[p[0] for p in PAID])
def test_pay(order: Order, lots: list[Lot], amount: int, wanted: list[tuple[int, int, int]]) -> None:
    assert pay(lots, amount, order) == [Take(UUID(int=n), principal, bonus) for n, principal, bonus in wanted]


def test_nobody_pays_with_more_than_there_is() -> None:
    with pytest.raises(DomainError) as refused:
        pay([lot(1, 500, 200), lot(2, 10, 0)], 711, "proportional")
    assert (refused.value.code, refused.value.params) == ("wallet-balance-too-low", {"balance": 710})


BACK: list[tuple[str, list[Take], tuple[int, int], list[Take]]] = [
    ("last taken first", [Take(UUID(int=1), 500, 200), Take(UUID(int=2), 80, 20)], (100, 30), [
        Take(UUID(int=2), 80, 20), Take(UUID(int=1), 20, 10)]),
    ("principal and bonus by themselves", [Take(UUID(int=1), 500, 200), Take(UUID(int=2), 80, 20)], (10, 20), [
        Take(UUID(int=2), 10, 20)]),
    ("a lot that gave no bonus gets none", [Take(UUID(int=1), 5, 2), Take(UUID(int=2), 8, 0)], (8, 2), [
        Take(UUID(int=2), 8, 0), Take(UUID(int=1), 0, 2)]),
    ("nothing", [Take(UUID(int=1), 5, 2)], (0, 0), []),
]  # fmt: skip


@pytest.mark.parametrize(("takes", "amounts", "wanted"), [b[1:] for b in BACK], ids=[b[0] for b in BACK])
def test_give_back(takes: list[Take], amounts: tuple[int, int], wanted: list[Take]) -> None:
    assert give_back(takes, *amounts) == wanted


@pytest.mark.parametrize("amounts", [(6, 0), (0, 3), (6, 3)])
def test_no_more_comes_back_than_was_taken(amounts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="more than was taken"):
        give_back([Take(UUID(int=1), 5, 2)], *amounts)


# (lot, amount) → bonus voided, deducted, paid out. Bonus due: floor(bonus x (refunded + amount) / principal) - voided.
REFUNDED: list[tuple[str, Lot, int, tuple[int, int, int]]] = [
    ("untouched and whole: 200 x 500/500", lot(1, 500, 200), 500, (200, 0, 500)),
    ("untouched and half: 200 x 250/500 = 100", lot(1, 500, 200), 250, (100, 0, 250)),
    ("one: 200 x 1/500 = 0.4, floored", lot(1, 500, 200), 1, (0, 0, 1)),
    ("spent in proportion, the rest: 200 x 250/500 = 100", lot(1, 500, 200, (250, 100)), 250, (100, 0, 250)),
    ("bonus first, all of it: 200 x 350/500 = 140 due, 0 left", lot(1, 500, 200, (350, 0)), 350, (0, 140, 210)),
    ("bonus first, a part: 140 due, 50 left", lot(1, 500, 200, (350, 50)), 350, (50, 90, 260)),
    (
        "principal first: 200 x 150/500 = 60; the other 140 were earned by spending",
        lot(1, 500, 200, (150, 200)),
        150,
        (60, 0, 150),
    ),
    (
        "after a refund of 1: 200 x 3/500 = 1.2 - 0 = 1",
        lot(1, 500, 200, (499, 200), refunded=1),
        2,
        (1, 0, 2),
    ),
    (
        "the last part takes the rest: 200 - 66",
        lot(1, 500, 200, (333, 134), refunded=167, voided=66),
        333,
        (134, 0, 333),
    ),
    ("more bonus than principal, spent: 300 due, 100 there", lot(1, 100, 300, (100, 0)), 100, (0, 100, 0)),
    ("no bonus", lot(1, 500, 0), 500, (0, 0, 500)),
    ("void since the member left: 200 x 250/500 = 100 - 100", lot(1, 500, 200, (250, 0), voided=100), 250, (0, 0, 250)),
]  # fmt: skip


@pytest.mark.parametrize(("of", "amount", "wanted"), [r[1:] for r in REFUNDED], ids=[r[0] for r in REFUNDED])
def test_refund(of: Lot, amount: int, wanted: tuple[int, int, int]) -> None:
    back = refund(of, amount)
    assert (back.bonus_voided, back.deducted, back.paid_out) == wanted


@pytest.mark.parametrize("amount", [0, -1, 251])
def test_no_more_principal_than_is_left_is_refunded(amount: int) -> None:
    with pytest.raises(ValueError, match="250"):
        refund(lot(1, 500, 200, (250, 100)), amount)


def test_the_newest_lot_is_refunded_first() -> None:
    lots = [lot(1, 500, 200), lot(2, 800, 400, (0, 400)), lot(3, 100, 0)]
    assert refund_newest_first(lots, 350) == [
        PaidBack(UUID(int=3), 100, 0, 0),
        PaidBack(UUID(int=1), 250, 100, 0),
    ]
    with pytest.raises(DomainError) as refused:
        refund_newest_first(lots, 601)
    assert (refused.value.code, refused.value.params) == ("wallet-principal-too-low", {"principal": 600})


@given(
    principal=st.integers(1, 10_000),
    bonus=st.integers(0, 10_000),
    parts=st.lists(st.integers(1, 4_000), min_size=1, max_size=8),
)
def test_refunds_in_parts_void_what_one_whole_refund_would(principal: int, bonus: int, parts: list[int]) -> None:
    whole = refund(lot(1, principal, bonus), principal)
    left, voided, refunded_so_far = (principal, bonus), 0, 0
    for part in [*parts, principal]:
        amount = min(part, left[0])
        if amount:
            back = refund(lot(1, principal, bonus, left, refunded=refunded_so_far, voided=voided), amount)
            left = (left[0] - amount, left[1] - back.bonus_voided)
            voided, refunded_so_far = voided + back.bonus_voided + back.deducted, refunded_so_far + amount
    assert (left, voided) == ((0, 0), whole.bonus_voided)


@given(
    lots=st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)), min_size=1, max_size=5),
    share=st.fractions(0, 1),
    order=st.sampled_from(["proportional", "principal_first", "bonus_first"]),
)
def test_a_payment_is_exact_and_takes_what_is_there(lots: list[tuple[int, int]], share: float, order: Order) -> None:
    held = [lot(n, *each) for n, each in enumerate(lots) if sum(each)]
    amount = int(sum(sum(each) for each in lots) * share)
    takes = pay(held, amount, order)
    assert sum(take.principal + take.bonus for take in takes) == amount
    by_id = {one.id: one for one in held}
    for take in takes:
        assert 0 <= take.principal <= by_id[take.lot_id].principal_left
        assert 0 <= take.bonus <= by_id[take.lot_id].bonus_left
    assert [take.lot_id for take in takes] == [one.id for one in held][: len(takes)]
    for take in takes[:-1]:
        assert take.principal + take.bonus == by_id[take.lot_id].left
    whole = give_back(takes, sum(t.principal for t in takes), sum(t.bonus for t in takes))
    assert sorted(whole, key=lambda t: t.lot_id) == sorted(takes, key=lambda t: t.lot_id)
