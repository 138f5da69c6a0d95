"""Request bodies and query strings as pydantic models, and what is wrong with them, all at once.

`parse_body` reads JSON strictly (no "1" for 1, no 1.0 for an integer) and raises one DomainError that names
every value at fault by its RFC 6901 pointer, with a code of ours and a message in the reader's language.
Field types are in `saas.field_types`, offered here as well.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, TypeAdapter, ValidationError, model_validator
from pydantic_core import CoreSchema, from_json, to_json

from saas.errors import DomainError, FieldError, InvalidValueError, pointer
from saas.field_types import (
    AwareDatetime,
    Code,
    CurrencyCode,
    Email,
    ExternalId,
    LocalDate,
    LocaleTag,
    LongText,
    MinorUnits,
    Name,
    Slug,
    TimeZoneName,
)
from saas.pydantic_errors import field_errors

__all__ = [
    "AwareDatetime",
    "Body",
    "ChangeBody",
    "Code",
    "CurrencyCode",
    "Email",
    "ExternalId",
    "ListQuery",
    "LocalDate",
    "LocaleTag",
    "LongText",
    "MinorUnits",
    "Name",
    "Query",
    "Slug",
    "TimeZoneName",
    "adapter_of",
    "field_errors",
    "parse_body",
    "parse_item",
    "parse_query",
    "parse_with",
]

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

_PLACE: Final = re.compile(r"line ([0-9]+) column ([0-9]+)")
_NUL: Final = b"\\u0000"
_NULL: Final = {"type": "null"}


class Body(BaseModel):
    """A request body, or a part of one: strict types, no unknown fields, unchanging.

    `SOME_OF` and `ONE_OF` tell the contract what the model's own validator asks: one at least of these fields, exactly
    one of those.
    """

    SOME_OF: ClassVar[tuple[str, ...]] = ()
    ONE_OF: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        told = handler(schema)
        place = handler.resolve_ref_schema(told)
        for word, names in (("anyOf", cls.SOME_OF), ("oneOf", cls.ONE_OF)):
            if names:
                place[word] = [{"required": [name], "properties": {name: {"not": _NULL}}} for name in names]
        return told


class ChangeBody(Body):
    """What is to be changed of something: what is left out stays; null takes away what is `CLEARABLE`, and is refused
    elsewhere.
    """

    CLEARABLE: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        for field in type(self).model_fields:
            if field in self.model_fields_set - self.CLEARABLE and getattr(self, field) is None:
                raise InvalidValueError("required", at=f"/{field}")
        return self


class Query(BaseModel):
    """A query string: values are text, unknown names refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ListQuery(Query):
    """What every list takes."""

    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, max_length=1000)


@cache
def adapter_of(model: type[M]) -> TypeAdapter[M]:
    """The model's validator, built once."""
    return TypeAdapter(model)


def parse_body(model: type[M], raw: bytes) -> M:
    """A JSON body as `model`.

    Raises DomainError `malformed-json`, or `validation-failed` with all its errors.
    """
    adapter: TypeAdapter[M] = adapter_of(model)
    return parse_with(adapter, raw)


def parse_with(adapter: TypeAdapter[T], raw: bytes) -> T:
    """The same for any type, such as a union; build the adapter once, at import."""
    try:
        value = adapter.validate_json(raw)
    except ValidationError as error:
        raise _refusal(error, raw) from None
    if _NUL in raw:
        _refuse_nul(raw)
    return value


def parse_item(model: type[M], item: object) -> M:
    """One item of a batch, already plain JSON data; pointers begin at the item. Raises as `parse_body`."""
    return parse_body(model, to_json(item))


def parse_query(model: type[M], params: Mapping[str, str] | Iterable[tuple[str, str]]) -> M:
    """A query string (`request.query_params.multi_items()`) as `model`; "50" is a fine integer here.

    Raises DomainError `validation-failed`; pointers are `/name`. A name given twice is refused.
    """
    pairs = list(params.items() if isinstance(params, Mapping) else params)
    values = dict(pairs)
    times = Counter(name for name, _ in pairs)
    errors = [FieldError(pointer(name), "repeated") for name, count in times.items() if count > 1]
    errors += [FieldError(pointer(name), "control-character") for name, text in values.items() if "\0" in text]
    try:
        query: M = adapter_of(model).validate_strings(values)
    except ValidationError as error:
        errors += field_errors(error, values)
        raise DomainError("validation-failed", errors=errors) from None
    if errors:
        raise DomainError("validation-failed", errors=errors)
    return query


def _refusal(error: ValidationError, raw: bytes) -> DomainError:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid" and not first["loc"]:
        place = _PLACE.search(first["msg"])
        line, column = place.groups() if place else ("1", "0")
        return DomainError("malformed-json", params={"line": line, "column": column})
    return DomainError("validation-failed", errors=field_errors(error, from_json(raw)))


def _refuse_nul(raw: bytes) -> None:
    """PostgreSQL stores no U+0000, neither in text nor in jsonb. Raises DomainError `validation-failed`."""
    errors = [FieldError(pointer(*path), "control-character") for path in _nul_paths(from_json(raw), ())]
    if errors:
        raise DomainError("validation-failed", errors=errors)


def _nul_paths(value: Any, path: tuple[str | int, ...]) -> Iterator[Sequence[str | int]]:
    if isinstance(value, str):
        if "\0" in value:
            yield path
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _nul_paths(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if "\0" in key:
                yield (*path, key)
            yield from _nul_paths(item, (*path, key))
