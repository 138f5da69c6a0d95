"""What every part of a programme document is made of.

Models that refuse what they don't know, exact values, and errors whose location is the path in the document.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

MAX_MONEY = 10**13

Loc = tuple[str | int, ...]


class Strict(BaseModel):
    """No unknown field, no coercion, no change after parsing; written out under the document's own names."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, serialize_by_alias=True)


@dataclass(frozen=True)
class Fault:
    """One broken rule: where (a path below the model that raises it), its stable code, what it says."""

    loc: Loc
    code: str
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


def invalid(title: str, faults: Sequence[Fault]) -> ValidationError:
    """The faults as an error that a validator may raise: the outer error takes it in, paths and all."""
    details = [
        InitErrorDetails(type=PydanticCustomError(f.code, f.message, dict(f.params)), loc=f.loc, input=None)
        for f in faults
    ]
    return ValidationError.from_exception_data(title, details)


def json_pointer(loc: Sequence[str | int]) -> str:
    """RFC 6901: ("ladders", 0, "names", "zh-CN") is /ladders/0/names/zh-CN."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in loc)


def by_tag(name: str, code: str, *models: type[BaseModel]) -> WrapValidator:
    """A union told apart by the literal in one field.

    pydantic's own tagged union puts the tag into the error's location, which then is no path in the document
    any more; this one keeps the path, and answers an unknown tag with one error `code` at that field.
    """
    table = {tag: model for model in models for tag in get_args(model.model_fields[name].annotation)}

    def pick(value: object, _union: ValidatorFunctionWrapHandler) -> BaseModel:
        if isinstance(value, models):
            return value
        if not isinstance(value, dict):
            raise PydanticCustomError("object-expected", "An object is expected here")
        if name not in value:
            raise ValidationError.from_exception_data(
                "union", [InitErrorDetails(type="missing", loc=(name,), input=value)]
            )
        model = table.get(value[name]) if isinstance(value[name], str) else None
        if model is None:
            params = {"value": shown(value[name]), "known": ", ".join(table)}
            fault = Fault((name,), code, "{value} is not known here; known are {known}", params)
            raise invalid("union", [fault])
        return model.model_validate(value)

    return WrapValidator(pick)


def shown(value: object) -> str:
    """The start of a foreign value, safe to encode in an answer."""
    return str(value)[:64].encode("utf-8", "replace").decode("utf-8")


def duplicates(values: Sequence[object]) -> list[int]:
    """The places of values that stood earlier already."""
    return [place for place, value in enumerate(values) if value in values[:place]]


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    again = duplicates(values)
    if again:
        faults = [Fault((n,), "duplicate", "{value} is listed twice", {"value": str(values[n])}) for n in again]
        raise invalid("list", faults)
    return values


def as_tuple(value: object) -> object:
    """For fields that are lists in JSON and tuples here, so that a parsed document can't change."""
    if isinstance(value, list | tuple):
        return tuple(value)
    raise PydanticCustomError("list-expected", "A list is expected here")


def _day(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            raise PydanticCustomError("day-format", "A day is written YYYY-MM-DD")
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError("no-such-day", "There is no day {day}", {"day": value}) from None
    return value


Day = Annotated[
    dt.date,
    Field(ge=dt.date(1900, 1, 1), le=dt.date(2199, 12, 31)),
    BeforeValidator(_day),
]
"""A local day between 1900 and 2199, written YYYY-MM-DD."""


def _exact(value: object) -> object:
    text = str(value) if isinstance(value, Decimal) else value
    if not isinstance(text, str) or not re.fullmatch(DECIMAL, text, re.ASCII):
        raise PydanticCustomError(
            "decimal-string", "A number is written as a string such as «12.5», with at most 4 decimals"
        )
    return Decimal(text)


DECIMAL = r"[0-9]{1,9}(\.[0-9]{1,4})?"
Exact = Annotated[
    Decimal,
    BeforeValidator(_exact),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{DECIMAL}$"}),
]
"""A number written as a string, so that no float ever touches it."""
Percent = Annotated[Exact, Field(ge=0, le=100)]
Rate = Annotated[Exact, Field(ge=0, le=1000)]
"""A factor such as a points multiplier."""
Money = Annotated[int, Field(ge=0, le=MAX_MONEY)]
"""Minor units of the programme's currency."""
MoneyAboveZero = Annotated[int, Field(ge=1, le=MAX_MONEY)]
"""The same, at least 1. A type of its own: a field's `ge` beside that of its `Money` would be forgotten."""
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
# no control characters: PostgreSQL's jsonb refuses NUL, and a name of blanks is no name
Label = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=r"^\P{Cc}*[^\p{Cc}\s]\P{Cc}*$"),
    AfterValidator(lambda text: unicodedata.normalize("NFC", text).strip()),
]
"""A short visible text, such as a till's category; NFC and trimmed as what tills send is, or it would never be met."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\P{Cc}*[^\p{Cc}\s]\P{Cc}*$")]

Codes = Annotated[tuple[Code, ...], BeforeValidator(as_tuple), Field(max_length=200), AfterValidator(_unique)]
Labels = Annotated[tuple[Label, ...], BeforeValidator(as_tuple), Field(max_length=1000), AfterValidator(_unique)]


class Names(Strict):
    """One text in both languages of the product."""

    zh_cn: Text = Field(alias="zh-CN")
    en: Text

    def get(self, locale: str) -> str:
        """The Chinese text for a Chinese locale, else the English one."""
        return self.zh_cn if locale.lower().startswith("zh") else self.en
