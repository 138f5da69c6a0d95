"""A sign-up's `Idempotency-Key`.

The answer shows an API key, and a client whose answer was lost has no other way to get at its new tenant, so
the same key with the same body gets the same answer again, as with every POST. What is kept for it is sealed:
only an installation's secret key together with the request's exact bytes (the password among them) opens it.
Database and secret keys alone give nothing away, and no fast hash of the password is stored. Another body
doesn't open it and is refused. The operator's cleaning ends all this after 24 hours.
"""

from typing import Final

import asyncpg

from saas.errors import DomainError
from saas.idempotency import digest
from saas.scope import connection, current
from saas.secrets import InvalidSecretError, decrypt, encrypt

_PURPOSE: Final = "signup-answer"


class Once:
    """One keyed sign-up. Raises DomainError `idempotency-key-invalid` for a key that can't be one."""

    def __init__(self, key: str, body: bytes) -> None:
        self._key = digest(key)
        self._bound_to = key.encode() + b"\0" + body

    async def earlier_answer(self) -> bytes | None:
        """None for the first sign-up with the key, which this scope then claims; else the first one's answer.

        Raises DomainError `idempotency-key-reused` for another body, `idempotency-in-progress` while the
        first one is at work.
        """
        try:
            tag = await connection().execute(
                "INSERT INTO platform.signup_key AS k (key, tenant_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                self._key,
                current().tenant_id,
            )
        except asyncpg.LockNotAvailableError:
            raise DomainError("idempotency-in-progress") from None
        if tag == "INSERT 0 1":
            return None
        sealed = await connection().fetchval("SELECT answer FROM platform.signup_key WHERE key = $1", self._key)
        if sealed is None:
            raise DomainError("idempotency-in-progress")  # cleaned away between the two statements
        try:
            return decrypt(_PURPOSE, sealed, bound_to=self._bound_to)
        except InvalidSecretError:
            raise DomainError("idempotency-key-reused") from None

    async def keep(self, answer: bytes) -> None:
        """Keeps the answer in the transaction of the sign-up."""
        await connection().execute(
            "UPDATE platform.signup_key SET answer = $2 WHERE key = $1",
            self._key,
            encrypt(_PURPOSE, answer, bound_to=self._bound_to),
        )
