"""Values of the attributes that the programme declares: checked, then a row each."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from saas.errors import DomainError, FieldError, InvalidValueError, Word, pointer
from saas.field_types import clean_line, parse_date
from saas.scope import connection, current
from tenants.programme.rules import Attribute

LONGEST_TEXT: Final = 500
LARGEST: Final = Decimal(10) ** 11
DECIMALS: Final = 4
"""With fifteen digits at most a number goes through JSON, whoever reads it, as it came."""

_UPSERT: Final = """
INSERT INTO member_attribute AS a (tenant_id, member_id, code, text, number, day, truth)
SELECT $1, $2, n.code, n.text, n.number, n.day, n.truth
  FROM unnest($3::text[], $4::text[], $5::numeric[], $6::date[], $7::boolean[]) AS n (code, text, number, day, truth)
ON CONFLICT (tenant_id, member_id, code) DO UPDATE SET
    text = excluded.text, number = excluded.number, day = excluded.day, truth = excluded.truth
 WHERE (a.text, a.number, a.day, a.truth)
       IS DISTINCT FROM (excluded.text, excluded.number, excluded.day, excluded.truth)
"""
_DELETE: Final = "DELETE FROM member_attribute AS a WHERE a.tenant_id = $1 AND a.member_id = $2 AND a.code = ANY($3)"


@dataclass(frozen=True, slots=True)
class Value:
    """One attribute's value in the column of its type; exactly one of the four is there."""

    text: str | None = None
    number: Decimal | None = None
    day: date | None = None
    truth: bool | None = None


Values = Mapping[str, Value | None]
"""By code; None takes the value away."""


def check_attributes(declared: tuple[Attribute, ...], given: Mapping[str, Any]) -> dict[str, Value | None]:
    """What a body says, as values. Raises DomainError `validation-failed` with every fault, at `/attributes/<code>`:
    `unknown-attribute`, and what is wrong with a value of its type.
    """
    known = {attribute.code: attribute for attribute in declared}
    values: dict[str, Value | None] = {}
    errors: list[FieldError] = []
    for code, value in given.items():
        at = pointer("attributes", code)
        if code not in known:
            errors.append(FieldError(at, "unknown-attribute"))
            continue
        try:
            values[code] = None if value is None else _READERS[known[code].type](known[code], value)
        except InvalidValueError as error:
            errors.append(error.field_error(at))
    if errors:
        raise DomainError("validation-failed", errors=errors)
    return values


def read_cell(attribute: Attribute, cell: str) -> Value:
    """The value of a file's cell, where everything is text. Raises InvalidValueError."""
    match attribute.type:
        case "number":
            return Value(number=_exact(cell))
        case "boolean":
            truth = _TRUTHS.get(cell.strip().lower())
            if truth is None:
                raise InvalidValueError("not-allowed", expected="true, false, yes, no, 1, 0, 是, 否")
            return Value(truth=truth)
        case "choice":
            return _choice(attribute, _code_of_choice(attribute, cell))
        case _:
            return _READERS[attribute.type](attribute, cell)


async def write_attributes(member_id: UUID, values: Values) -> None:
    """Sets and takes away what is named; other values stay. The caller holds the member's lock."""
    wanted = {code: value for code, value in values.items() if value is not None}
    gone = [code for code, value in values.items() if value is None]
    if gone:
        await connection().execute(_DELETE, current().tenant_id, member_id, gone)
    if wanted:
        columns = zip(*((v.text, v.number, v.day, v.truth) for v in wanted.values()), strict=True)
        await connection().execute(_UPSERT, current().tenant_id, member_id, list(wanted), *map(list, columns))


def _text(_: Attribute, value: object) -> Value:
    line = clean_line(_string(value))
    if len(line) > LONGEST_TEXT:
        raise InvalidValueError("too-long", max=LONGEST_TEXT)
    return Value(text=line)


def _number(_: Attribute, value: object) -> Value:
    """A JSON number, or the same as a string, which loses nothing on the way."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InvalidValueError("wrong-type", expected=Word("number"))
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidValueError("invalid-number")
    return Value(number=_exact(str(value)))


def _exact(text: str) -> Decimal:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise InvalidValueError("invalid-number") from None
    if not number.is_finite():
        raise InvalidValueError("invalid-number")
    if abs(number) > LARGEST:
        raise InvalidValueError("out-of-range")
    if number != round(number, DECIMALS):
        raise InvalidValueError("too-many-decimals", max=DECIMALS)
    return number


def _day(_: Attribute, value: object) -> Value:
    return Value(day=parse_date(_string(value)))


def _truth(_: Attribute, value: object) -> Value:
    if not isinstance(value, bool):
        raise InvalidValueError("wrong-type", expected=Word("boolean"))
    return Value(truth=value)


def _choice(attribute: Attribute, value: object) -> Value:
    codes = [choice.code for choice in attribute.choices or ()]
    if _string(value) not in codes:
        raise InvalidValueError("not-allowed", expected=", ".join(codes))
    return Value(text=_string(value))


def _code_of_choice(attribute: Attribute, cell: str) -> str:
    """Files name a choice as people do: by its code or by one of its names."""
    for choice in attribute.choices or ():
        if cell in {choice.code, choice.names.zh_cn, choice.names.en}:
            return choice.code
    return cell


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValueError("wrong-type", expected=Word("string"))
    return value


_READERS: Final[dict[str, Callable[[Attribute, Any], Value]]] = {
    "text": _text,
    "number": _number,
    "date": _day,
    "boolean": _truth,
    "choice": _choice,
}
_TRUTHS: Final = {
    **dict.fromkeys(("true", "yes", "y", "1", "是"), True),
    **dict.fromkeys(("false", "no", "n", "0", "否"), False),
}
