"""At most five wrong consents a member in fifteen minutes, and few SMS codes, counted in Valkey: what counts must
last though the request that tried is rolled back.

A try counts before it is looked at, so that many at once can't slip through; a good one takes the count back. Six
digits are guessed in minutes by whoever may try for ever, so nothing short passes while Valkey is away.
"""

from typing import Final
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from saas.errors import DomainError
from saas.settings import get_settings

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

WINDOW_SECONDS: Final = 15 * 60
WRONG_TRIES: Final = 5
SMS_CODES: Final = 3

# The first try of a window sets its end. Answers how long to wait, 0 for none.
_COUNT: Final = """
local tries = redis.call('INCR', KEYS[1])
if tries == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
if tries > tonumber(ARGV[2]) then return math.max(1, redis.call('TTL', KEYS[1])) end
return 0
"""
_FORGET: Final = "return redis.call('DEL', KEYS[1])"


async def count_try(tenant_id: UUID, member_id: UUID, *, guessable: bool) -> None:
    """Counts a consent that is about to be looked at.

    Raises DomainError `rate-limited` with Retry-After where there were five wrong ones, `unavailable` where a
    guessable one (digits) can't be counted.
    """
    wait = await _run(_COUNT, f"consent:{tenant_id}:{member_id}", WINDOW_SECONDS, WRONG_TRIES)
    if wait is None and guessable:
        raise DomainError("unavailable")
    _refuse(wait)


async def forgive(tenant_id: UUID, member_id: UUID) -> None:
    """The consent was right: the tries before it are forgotten."""
    await _run(_FORGET, f"consent:{tenant_id}:{member_id}")


async def count_sms(tenant_id: UUID, member_id: UUID) -> None:
    """Counts an SMS that is about to be sent: three in fifteen minutes. Raises as `count_try` does for digits."""
    wait = await _run(_COUNT, f"consent-sms:{tenant_id}:{member_id}", WINDOW_SECONDS, SMS_CODES)
    if wait is None:
        raise DomainError("unavailable")
    _refuse(wait)


def _refuse(wait: int | None) -> None:
    if wait:
        raise DomainError("rate-limited", headers={"Retry-After": str(wait)})


async def _run(script: str, key: str, *arguments: int) -> int | None:
    """The script's answer; None where Valkey is away."""
    redis = Redis.from_url(get_settings().redis_url.get_secret_value(), socket_timeout=1, socket_connect_timeout=1)
    try:
        return int(await redis.eval(script, 1, key, *[str(a) for a in arguments]))
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("consent throttle unavailable", error=type(error).__name__)
        return None
    finally:
        await redis.aclose()
