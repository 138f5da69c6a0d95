"""At most so many tries to log in: per account, and per address of the caller, in Valkey.

A try counts before the password is looked at, so that many at once can't slip through; a good one takes
its count back. Without Valkey people still log in (argon2 alone makes guessing slow), and the log says so.
"""

from dataclasses import dataclass
from typing import Final

import structlog
from redis.exceptions import RedisError

from saas import valkey
from saas.security_log import noted
from saas.throttle import hashed

log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(__name__)

WINDOW_SECONDS: Final = 15 * 60
TRIES_PER_ACCOUNT: Final = 10
TRIES_PER_ADDRESS: Final = 30  # the tills and offices of a shop share one

# Counts both keys in one step; the first try of a window sets its end. Answers the longest wait, 0 for none.
_TRY: Final = """
local wait = 0
for i = 1, 2 do
  local tries = redis.call('INCR', KEYS[i])
  if tries == 1 then redis.call('EXPIRE', KEYS[i], ARGV[1]) end
  if tries > tonumber(ARGV[1 + i]) then wait = math.max(wait, redis.call('TTL', KEYS[i])) end
end
return wait
"""
# A good log-in forgets the account's tries, and takes back its own from the address.
_FORGIVE: Final = """
redis.call('DEL', KEYS[1])
if tonumber(redis.call('GET', KEYS[2]) or '0') > 0 then redis.call('DECR', KEYS[2]) end
return 0
"""


@dataclass(frozen=True, slots=True)
class Tries:
    """The counters of one account and one address. Their keys hold hashes, not e-mail addresses."""

    account: str
    address: str

    @classmethod
    def of(cls, email: str, address: str, *, door: str = "login") -> "Tries":
        """At one door: what is tried at another one counts there."""
        return cls(f"{door}:account:{hashed(email)}", f"{door}:address:{hashed(address)}")

    async def count(self) -> int:
        """Counts a try. Seconds to wait if it is one too many, else 0."""
        wait = await self._run(_TRY, WINDOW_SECONDS, TRIES_PER_ACCOUNT, TRIES_PER_ADDRESS)
        if wait > 0:
            noted("throttled", door=self.account.partition(":")[0])
        return wait

    async def forgive(self) -> None:
        """The password was right."""
        await self._run(_FORGIVE)

    async def _run(self, script: str, *arguments: int) -> int:
        try:
            return int(await valkey.line().ask("EVAL", script, 2, self.account, self.address, *arguments))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("log-in throttle unavailable", error=type(error).__name__)
            return 0
