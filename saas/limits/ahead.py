"""Requests of a caller that is at it are counted some at a time.

Asking Valkey costs as much as a tenth of what most requests do. So for who has just used up what was taken for it,
several times in a row, a process takes more than one request's worth from the buckets, at most an eighth of what is
left, and serves the next ones out of that. What was taken counts as sent, so no more gets through than without; what
isn't used within half a second is given up.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Final

from saas.limits.buckets import BURST_SECONDS, Bucket, Level, Taken

SECONDS: Final = 0.5
MOST: Final = 16
_SHARE: Final = 8
_BEGINNING: Final = 3


class Account:
    """A caller's buckets, and what this process has taken ahead from them. `rate`: by which they were made."""

    __slots__ = ("_asking", "_levels", "_run", "_size", "_spare", "_until", "buckets", "policy", "rate")

    def __init__(self, rate: int, buckets: Sequence[Bucket]) -> None:
        self.rate, self.buckets = rate, tuple(buckets)
        self.policy = ", ".join(f'"{bucket.name}";q={bucket.size};w={BURST_SECONDS}' for bucket in buckets)
        self._levels: tuple[Level, ...] = ()
        self._size, self._run, self._spare, self._until, self._asking = 1, 0, 0, 0.0, False

    def spend(self) -> bool:
        """Whether a request was taken ahead; then it is used now."""
        if self._spare == 0 or monotonic() >= self._until:
            return False
        self._spare -= 1
        return True

    def wanted(self) -> int:
        """For how many requests to ask Valkey now; `told` has to follow. While one asks, others ask for themselves."""
        if self._asking:
            return 1
        now = monotonic()
        if now >= self._until + SECONDS:
            self._run, self._size = 0, 1
        elif now >= self._until:  # slower than what was taken: next time as many as were used
            self._size = max(self._size - self._spare, 1)
        else:
            self._run += 1
            self._size = min(self._size * 2, MOST) if self._run > _BEGINNING else 1
        self._spare = 0
        left = min((level.left for level in self._levels), default=0)
        self._asking = True
        return max(min(self._size, left // _SHARE), 1)

    def told(self, taken: Taken | None, wanted: int) -> None:
        """What Valkey said (None: nothing); where it had enough, one of them is the asking request's own."""
        self._asking = False
        if taken is None:
            return
        self._levels = taken.levels
        if taken.short is None:
            self._spare += wanted - 1
            self._until = monotonic() + SECONDS

    def level(self) -> str:
        """draft-ietf-httpapi-ratelimit-headers-10: of each policy what is left and when it is full."""
        return ", ".join(
            f'"{bucket.name}";r={level.left + self._spare};t={level.full_in}'
            for bucket, level in zip(self.buckets, self._levels, strict=True)
        )
