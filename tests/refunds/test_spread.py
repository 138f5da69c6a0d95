"""What is given back of each line, where an amount names none."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenants.pricing.spread import spread


@pytest.mark.parametrize(
    ("amount", "left", "shares"),
    [
        (100, [100], [100]),
        (1, [1, 1, 1], [0, 0, 1]),
        (2, [1, 1, 1], [0, 1, 1]),  # the last line has no more than 1: the rest goes to the one before it
        (50, [60, 40], [30, 20]),
        (51, [60, 40], [30, 21]),
        (99, [60, 40], [59, 40]),
        (10, [0, 30, 0], [0, 10, 0]),
        (7, [10, 10, 0], [3, 4, 0]),
        (100, [60, 0, 40], [60, 0, 40]),
        (3, [10_000_000_000_000, 1], [2, 1]),
    ],
)
def test_by_hand(amount: int, left: list[int], shares: list[int]) -> None:
    assert spread(amount, left) == shares


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=6).filter(any), st.integers(0, 10**6))
def test_all_of_it_and_never_more_of_a_line_than_it_has(left: list[int], number: int) -> None:
    amount = 1 + number % sum(left)
    shares = spread(amount, left)
    assert sum(shares) == amount
    assert all(0 <= share <= part for share, part in zip(shares, left, strict=True))
    assert all(share >= amount * part // sum(left) for share, part in zip(shares, left, strict=True))


@pytest.mark.parametrize("amount", [-1, 4])
def test_less_than_nothing_and_too_much_are_refused(amount: int) -> None:
    with pytest.raises(ValueError, match=f"{amount} of 3"):
        spread(amount, [1, 2])
