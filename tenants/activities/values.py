"""What an activity says beside that it happened: a number, exact to four places, and fields of its own."""

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Final

import msgspec
from pydantic import BeforeValidator, WithJsonSchema

from saas.errors import DomainError, FieldError, InvalidValueError, Word, pointer
from saas.field_types import clean_line

PLACES: Final = 4
LIMIT: Final = Decimal(10) ** 10
"""Every number is below it, on both sides of zero: fourteen digits with the places."""
MOST_FIELDS: Final = 32
LONGEST_NAME: Final = 64
LONGEST_TEXT: Final = 500
LARGEST_NUMBER: Final = 10**15

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?")
_STEP: Final = Decimal(1).scaleb(-PLACES)


def parse_number(text: str) -> Decimal:
    """An exact number: sign, digits, a point. Zeros beyond the fourth place are fine.

    Raises InvalidValueError `invalid-number`, `too-many-decimals`, `out-of-range`.
    """
    if _NUMBER.fullmatch(text) is None:
        raise InvalidValueError("invalid-number")
    return _bounded(Decimal(text))


def _bounded(number: Decimal) -> Decimal:
    if abs(number) >= LIMIT:
        raise InvalidValueError("out-of-range")
    exact = number.quantize(_STEP)
    if exact != number:
        raise InvalidValueError("too-many-decimals", max=PLACES)
    return exact + 0  # no negative zero


def number_text(number: Decimal) -> str:
    """As people write it: 120, 6.5."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _value(value: object) -> object:
    """A JSON number or a text. `require_exact` has the last word on the number: a float comes from JSON here, and
    its shortest text is the number that was sent wherever that has no more digits than may be kept.
    """
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return parse_number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidValueError("wrong-type", expected=Word("number"))
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValueError("invalid-number")
    return _bounded(Decimal(repr(value)))


def _data(value: object) -> object:
    if value is None:
        return value
    if isinstance(value, str):
        return _text(value, "")
    if not isinstance(value, dict):
        raise InvalidValueError("wrong-type", expected=Word("object"))
    if not value:
        raise InvalidValueError("too-few", min=1)
    if len(value) > MOST_FIELDS:
        raise InvalidValueError("too-many", max=MOST_FIELDS)
    for name, field in value.items():
        _check_field(name, field)
    return value


def _check_field(name: str, field: object) -> None:
    at = pointer(name)
    if len(name) > LONGEST_NAME:
        raise InvalidValueError("too-long", at=at, max=LONGEST_NAME)
    _line(name, at)
    if isinstance(field, str):
        _text(field, at)
    elif not isinstance(field, int | float):
        raise InvalidValueError("wrong-type", at=at, expected=Word("string"))
    elif not abs(field) <= LARGEST_NUMBER:
        raise InvalidValueError("out-of-range", at=at)


def _text(text: str, at: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise InvalidValueError("too-long", at=at, max=LONGEST_TEXT)
    return _line(text, at)


def _line(text: str, at: str) -> str:
    try:
        return clean_line(text)
    except InvalidValueError as error:
        raise InvalidValueError(error.code, at=at, **error.params) from None


_FIELD: Final = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
ActivityValue = Annotated[
    Decimal | None,
    BeforeValidator(_value),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": -(10**10), "exclusiveMaximum": 10**10},
                {"type": "string", "pattern": f"^{_NUMBER.pattern}$"},
                {"type": "null"},
            ]
        }
    ),
]
"""A number of at most ten digits before the point and four behind it."""
ActivityData = Annotated[
    Any,
    BeforeValidator(_data),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "object",
                    "additionalProperties": _FIELD,
                    "minProperties": 1,
                    "maxProperties": MOST_FIELDS,
                },
                {"type": "string", "maxLength": LONGEST_TEXT},
                {"type": "null"},
            ]
        }
    ),
]
"""Named fields of texts, numbers and truths (`{"systolic": 120, "diastolic": 80}`), or one line of text (`120/80`)."""


class _Lossy(str):
    """A number as it was written, which a float can't hold."""

    __slots__ = ()


def _number(text: str) -> Any:
    number = float(text)
    try:
        exact = math.isfinite(number) and Decimal(text) == Decimal(repr(number))
    except InvalidOperation:  # an exponent of twenty digits
        exact = False
    return number if exact else _Lossy(text)


_decode: Final = msgspec.json.Decoder(float_hook=_number).decode


def require_exact(raw: bytes) -> None:
    """Refuses a JSON body with a number that reading it as a float has changed: what is kept is what was sent.

    Raises DomainError `validation-failed`. The body is JSON: whoever calls has read it already.
    """
    errors = [FieldError(pointer(*path), "too-many-decimals", {"max": PLACES}) for path in _lossy(_decode(raw), ())]
    if errors:
        raise DomainError("validation-failed", errors=errors)


def _lossy(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, _Lossy):
        yield path
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _lossy(item, (*path, place))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _lossy(item, (*path, name))


def canonical(value: Decimal | None, data: Any) -> str:
    """One text for what is equal, whichever way it was written."""
    number = None if value is None else number_text(value)
    return json.dumps([number, data], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
