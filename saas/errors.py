"""Errors by stable code. What a code means, its HTTP status and its texts are in `problems.toml`.

Domain functions raise `DomainError`; a check of one value raises `InvalidValueError`, which knows no pointer;
edges turn both into problem details (`saas.problem_details`), `saas.wording` into text. Nothing here knows about HTTP
frameworks.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, Self

Language = Literal["zh-CN", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("zh-CN", "en")
DEFAULT_LANGUAGE: Final[Language] = "zh-CN"

Texts = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem type. `retry_after` is in seconds; `defaults` fill placeholders the raiser left out; `extensions`
    are the parameters that the answer has as members of its own (RFC 9457, 3.2).
    """

    code: str
    status: int
    title: Texts
    detail: Texts
    defaults: Mapping[str, object] = field(default_factory=dict)
    retry_after: int | None = None
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All problem types, messages of field errors, and words (names of JSON types) in every language."""

    problems: Mapping[str, Problem]
    fields: Mapping[str, Texts]
    words: Mapping[str, Texts]


class Word(str):
    """A parameter that is a key of the catalogue's words, put into the reader's language when shown."""

    __slots__ = ()


class Money(int):
    """A parameter that is an amount in minor units, written with its currency when shown. Who raises an error needn't
    know the `currency`: the edge adds the chain's (`saas.currency`).
    """

    currency: str | None

    def __new__(cls, minor: int, currency: str | None = None) -> Self:
        made = super().__new__(cls, minor)
        made.currency = currency
        return made


@cache
def catalogue() -> Catalogue:
    """The catalogue, read once. Raises KeyError or ValueError when a text lacks a language."""
    raw = tomllib.loads(Path(__file__).with_name("problems.toml").read_text(encoding="utf-8"))
    problems = {code: _problem(code, entry) for code, entry in raw["problem"].items()}
    fields = {code: _texts(entry) for code, entry in raw["field"].items()}
    words = {word: _texts(entry) for word, entry in raw["word"].items()}
    return Catalogue(MappingProxyType(problems), MappingProxyType(fields), MappingProxyType(words))


def _problem(code: str, entry: Mapping[str, Any]) -> Problem:
    return Problem(
        code,
        int(entry["status"]),
        _texts(entry["title"]),
        _texts(entry["detail"]),
        entry.get("defaults", {}),
        entry.get("retry_after"),
        tuple(entry.get("extensions", ())),
    )


def _texts(entry: Mapping[str, str]) -> Texts:
    return MappingProxyType({language: entry[language] for language in LANGUAGES})


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one value. `pointer` is RFC 6901 into the request body ("" is the whole of it);
    for a query string or a form, `/name`. Raises LookupError for a code that isn't in the catalogue.
    """

    pointer: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.code not in catalogue().fields:
            raise LookupError(f"no field error {self.code!r} in problems.toml")


class InvalidValueError(ValueError):
    """A value breaks a rule of its own kind (a phone number, an amount). May be raised in a pydantic
    validator: its code reaches the answer. `at` is a pointer below the value checked, for rules that
    span fields.
    """

    def __init__(self, code: str, *, at: str = "", **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.at = at
        self.params = params

    def field_error(self, pointer: str = "") -> FieldError:
        """The same, placed at `pointer`."""
        return FieldError(pointer + self.at, self.code, self.params)


class DomainError(Exception):
    """A request that can't be done, by `code`. `params` fill the detail's placeholders; `errors` name the
    values at fault; `headers` go out with the answer. Raises LookupError for a code that the catalogue
    doesn't have.
    """

    def __init__(
        self,
        code: str,
        *,
        params: Mapping[str, object] | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if code not in catalogue().problems:
            raise LookupError(f"no problem {code!r} in problems.toml")
        super().__init__(code)
        self.code = code
        self.params: Mapping[str, object] = params or {}
        self.errors = tuple(errors)
        self.headers: Mapping[str, str] = headers or {}

    @property
    def lacks_currency(self) -> bool:
        """It names an amount and doesn't know in which currency."""
        return any(_bare(v) for params in (self.params, *(e.params for e in self.errors)) for v in params.values())

    def in_currency(self, currency: str) -> None:
        """Gives its amounts without a currency this one."""
        self.params = _in_currency(self.params, currency)
        self.errors = tuple(replace(error, params=_in_currency(error.params, currency)) for error in self.errors)

    @property
    def status(self) -> int:
        """The HTTP status that the catalogue gives this code."""
        return catalogue().problems[self.code].status


def _bare(value: object) -> bool:
    return isinstance(value, Money) and value.currency is None


def _in_currency(params: Mapping[str, object], currency: str) -> dict[str, object]:
    return {
        name: Money(value, currency) if isinstance(value, Money) and value.currency is None else value
        for name, value in params.items()
    }


def pointer(*parts: str | int) -> str:
    """RFC 6901 pointer from keys and indices: `pointer("a/b", 0)` is `/a~1b/0`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
