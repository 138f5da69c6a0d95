"""Numbers of printed coupons: twelve characters that nobody guesses, and a slip of the finger gives away.

Of 29 characters none is mistaken for another on paper: no 0, 1, I, L, O, S, Z. Eleven are drawn at random (53 bits),
the twelfth makes the sum of value times place divisible by 29, a prime: one wrong character, or any two exchanged,
never pass.
"""

import secrets
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

from saas.errors import InvalidValueError

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRTUVWXY"
LENGTH: Final = 12
_VALUE: Final = {character: n for n, character in enumerate(ALPHABET)}
_SEPARATORS: Final = str.maketrans("", "", " -\u2013\u2014\u3000\u00a0")


def new_number() -> str:
    """One that was most likely never drawn before."""
    drawn = [secrets.randbelow(len(ALPHABET)) for _ in range(LENGTH - 1)]
    # LENGTH × check must cancel the others' sum.
    check = -_sum(drawn) * pow(LENGTH, -1, len(ALPHABET)) % len(ALPHABET)
    return "".join(ALPHABET[value] for value in (*drawn, check))


def read_number(text: str) -> str:
    """A number as it is kept, from how people write it (lower case, in groups). Raises InvalidValueError
    `mistyped-number`.
    """
    number = unicodedata.normalize("NFKC", text).translate(_SEPARATORS).upper()
    values = [_VALUE.get(character, -1) for character in number]
    if len(number) != LENGTH or -1 in values or _sum(values) % len(ALPHABET):
        raise InvalidValueError("mistyped-number")
    return number


def _sum(values: list[int]) -> int:
    return sum(place * value for place, value in enumerate(values, 1))


CouponNumber = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(read_number)]
"""As it was printed or typed, for request bodies."""
