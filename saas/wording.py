"""What an error says: the catalogue's texts with their parameters, for people; the parameters alone, for programs."""

from collections.abc import Mapping
from datetime import date, datetime

from saas.errors import FieldError, Language, Money, Word, catalogue
from saas.i18n import tongue


class _Params(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"  # a text with a gap beats a 500; the catalogue's test finds the gap


def fill(text: str, params: Mapping[str, object], language: Language) -> str:
    """`text` with its `{name}` placeholders replaced: money, days, instants and words as the language writes them.
    All other values are inserted as they are, never interpreted. An instant is shown on the clock that it carries.
    """
    return text.format_map(_Params({name: _shown(value, language) for name, value in params.items()}))


def _shown(value: object, language: Language) -> str:
    if isinstance(value, Word):
        return catalogue().words[value][language]
    if isinstance(value, Money):
        return str(int(value)) if value.currency is None else tongue(language).money(value, value.currency)
    if isinstance(value, datetime):  # before `date`, which every datetime is
        return f"{tongue(language).day(value.date())} {value:%H:%M:%S}"
    return tongue(language).day(value) if isinstance(value, date) else str(value)


def field_message(error: FieldError, language: Language) -> str:
    """One sentence for people, in `language`."""
    return fill(catalogue().fields[error.code][language], error.params, language)


def as_data(params: Mapping[str, object]) -> dict[str, object]:
    """Parameters as JSON has them: money in minor units, dates and instants by ISO 8601, words by their key."""
    return {name: _plain(value) for name, value in params.items()}


def _plain(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Money):
        return int(value)
    return str(value) if isinstance(value, Word) else value
