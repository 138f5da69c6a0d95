"""Card numbers of our own making: 12 digits, the last a check digit (Luhn, ISO/IEC 7812-1 annex B), none to be guessed
from another.
"""

import secrets
from typing import Final

DIGITS: Final = 12


def check_digit(digits: str) -> str:
    """What makes the number pass: from the right, every other digit doubled, nines cast out."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004  # the digits' sum
    return str(-total % 10)


def new_number() -> str:
    """A random one; it doesn't begin with 0, which spreadsheets drop."""
    head = str(10 ** (DIGITS - 2) + secrets.randbelow(9 * 10 ** (DIGITS - 2)))
    return head + check_digit(head)
