"""Field types of request bodies. Each refuses what the database or a reader couldn't take."""

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any, Final
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, GetPydanticSchema, StringConstraints
from pydantic_core import core_schema

from saas.errors import LANGUAGES, InvalidValueError
from saas.money import MAX_MINOR, require_currency

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Bounds of any time: safe to move between time zones, in Python and in SQL."""

_RFC3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(Z|z|[+-][0-9]{2}:[0-9]{2})?"
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Cc control, Cs surrogate, Zl and Zp line separators; the bidi overrides make text read as another.
_REFUSED: Final = {"Cc", "Cs", "Zl", "Zp"}
_BIDI: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LAYOUT: Final = frozenset("\n\t")


def _from_text(parse: Callable[[str], Any], kind: type[Any], json_format: str) -> GetPydanticSchema:
    """Strict text in JSON and query strings; Python code may also hand over the finished value."""
    text = core_schema.no_info_after_validator_function(parse, core_schema.str_schema(max_length=64))
    ready = core_schema.is_instance_schema(kind)
    schema = core_schema.json_or_python_schema(text, core_schema.union_schema([ready, text]))

    def json_schema(_schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(core_schema.str_schema()), "format": json_format}

    metadata: dict[str, Any] = {"pydantic_js_functions": [json_schema]}
    return GetPydanticSchema(lambda _type, _handler: {**schema, "metadata": metadata})


def parse_rfc3339(text: str) -> datetime:
    """An instant, in UTC: it is answered the same at once as later, when only the instant is known.

    Raises InvalidValueError `invalid-datetime`, `timezone-missing`, `out-of-range`.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InvalidValueError("invalid-datetime")
    if match[1] is None:
        raise InvalidValueError("timezone-missing")
    try:
        moment = datetime.fromisoformat(text.upper())
        inside = EARLIEST <= moment < LATEST
    except (ValueError, OverflowError):
        raise InvalidValueError("invalid-datetime") from None
    if not inside:
        raise InvalidValueError("out-of-range")
    return moment.astimezone(UTC)


def parse_date(text: str) -> date:
    """A day written YYYY-MM-DD. Raises InvalidValueError `invalid-date`, `out-of-range`."""
    if _DATE.fullmatch(text) is None:
        raise InvalidValueError("invalid-date")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidValueError("invalid-date") from None
    if not EARLIEST.year <= day.year < LATEST.year:
        raise InvalidValueError("out-of-range")
    return day


def clean_line(text: str) -> str:
    """One line of text, NFC, trimmed. Raises InvalidValueError `control-character`, `blank`."""
    return _clean(text, frozenset())


def clean_text(text: str) -> str:
    """Text of several lines, NFC, trimmed. Raises InvalidValueError `control-character`, `blank`."""
    return _clean(text.replace("\r\n", "\n"), _LAYOUT)


def _clean(text: str, allowed: frozenset[str]) -> str:
    if any(c in _BIDI or (c not in allowed and unicodedata.category(c) in _REFUSED) for c in text):
        raise InvalidValueError("control-character")
    normal = unicodedata.normalize("NFC", text).strip()
    if all(unicodedata.category(c)[0] in "CZ" for c in normal):
        raise InvalidValueError("blank")
    return normal


def clean_email(text: str) -> str:
    """The address in lower case; ASCII before the @, a dot after it.

    Raises InvalidValueError `invalid-email`.
    """
    try:
        found = validate_email(
            text.strip(), allow_smtputf8=False, check_deliverability=False, globally_deliverable=False
        )
    except EmailNotValidError:
        raise InvalidValueError("invalid-email") from None
    if "." not in found.ascii_domain:
        raise InvalidValueError("invalid-email")
    return f"{found.local_part}@{found.ascii_domain}".lower()


@lru_cache(maxsize=1)
def _timezones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name or name == "UTC")


def require_timezone(name: str) -> str:
    """An IANA area/location name, or UTC. Raises InvalidValueError `invalid-timezone`."""
    if name not in _timezones():
        raise InvalidValueError("invalid-timezone")
    return name


def require_locale(tag: str) -> str:
    """A language of ours. Raises InvalidValueError `invalid-locale`."""
    if tag not in LANGUAGES:
        raise InvalidValueError("invalid-locale", expected=", ".join(LANGUAGES))
    return tag


AwareDatetime = Annotated[datetime, _from_text(parse_rfc3339, datetime, "date-time")]
"""An RFC 3339 time with an offset, 1900 to 2199; in UTC from here on."""
LocalDate = Annotated[date, _from_text(parse_date, date, "date")]
"""A local day YYYY-MM-DD, 1900 to 2199."""
MinorUnits = Annotated[int, Field(strict=True, ge=0, le=MAX_MINOR)]
"""Money, 0 … 10¹³ minor units."""
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
"""What people type and print: a branch's code. Case counts."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$", min_length=3, max_length=40)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(clean_line)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(clean_line)]
"""Why, in the words of staff. May name a person: erasing takes it away."""
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(clean_line)]
"""The caller's own key: any one line of text."""
LongText = Annotated[str, StringConstraints(min_length=1, max_length=4000), AfterValidator(clean_text)]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254), AfterValidator(clean_email)]
TimeZoneName = Annotated[str, StringConstraints(max_length=64), AfterValidator(require_timezone)]
LocaleTag = Annotated[str, StringConstraints(max_length=16), AfterValidator(require_locale)]
CurrencyCode = Annotated[str, StringConstraints(max_length=3), AfterValidator(require_currency)]
