"""Numbers of entries, and amounts as clerks type them."""

import secrets
import unicodedata
from datetime import date
from typing import Final
from uuid import UUID

from saas.errors import DomainError, FieldError, InvalidValueError
from saas.money import parse_decimal_amount, ungrouped

_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRTUVWXY"
_LENGTH: Final = 10
_SIGNS: Final = "¥$€£"
_MOST_POINTS: Final = 10**9
_DIGITS: Final = 10


def new_number(day: date) -> str:
    """The number of an entry that is being made (T261123-7KQ2M4XWAB): its form carries it, so that the same one sent
    twice is recorded once. 48 random bits a day and branch.
    """
    return f"T{day:%y%m%d}-" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def amount_of(text: str, currency: str, field: str = "amount", *, least: int = 1) -> int:
    """Minor units from `least` up of what was typed (12.5, ¥1,200, １２). A comma that parts no thousands is refused: a
    finger beside the point would make 125 of 12,5. Raises DomainError `validation-failed` at `field`.
    """
    plain = _plain(text)
    if not plain:
        raise _bad(field, "required")
    try:
        minor = parse_decimal_amount(plain, currency)
    except InvalidValueError as error:
        raise DomainError("validation-failed", errors=[FieldError(f"/{field}", error.code, error.params)]) from None
    if minor < least:
        raise _bad(field, "invalid-amount")
    return minor


def points_of(text: str, field: str = "points", *, signed: bool = False) -> int:
    """Whole points of what was typed; nothing typed is 0. Raises DomainError `validation-failed` at `field`."""
    plain = _plain(text)
    if not plain:
        return 0
    digits = plain.removeprefix("-").removeprefix("+") if signed else plain
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _DIGITS or int(digits) > _MOST_POINTS:
        raise _bad(field, "invalid-number")
    return -int(digits) if plain.startswith("-") else int(digits)


def _plain(text: str) -> str:
    """What was typed without the currency's sign and what parts thousands."""
    return ungrouped(unicodedata.normalize("NFKC", text).strip().strip(_SIGNS).strip())


def id_of(text: str, field: str) -> UUID:
    """Raises DomainError `validation-failed` at `field`."""
    try:
        return UUID(text)
    except ValueError:
        raise _bad(field, "invalid-uuid") from None


def _bad(field: str, code: str) -> DomainError:
    return DomainError("validation-failed", errors=[FieldError(f"/{field}", code)])
