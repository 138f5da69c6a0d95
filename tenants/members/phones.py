"""Phone numbers: whatever a clerk types, kept as E.164."""

from typing import Final

from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_valid_number,
    parse,
)

from saas.errors import InvalidValueError

LONGEST: Final = 40
_WHOLE: Final = 7
"""Digits from which the first three may be shown."""


def normalise_phone(text: str, region: str = "CN") -> str:
    """E.164 (`+8613800138000`) of a number written in any usual way; without a country code it's one of
    `region` (ISO 3166).

    Raises InvalidValueError `phone-invalid` for letters, extensions and numbers that nobody can have.
    """
    if len(text) > LONGEST or any(c.isalpha() for c in text):
        raise InvalidValueError("phone-invalid")
    try:
        number = parse(text, region)
    except NumberParseException:
        raise InvalidValueError("phone-invalid") from None
    if number.extension or not is_valid_number(number):
        raise InvalidValueError("phone-invalid")
    return format_number(number, PhoneNumberFormat.E164)


def mask_phone(phone: str | None) -> str:
    """A number that its owner recognises and nobody else can call: 181 **** 8654."""
    if not phone:
        return ""
    national = phone.removeprefix("+86")
    digits = national.lstrip("+")
    head = f"{national[:3]} " if len(digits) > _WHOLE else ""
    return f"{head}**** {digits[-4:]}"
