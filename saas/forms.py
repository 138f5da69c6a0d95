"""What pages do with a sent form: its texts, and what is wrong with it in the reader's language."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Request

from saas.errors import DomainError, catalogue
from saas.pages import reader_of
from saas.wording import field_message, fill


def mark(shown: object) -> str:
    """So many letters that what a form began with shares with its equals: its hidden field `seen`. JSON data."""
    return hashlib.sha256(json.dumps(shown, sort_keys=True, default=str).encode()).hexdigest()[:16]


def require_as_seen(form: Mapping[str, str], shown: object) -> None:
    """That what is to be changed is what the form began with, so that an old tab puts nothing back. A form that doesn't
    say passes. Raises DomainError `changed-meanwhile`.
    """
    if form.get("seen", mark(shown)) != mark(shown):
        raise DomainError("changed-meanwhile")


@dataclass(frozen=True, slots=True)
class Told:
    """What went wrong: of the whole, and by field. `status` is the answer's."""

    title: str
    detail: str
    fields: dict[str, str]
    status: int


async def texts_of(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The form's text fields."""
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def told(request: Request[Any, Any, Any], error: DomainError) -> Told:
    """The error for people. What is wrong inside of a field (one of several) is said of the field."""
    problem, language = catalogue().problems[error.code], reader_of(request).language
    params = {**problem.defaults, "count": len(error.errors), **error.params}
    fields = {one.pointer.lstrip("/").partition("/")[0]: field_message(one, language) for one in error.errors}
    return Told(problem.title[language], fill(problem.detail[language], params, language), fields, problem.status)
