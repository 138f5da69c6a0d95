"""At most so many new chains an hour from one address of the internet.

Counted when a sign-up is about to be made, not for each form that comes back with a fault. Without Valkey people still
sign up.
"""

from typing import Final

from saas.errors import DomainError
from saas.settings import get_settings
from saas.throttle import count_one_more, hashed

_HOUR: Final = 3600


async def count_sign_up(address: str) -> None:
    """Raises DomainError `rate-limited`, with the seconds to wait."""
    most = get_settings().sign_ups_an_hour
    wait = await count_one_more("signup:address", hashed(address), most=most, seconds=_HOUR)
    if wait:
        raise DomainError("rate-limited", headers={"Retry-After": str(wait)})
