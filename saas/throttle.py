"""How often the same may be tried in a while, counted in Valkey: it lasts though what was tried is rolled back."""

import hashlib
from typing import Final

import structlog
from redis.exceptions import RedisError

from saas import valkey

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

# The first of a window sets its end. Answers how long to wait, 0 for not at all.
_COUNT: Final = """
local tries = redis.call('INCR', KEYS[1])
if tries == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
if tries > tonumber(ARGV[2]) then return math.max(1, redis.call('TTL', KEYS[1])) end
return 0
"""


async def count_one_more(what: str, of: str, *, most: int, seconds: int) -> int | None:
    """Counts one more of `what` for `of`. Seconds to wait where there are more than `most` in `seconds`, else 0; None
    where nothing could be counted: Valkey is away, and the log says so.
    """
    try:
        return int(await valkey.line().ask("EVAL", _COUNT, 1, f"{what}:{of}", seconds, most))
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("throttle unavailable", error=type(error).__name__, what=what)
        return None


async def forget(what: str, of: str) -> None:
    """What was counted counts no more."""
    try:
        await valkey.line().ask("DEL", f"{what}:{of}")
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("throttle unavailable", error=type(error).__name__, what=what)


def hashed(text: str) -> str:
    """An address, an e-mail address, a phone: Valkey's keys tell nobody's."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
