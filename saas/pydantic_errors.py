"""pydantic's errors as ours: stable codes, pointers into what was sent, parameters for the message.

pydantic's types and texts may change with its version; ours are part of the API.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from saas.errors import FieldError, InvalidValueError, Word, catalogue, pointer

MAX_ERRORS: Final = 1000
"""An answer lists at most so many."""
_LONGEST_LIST: Final = 300

_UNKNOWN: Final = object()
Loc = Sequence[str | int]
_Params = Mapping[str, object]
_Translation = tuple[str, Callable[[Mapping[str, Any]], _Params]]


def _plain(code: str) -> _Translation:
    return code, lambda _ctx: {}


def _type(word: str) -> _Translation:
    return "wrong-type", lambda _ctx: {"expected": Word(word)}


def _bound(code: str, name: str, key: str) -> _Translation:
    return code, lambda ctx: {name: ctx[key]}


def _one_of(ctx: Mapping[str, Any]) -> _Params:
    """The choices, which pydantic writes as "'a', 'b' or 'c'"."""
    choices = str(ctx.get("expected", ctx.get("expected_tags", "")))
    return {"expected": choices.replace("' or '", "', '").replace("'", "")[:_LONGEST_LIST]}


_TRANSLATIONS: Final[Mapping[str, _Translation]] = {
    "missing": _plain("required"),
    "extra_forbidden": _plain("unknown-field"),
    **dict.fromkeys(("string_type", "string_sub_type", "bytes_type"), _type("string")),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _type("integer")),
    **dict.fromkeys(("float_type", "float_parsing", "decimal_type"), _type("number")),
    **dict.fromkeys(("bool_type", "bool_parsing"), _type("boolean")),
    **dict.fromkeys(
        ("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type", "deque_type"),
        _type("array"),
    ),
    **dict.fromkeys(
        (
            "model_type",
            "model_attributes_type",
            "dict_type",
            "frozen_dict_type",
            "mapping_type",
            "dataclass_type",
        ),
        _type("object"),
    ),
    "none_required": _type("null"),
    "datetime_type": _type("datetime"),
    "date_type": _type("date"),
    "uuid_type": _type("uuid"),
    "int_parsing_size": _plain("out-of-range"),
    "greater_than_equal": _bound("too-small", "min", "ge"),
    "greater_than": _bound("not-greater", "min", "gt"),
    "less_than_equal": _bound("too-large", "max", "le"),
    "less_than": _bound("not-less", "max", "lt"),
    "multiple_of": _bound("not-multiple", "step", "multiple_of"),
    "string_too_short": _bound("too-short", "min", "min_length"),
    "string_too_long": _bound("too-long", "max", "max_length"),
    "too_short": _bound("too-few", "min", "min_length"),
    "too_long": _bound("too-many", "max", "max_length"),
    "string_pattern_mismatch": _plain("wrong-format"),
    "string_unicode": _plain("invalid-text"),
    "string_not_ascii": _plain("wrong-format"),
    "literal_error": ("not-allowed", _one_of),
    "enum": ("not-allowed", _one_of),
    "union_tag_invalid": ("not-allowed", _one_of),
    "union_tag_not_found": _plain("required"),
    "timezone_aware": _plain("timezone-missing"),
    **dict.fromkeys(
        ("datetime_parsing", "datetime_from_date_parsing", "datetime_object_invalid"),
        _plain("invalid-datetime"),
    ),
    **dict.fromkeys(
        ("date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _plain("invalid-date")
    ),
    **dict.fromkeys(("uuid_parsing", "uuid_version"), _plain("invalid-uuid")),
    **dict.fromkeys(("url_type", "url_parsing", "url_scheme", "url_syntax_violation"), _plain("invalid-url")),
    "url_too_long": _bound("too-long", "max", "max_length"),
    **dict.fromkeys(("finite_number", "decimal_parsing"), _plain("invalid-number")),
    **dict.fromkeys(("decimal_max_digits", "decimal_whole_digits"), _plain("out-of-range")),
    "decimal_max_places": _bound("too-many-decimals", "max", "decimal_places"),
}

FORMS: Final = frozenset(code for code, _ in _TRANSLATIONS.values())
"""Codes that speak of a value's form, which a JSON Schema can tell beforehand."""


