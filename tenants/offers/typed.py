"""Forms: what was typed as a body of the API, and what is wrong with it beside its field.

A form's field is called as the pointer of its value, `_` between the parts: `value_amount` is `/value/amount`.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from pydantic import BaseModel
from uuid_utils.compat import uuid7

from saas.errors import LANGUAGES, DomainError, FieldError, InvalidValueError, Language, catalogue, pointer
from saas.money import parse_decimal_amount, to_decimal, ungrouped
from saas.validation import parse_body
from saas.wording import field_message, fill

M = TypeVar("M", bound=BaseModel)
Form = Mapping[str, str]
YES: Final = "yes"
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,15}")
_BETWEEN: Final = re.compile(r"[,;|、\n]")
_ANY_BETWEEN: Final = re.compile(r"[,;|，；｜、]")


class Typed:
    """A form's fields as values. What can't be read is remembered and said by `body`, with all else that is wrong."""

    def __init__(self, form: Form, currency: str) -> None:
        self._form, self._currency = form, currency
        self._faults: dict[str, FieldError] = {}

    def text(self, name: str) -> str | None:
        return self._form.get(name, "").strip() or None

    def plain(self, name: str) -> str | None:
        """The same for codes and numbers: full-width characters of an input method become plain ones."""
        return unicodedata.normalize("NFKC", self._form.get(name, "")).strip() or None

    def yes(self, name: str) -> bool:
        return bool(self._form.get(name))

    def listed(self, name: str) -> list[str]:
        """Several with commas or new lines between them."""
        parts = _BETWEEN.split(self.plain(name) or "")
        return list(dict.fromkeys(part.strip() for part in parts if part.strip()))

    def labels(self, name: str, before: Collection[str] = ()) -> list[str]:
        """The same of what tills write as they like, so it stays as it is: 烟酒（进口）. One of `before` that stands on
        a line of its own stays whole: 烟、酒.
        """
        found: list[str] = []
        for line in self._form.get(name, "").splitlines():
            whole = line.strip()
            found += [whole] if whole in before else [part.strip() for part in _ANY_BETWEEN.split(whole)]
        return list(dict.fromkeys(one for one in found if one))

    def money(self, name: str, *, above_zero: bool = False) -> int | None:
        """Minor units of an amount in currency units."""
        text = self.plain(name)
        if text is None:
            return None
        try:
            minor = parse_decimal_amount(ungrouped(text.lstrip("¥$€£ ")), self._currency)
        except InvalidValueError as error:
            self._wrong(error.field_error(pointer(name)))
            return None
        if minor < 0:
            self._wrong(FieldError(pointer(name), "too-small", {"min": 0}))
        if above_zero and minor == 0:
            self._wrong(FieldError(pointer(name), "not-greater", {"min": 0}))
        return minor

    def whole(self, name: str) -> int | None:
        text = self.plain(name)
        if text is None:
            return None
        digits = ungrouped(text)
        if _WHOLE.fullmatch(digits) is None:
            self._wrong(FieldError(pointer(name), "invalid-number"))
            return None
        return int(digits)

    def names(self) -> dict[str, str | None]:
        """The text in both languages; who writes one of them means it for both."""
        given = {language: self.text(f"names_{language}") for language in LANGUAGES}
        either = next((text for text in given.values() if text), None)
        if either is None:
            for language in LANGUAGES:
                self.missing(f"names_{language}")
        return {language: text or either for language, text in given.items()}

    def _wrong(self, fault: FieldError) -> None:
        self._faults[fault.pointer] = fault

    def missing(self, name: str) -> None:
        """Says that the field is needed."""
        self._faults.setdefault(pointer(name), FieldError(pointer(name), "required"))

    def refuse(self, name: str, code: str) -> None:
        """Says what is wrong with the field."""
        self._wrong(FieldError(pointer(name), code))

    def body(self, model: type[M], values: Mapping[str, Any]) -> M:
        """The values as the API's body. Raises DomainError `validation-failed` with everything that is wrong."""
        mine = list(self._faults.values())
        try:
            made = parse_body(model, json.dumps(values).encode())
        except DomainError as error:
            if error.code != "validation-failed":
                raise
            raise DomainError("validation-failed", errors=[*mine, *error.errors]) from None
        if mine:
            raise DomainError("validation-failed", errors=mine)
        return made


@dataclass(frozen=True, slots=True)
class Told:
    """A problem in the reader's language. `fields`: messages by the names of the form's fields; `others`: those that
    belong to none of them.
    """

    code: str
    title: str
    detail: str
    fields: dict[str, str]
    others: list[str]
    status: int


def told(error: DomainError, language: Language, currency: str, fields: Collection[str] = ()) -> Told:
    """The error for people, for a form of these fields. Raises it again where it is no fault of a form."""
    if error.code == "not-found":
        raise error
    error.in_currency(currency)
    problem = catalogue().problems[error.code]
    said: dict[str, str] = {}
    others = []
    for one in error.errors:
        name, message = field_of(one.pointer, fields), field_message(one, language)
        if name:
            said.setdefault(name, message)
        else:
            others.append(message)
    params = {**problem.defaults, "count": len(error.errors), **error.params}
    detail = fill(problem.detail[language], params, language)
    return Told(error.code, problem.title[language], detail, said, others, problem.status)


def field_of(at: str, fields: Collection[str]) -> str:
    """`/value/amount` → value_amount, `/branches/3` → branches; empty for what no field is about."""
    parts = [part for part in at.lstrip("/").split("/") if not part.isdigit()]
    names = ("_".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((name for name in names if name in fields), "")


def amount_typed(minor: int | None, currency: str) -> str:
    """Money as a form's field has it: 1250 CNY is 12.50."""
    return "" if minor is None else f"{to_decimal(minor, currency):f}"


def new_act() -> str:
    """For a form that does something once, however often it is sent."""
    return str(uuid7())


def act_of(form: Form) -> UUID:
    """The form's own. Raises DomainError `bad-request` for one that isn't ours."""
    try:
        return UUID(form.get("act", ""))
    except ValueError:
        raise DomainError("bad-request") from None
