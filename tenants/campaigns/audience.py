"""A campaign's audience: a segment by its code, as the system sees it."""

from typing import Final

from saas.errors import DomainError
from tenants.segments.segment import condition_named
from tenants.segments.selecting import Segment, segment_of

_UNANSWERABLE: Final = frozenset({"segment-outdated"})


async def audience_of(code: str, *, patience: float | None = None) -> Segment | None:
    """The segment as of now; None where it is gone or names what is gone: then nobody is in it.

    Whoever asks: that a campaign may use it was asked when it was started. Walks end after `patience` seconds.
    """
    condition = await condition_named(code)
    if condition is None:
        return None
    more = {} if patience is None else {"patience": patience}
    try:
        return await segment_of(condition, by_system=True, **more)
    except DomainError as error:
        if error.code not in _UNANSWERABLE:
            raise
        return None
