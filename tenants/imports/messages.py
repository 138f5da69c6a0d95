"""Texts for what is wrong with rows and files, in the reader's language."""

import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

from saas.errors import LANGUAGES, Language, Texts, Word, catalogue
from saas.wording import fill


@cache
def _own() -> Mapping[str, Texts]:
    raw = tomllib.loads(Path(__file__).with_name("messages.toml").read_text(encoding="utf-8"))
    return {code: {language: texts[language] for language in LANGUAGES} for code, texts in raw.items()}


def texts_of(code: str) -> Texts:
    """Ours, else the catalogue's text of a field error. Raises LookupError for an unknown code."""
    return _own().get(code) or catalogue().fields[code]


def message(code: str, params: Mapping[str, object], language: Language) -> str:
    """One sentence for people. Raises LookupError for an unknown code."""
    if code == "wrong-type":  # a stored parameter is plain text; the catalogue's words translate it
        params = {**params, "expected": Word(params["expected"])}
    elif code == "tier-locked":
        params = {**params, "until": date.fromisoformat(str(params["until"]))}
    return fill(texts_of(code)[language], params, language)
