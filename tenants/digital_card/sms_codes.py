"""Six digits that were sent to a phone and come back from it: for five minutes, five tries, once.

They live in Valkey alone, hashed under the installation's key: gone by themselves, and a restart costs one more SMS.
"""

import secrets
from typing import Final

from redis.exceptions import RedisError

from saas import valkey
from saas.errors import DomainError
from saas.secrets import keyed_hashes
from saas.settings import get_settings
from tenants.confirming.consent import SMS_DIGITS

MINUTES: Final = 5
TRIES: Final = 5
_PURPOSE: Final = "phone-code"

# A try counts before it is looked at. A right one takes the code away: it holds once.
_CHECK: Final = """
local kept = redis.call('GET', KEYS[1])
if not kept then return 0 end
if redis.call('INCR', KEYS[2]) > tonumber(ARGV[1]) then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('EXPIRE', KEYS[2], ARGV[2])
for i = 3, #ARGV do
  if ARGV[i] == kept then
    redis.call('DEL', KEYS[1], KEYS[2])
    return 1
  end
end
return 0
"""


def can_send() -> bool:
    """Whether an SMS reaches anybody: a gateway, or on one machine the folder that its owner reads."""
    settings = get_settings()
    return bool(settings.sms_gateway_url) or settings.environment != "production"


async def new_code(about: str) -> str:
    """The digits to send; those before them hold no more. Raises DomainError `unavailable`."""
    code = f"{secrets.randbelow(10**SMS_DIGITS):0{SMS_DIGITS}d}"
    try:
        await valkey.line().ask("SET", _key(about), _hashes(about, code)[0], "EX", MINUTES * 60)
        await valkey.line().ask("DEL", _tries(about))
    except (RedisError, OSError, TimeoutError):
        raise DomainError("unavailable") from None
    return code


async def check_code(about: str, code: str) -> bool:
    """Whether these are the digits that were sent; then they are used up. Raises DomainError `unavailable`."""
    hashes = _hashes(about, code.strip())
    try:
        answer = await valkey.line().ask("EVAL", _CHECK, 2, _key(about), _tries(about), TRIES, MINUTES * 60, *hashes)
    except (RedisError, OSError, TimeoutError):
        raise DomainError("unavailable") from None
    return int(answer) == 1


def _hashes(about: str, code: str) -> list[str]:
    return [one.hex() for one in keyed_hashes(_PURPOSE, code.encode(), bound_to=about.encode())]


def _key(about: str) -> str:
    return f"phone-code:{about}"


def _tries(about: str) -> str:
    return f"phone-code-tries:{about}"
