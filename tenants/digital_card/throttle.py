"""How often the same may be done from outside."""

from saas.errors import DomainError
from saas.throttle import count_one_more, hashed


async def count(what: str, of: str, most: int, seconds: int, *, must: bool = False) -> None:
    """Counts one more of `what` for `of` (an address, a phone: kept as a hash).

    Raises DomainError `rate-limited` with Retry-After for more than `most` in `seconds`; where nothing can be counted,
    `unavailable` if it `must` be.
    """
    wait = await count_one_more(what, hashed(of), most=most, seconds=seconds)
    if wait is None and must:
        raise DomainError("unavailable")
    if wait:
        raise DomainError("rate-limited", headers={"Retry-After": str(wait)})
