"""The check character of printed numbers."""

from itertools import combinations

import pytest

from saas.errors import InvalidValueError
from tenants.coupons.numbers import ALPHABET, new_number, read_number


def passes(number: str) -> bool:
    try:
        return read_number(number) == number
    except InvalidValueError:
        return False


def test_one_wrong_character_never_passes() -> None:
    for _ in range(20):
        number = new_number()
        assert passes(number)
        for place, right in enumerate(number):
            for wrong in ALPHABET:
                typed = number[:place] + wrong + number[place + 1 :]
                assert passes(typed) == (wrong == right)


def test_two_characters_exchanged_never_pass() -> None:
    for _ in range(50):
        number = new_number()
        for one, other in combinations(range(len(number)), 2):
            typed = list(number)
            typed[one], typed[other] = typed[other], typed[one]
            assert passes("".join(typed)) == (number[one] == number[other])


def test_written_in_other_ways() -> None:
    number = new_number()
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number)  # as Chinese keyboards write it
    for typed in (number.lower(), f"{number[:4]} {number[4:8]}-{number[8:]}", wide, f" {number} "):
        assert read_number(typed) == number


@pytest.mark.parametrize("typed", ["", "2", "222222222220", "O" * 12, "2" * 11, "2" * 13, "二" * 12])
def test_what_is_no_number(typed: str) -> None:
    with pytest.raises(InvalidValueError, match="mistyped-number"):
        read_number(typed)
