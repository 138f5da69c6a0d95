"""The `Idempotency-Key` header, for whoever keeps answers by it."""

import hashlib
import re
from typing import Final

from saas.errors import DomainError

_KEY: Final = re.compile(r"[!-~]{1,255}")  # visible ASCII


def digest(key: str) -> bytes:
    """What is stored in the key's place: its SHA-256. Raises DomainError `idempotency-key-invalid` for a text that
    can't be a key.
    """
    if _KEY.fullmatch(key) is None:
        raise DomainError("idempotency-key-invalid")
    return hashlib.sha256(key.encode()).digest()
