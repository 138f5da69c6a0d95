"""Text becomes money exactly or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saas.errors import InvalidValueError
from saas.money import (
    MAX_MINOR,
    exponent,
    format_money,
    parse_decimal_amount,
    require_currency,
    round_half_up,
    to_decimal,
)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("12.5", "CNY", 1250),
        ("0.01", "CNY", 1),
        ("-0.30", "CNY", -30),
        ("+3", "CNY", 300),
        (" 7.1600\t", "CNY", 716),
        ("007", "CNY", 700),
        ("-0", "CNY", 0),
        ("100000000000.00", "CNY", MAX_MINOR),
        ("1500", "JPY", 1500),
        ("1500.00", "JPY", 1500),
        ("1.234", "KWD", 1234),
    ],
)
def test_amounts_are_exact(text: str, currency: str, minor: int) -> None:
    assert parse_decimal_amount(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency", "code"),
    [
        ("", "CNY", "invalid-amount"),
        (".5", "CNY", "invalid-amount"),
        ("5.", "CNY", "invalid-amount"),
        ("1e3", "CNY", "invalid-amount"),
        ("1,000.00", "CNY", "invalid-amount"),
        ("1 000", "CNY", "invalid-amount"),
        ("¥5", "CNY", "invalid-amount"),
        ("NaN", "CNY", "invalid-amount"),
        ("Infinity", "CNY", "invalid-amount"),
        ("１２", "CNY", "invalid-amount"),
        ("1\n", "CNY", "invalid-amount"),
        ("0x10", "CNY", "invalid-amount"),
        ("--1", "CNY", "invalid-amount"),
        ("9" * 10_000, "CNY", "invalid-amount"),
        ("9" * 18, "CNY", "out-of-range"),
        ("100000000000.01", "CNY", "out-of-range"),
        ("1.005", "CNY", "too-many-decimals"),
        ("0.5", "JPY", "too-many-decimals"),
        ("1", "XXX", "invalid-currency"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str, code: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_decimal_amount(text, currency)
    assert caught.value.code == code


@given(st.integers(-MAX_MINOR, MAX_MINOR), st.sampled_from(["CNY", "JPY", "KWD", "RSD", "IQD"]))
def test_every_amount_survives_its_text(minor: int, currency: str) -> None:
    assert parse_decimal_amount(f"{to_decimal(minor, currency):f}", currency) == minor


def test_exponents_are_those_of_iso_4217() -> None:
    # RSD and IQD: CLDR, which babel carries, says 0 for both
    expected = {"CNY": 2, "USD": 2, "JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3, "RSD": 2, "IQD": 3, "CLP": 0}
    assert {currency: exponent(currency) for currency in expected} == expected


@pytest.mark.parametrize("code", ["", "cny", "XXX", "XAU", "DEM", "ABC", "CNYX"])
def test_only_money_of_today_is_a_currency(code: str) -> None:
    with pytest.raises(InvalidValueError, match="invalid-currency"):
        require_currency(code)


def test_money_reads_as_its_locale_writes_it() -> None:
    assert format_money(123450, "CNY", "zh-CN") == "¥1,234.50"
    assert format_money(123450, "CNY", "en") == "¥1,234.50"
    assert format_money(-5, "JPY", "en") == "-¥5"
    assert format_money(1234, "KWD", "en").endswith("1.234")
    assert format_money(MAX_MINOR, "CNY", "zh-CN") == "¥100,000,000,000.00"


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.5", 1), ("1.5", 2), ("2.5", 3), ("2.49", 2), ("-0.5", -1), ("-1.4", -1), ("1e13", 10**13)],
)
def test_halves_go_up(value: str, rounded: int) -> None:
    assert round_half_up(Decimal(value)) == rounded
