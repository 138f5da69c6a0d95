"""Time-based one-time passwords, RFC 6238 with the parameters that every app understands: SHA-1, six digits, 30 s."""

import base64
import hmac
import secrets
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

DIGITS: Final = 6
STEP_SECONDS: Final = 30
WINDOW: Final = 1
"""Steps before and after now that are taken, too: clocks differ, and people type (RFC 6238, 5.2)."""
_SECRET_BYTES: Final = 20  # RFC 4226, section 4, R6: the length of the hash
_ISSUER: Final = "Regulars"


def new_secret() -> bytes:
    """160 random bits."""
    return secrets.token_bytes(_SECRET_BYTES)


def shown(secret: bytes) -> str:
    """The secret as people type it: base32 in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[n : n + 4] for n in range(0, len(text), 4))


def address(secret: bytes, email: str) -> str:
    """The `otpauth:` address that the QR code holds."""
    label = quote(f"{_ISSUER}:{email}", safe="")
    return f"otpauth://totp/{label}?secret={base64.b32encode(secret).decode()}&issuer={_ISSUER}"


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step."""
    return _totp(secret).generate(step * STEP_SECONDS).decode()


def step_of(secret: bytes, code: str, now: float) -> int | None:
    """The time step that a code belongs to, if it is right at `now` (seconds since 1970) or one step around it."""
    present = int(now) // STEP_SECONDS
    found = None
    for step in range(max(present - WINDOW, 0), present + WINDOW + 1):
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode("utf-8", "replace")):
            found = step
    return found


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS, enforce_key_length=False)  # noqa: S303 - as RFC 6238 has it  # nosec B303
