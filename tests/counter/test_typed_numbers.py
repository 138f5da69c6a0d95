"""Amounts as clerks type them: what is meant, or a refusal, never another sum."""

import pytest

from saas.errors import DomainError
from tenants.counter.numbers import amount_of, points_of


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1,200", "CNY", 120_000),
        ("￥ 1，200.5", "CNY", 120_050),
        ("12 345 678", "CNY", 1_234_567_800),
        ("1,200", "JPY", 1200),
        ("1,200.125", "KWD", 1_200_125),
    ],
)
def test_thousands_may_be_parted(text: str, currency: str, minor: int) -> None:
    assert amount_of(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["12,5", "12，5", "12,50", "1,2000", "1,20,000", "12 5", "1,200,5", ",5", "1¥2", "12。5"]
)
def test_a_finger_beside_the_point_is_no_larger_amount(text: str) -> None:
    with pytest.raises(DomainError):
        amount_of(text, "CNY")
    with pytest.raises(DomainError):
        points_of(text)


def test_nothing_in_the_drawer_is_an_amount() -> None:
    for text in ("0", "0.00", "¥0", "０"):
        assert amount_of(text, "CNY", least=0) == 0
        with pytest.raises(DomainError):
            amount_of(text, "CNY")
