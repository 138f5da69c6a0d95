"""What went wrong, as a page says it: of the whole, and beside the field."""

from dataclasses import dataclass
from typing import Final

from saas.errors import DomainError, Language, catalogue
from saas.wording import field_message, fill

_OF_FIELD: Final = {
    "phone-taken": "phone",
    "card-taken": "card_no",
    "card-lost": "card_no",
    "external-id-taken": "external_id",
}


@dataclass(frozen=True, slots=True)
class Told:
    """A problem in the reader's language. `fields`: messages by the names of a form's fields."""

    code: str
    title: str
    detail: str
    fields: dict[str, str]
    status: int


def told(error: DomainError, language: Language) -> Told:
    problem = catalogue().problems[error.code]
    params = {**problem.defaults, "count": len(error.errors), **error.params}
    fields: dict[str, str] = {}
    for one in error.errors:
        fields.setdefault(_field(one.pointer), field_message(one, language))
    if not fields and error.code in _OF_FIELD:
        fields[_OF_FIELD[error.code]] = problem.title[language]
    detail = fill(problem.detail[language], params, language)
    return Told(error.code, problem.title[language], fields.pop("", detail), fields, problem.status)


def _field(pointer: str) -> str:
    """`/tags/0` → tags, `/attributes/size` → attributes_size."""
    parts = pointer.lstrip("/").split("/")
    return "_".join(parts[:2]) if parts[0] in {"attributes", "consents"} else parts[0]