def field_errors(error: ValidationError, document: object = _UNKNOWN) -> list[FieldError]:
    """Every error, once per place and code, at most `MAX_ERRORS`. `document` is what was parsed, as plain
    JSON data: it tells keys from the union tags that pydantic puts among them.
    """
    found: dict[tuple[str, str], FieldError] = {}
    for detail in error.errors(include_url=False, include_input=False):
        translated = _field_error(detail, document)
        found.setdefault((translated.pointer, translated.code), translated)
        if len(found) == MAX_ERRORS:
            break
    return list(found.values())


def _field_error(detail: ErrorDetails, document: object) -> FieldError:
    kind, ctx = detail["type"], detail.get("ctx", {})
    loc: tuple[str | int, ...] = detail["loc"]
    if document is not _UNKNOWN:
        loc = path_in(document, loc, ends_in_key=kind in {"missing", "extra_forbidden"})
    place = pointer(*loc)
    if isinstance(cause := ctx.get("error"), InvalidValueError):
        return cause.field_error(place)
    if kind.startswith("union_tag"):
        return _tag_error(kind, ctx, place)
    if (translation := _TRANSLATIONS.get(kind)) is not None:
        code, params = translation
        return FieldError(place, code, params(ctx))
    # A validator's own PydanticCustomError speaks by a code of ours, or says only that the value is wrong.
    return FieldError(place, kind, ctx) if kind in catalogue().fields else FieldError(place, "invalid")


def _tag_error(kind: str, ctx: Mapping[str, Any], place: str) -> FieldError:
    """The fault lies in the field that tells the union's members apart, if it's one field."""
    name = re.fullmatch(r"'([^']+)'", str(ctx.get("discriminator", "")))
    if name is None:
        return FieldError(place, "invalid")
    code, params = _TRANSLATIONS[kind]
    return FieldError(place + pointer(name[1]), code, params(ctx))


def path_in(document: object, loc: Loc, *, ends_in_key: bool = False) -> tuple[str | int, ...]:
    """The keys and indices of `loc` that lead through `document`; tags of unions and names of validators
    drop out.

    A tag may be spelled like a key, so all readings are tried: the best keeps the last part, then the most
    parts. With `ends_in_key` the last part is a key, though the document may lack it.
    """
    return _Reading(tuple(loc), ends_in_key=ends_in_key).best(document, 0)[1]


_Rated = tuple[tuple[bool, int], tuple[str | int, ...]]


class _Reading:
    """The best way to read a location from a part of it on; each (value, part) is looked at once."""

    def __init__(self, loc: tuple[str | int, ...], *, ends_in_key: bool) -> None:
        self.loc, self.ends_in_key = loc, ends_in_key
        self.seen: dict[tuple[int, int], _Rated] = {}

    def best(self, value: object, at: int) -> _Rated:
        if at == len(self.loc):
            return (True, 0), ()
        key = (id(value), at)
        if key not in self.seen:
            self.seen[key] = max(self._skip(value, at), self._take(value, at), key=lambda rated: rated[0])
        return self.seen[key]

    def _skip(self, value: object, at: int) -> _Rated:
        (ends, kept), path = self.best(value, at + 1)
        return (ends and at + 1 < len(self.loc), kept), path

    def _take(self, value: object, at: int) -> _Rated:
        head, inner = self.loc[at], _UNKNOWN
        if isinstance(value, dict):
            inner = value.get(head, _UNKNOWN)
            if inner is _UNKNOWN and self.ends_in_key and at == len(self.loc) - 1:
                inner = None
        elif isinstance(value, list) and isinstance(head, int) and 0 <= head < len(value):
            inner = value[head]
        if inner is _UNKNOWN:
            return (False, -1), ()
        (ends, kept), path = self.best(inner, at + 1)
        return (ends, kept + 1), (head, *path)
