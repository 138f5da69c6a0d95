"""Signing and encrypting with the installation's secret keys.

`SECRET_KEYS` lists them, the newest first. The newest signs and encrypts, all of them verify and decrypt: to
rotate, put a new key in front and drop the old one once what it made has ended. Each purpose has its own key,
derived by HKDF-SHA-256 (RFC 5869), so that a token made for one purpose means nothing to another.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from saas.settings import get_settings, split_keys

_TAG_BYTES: Final = 32


class InvalidSecretError(ValueError):
    """A token that none of today's keys made for this purpose."""


def new_secret_key() -> str:
    """256 random bits as text, for the front of `SECRET_KEYS`."""
    return secrets.token_urlsafe(32)


def secret_keys() -> tuple[bytes, ...]:
    """The installation's keys, the newest first: one at least, all long enough (the settings see to it)."""
    return tuple(key.encode() for key in split_keys(get_settings().secret_keys))


def _derive(key: bytes, purpose: str, bound_to: bytes) -> bytes:
    salt = hashlib.sha256(bound_to).digest() if bound_to else None
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=f"regulars:{purpose}".encode()).derive(key)


def sign(purpose: str, data: bytes) -> str:
    """`data`, readable, with an HMAC-SHA-256 by the newest key; URL-safe text without padding."""
    tag = hmac.digest(_derive(secret_keys()[0], f"sign:{purpose}", b""), data, "sha256")
    return base64.urlsafe_b64encode(tag + data).decode().rstrip("=")


def verify(purpose: str, token: str) -> bytes:
    """The data of a token that `sign` made for `purpose`. Raises InvalidSecretError for any other."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidSecretError("not a token") from None
    tag, data = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    for key in secret_keys():
        if hmac.compare_digest(tag, hmac.digest(_derive(key, f"sign:{purpose}", b""), data, "sha256")):
            return data
    raise InvalidSecretError("not signed by a key in use")


def keyed_hashes(purpose: str, data: bytes, *, bound_to: bytes = b"") -> list[bytes]:
    """HMAC-SHA-256 of `data` under each key, the newest first: equal data is known again, by whoever has the keys.

    Keep the first; look for all. What was kept under a key that is dropped later isn't found any more.
    """
    return [hmac.digest(_derive(key, f"hash:{purpose}", bound_to), data, "sha256") for key in secret_keys()]


def encrypt(purpose: str, data: bytes, *, bound_to: bytes = b"") -> str:
    """`data` under the newest key (Fernet: AES-128-CBC, HMAC-SHA-256).

    `bound_to` takes part in the key: only who has those bytes too can open it.
    """
    return _box(purpose, bound_to).encrypt(data).decode()


def decrypt(purpose: str, token: str, *, bound_to: bytes = b"") -> bytes:
    """What `encrypt` sealed for this purpose and these bytes. Raises InvalidSecretError for anything else."""
    try:
        return _box(purpose, bound_to).decrypt(token.encode())
    except InvalidToken:
        raise InvalidSecretError("not encrypted by a key in use") from None


def _box(purpose: str, bound_to: bytes) -> MultiFernet:
    derived = (_derive(key, f"encrypt:{purpose}", bound_to) for key in secret_keys())
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
