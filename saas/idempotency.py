"""The `Idempotency-Key` header, for whoever keeps answers by it."""

import hashlib
import re
from typing import Final

from saas.errors import DomainError

_KEY: Final = re.compile(r"[!-~]{1,255}")  # visible ASCII


def can_be_key(text: str | None) -> bool:
    """Whether a request may carry this key; none is fine."""
    return text is None or _KEY.fullmatch(text) is not None


def digest(key: str) -> bytes:
    """What is stored in the key's place: its SHA-256. Raises DomainError `idempotency-key-invalid` for a text that
    can't be a key.
    """
    if not can_be_key(key):
        raise DomainError("idempotency-key-invalid")
    return hashlib.sha256(key.encode()).digest()
