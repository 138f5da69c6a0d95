"""At most five wrong consents a member in fifteen minutes, and few SMS codes, counted in Valkey: what counts must
last though the request that tried is rolled back.

A try counts before it is looked at, so that many at once can't slip through; a good one takes the count back. Six
digits are guessed in minutes by whoever may try for ever, so nothing short passes while Valkey is away.
"""

from typing import Final
from uuid import UUID

from saas.errors import DomainError
from saas.throttle import count_one_more, forget

WINDOW_SECONDS: Final = 15 * 60
WRONG_TRIES: Final = 5
SMS_CODES: Final = 3


async def count_try(tenant_id: UUID, member_id: UUID, *, guessable: bool) -> None:
    """Counts a consent that is about to be looked at.

    Raises DomainError `rate-limited` with Retry-After where there were five wrong ones, `unavailable` where a
    guessable one (digits) can't be counted.
    """
    wait = await count_one_more("consent", f"{tenant_id}:{member_id}", most=WRONG_TRIES, seconds=WINDOW_SECONDS)
    if wait is None and guessable:
        raise DomainError("unavailable")
    _refuse(wait)


async def forgive(tenant_id: UUID, member_id: UUID) -> None:
    """The consent was right: the tries before it are forgotten."""
    await forget("consent", f"{tenant_id}:{member_id}")


async def count_sms(tenant_id: UUID, member_id: UUID) -> None:
    """Counts an SMS that is about to be sent: three in fifteen minutes. Raises as `count_try` does for digits."""
    wait = await count_one_more("consent-sms", f"{tenant_id}:{member_id}", most=SMS_CODES, seconds=WINDOW_SECONDS)
    if wait is None:
        raise DomainError("unavailable")
    _refuse(wait)


def _refuse(wait: int | None) -> None:
    if wait:
        raise DomainError("rate-limited", headers={"Retry-After": str(wait)})
