"""Which of our languages a reader gets."""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from babel import negotiate_locale

from saas.errors import DEFAULT_LANGUAGE, Language

_LONGEST_ACCEPT_LANGUAGE: Final = 500
_LANGUAGE_OF: Final[Mapping[str, Language]] = {"zh": "zh-CN", "en": "en"}


@lru_cache(maxsize=256)
def negotiate_language(accept_language: str | None) -> Language:
    """The best of our languages for an `Accept-Language` value: any Chinese is zh-CN, any English en."""
    weighted: list[tuple[float, str]] = []
    for part in (accept_language or "")[:_LONGEST_ACCEPT_LANGUAGE].split(","):
        tag, _, weight = part.partition(";")
        quality = _quality(weight.strip())
        if tag.strip() and quality > 0:
            weighted.append((quality, tag.strip()))
    weighted.sort(key=lambda entry: -entry[0])  # stable: equals keep the reader's order
    best = negotiate_locale([tag for _, tag in weighted], list(_LANGUAGE_OF), sep="-")
    return _LANGUAGE_OF[best.lower()] if best else DEFAULT_LANGUAGE


def _quality(weight: str) -> float:
    """`q=0.8` is 0.8; none is 1; what can't be read, or isn't in 0…1, is 0."""
    if not weight:
        return 1.0
    try:
        quality = float(weight.lower().removeprefix("q="))
    except ValueError:
        return 0.0
    return quality if math.isfinite(quality) and 0 <= quality <= 1 else 0.0
