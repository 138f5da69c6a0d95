"""How quickly endpoints answer, as one dispatcher has seen it."""

from collections import OrderedDict
from typing import Final
from uuid import UUID

Pair = tuple[UUID, UUID]
"""Tenant and endpoint."""

QUICK_SECONDS: Final = 1.0
_OF_THE_LAST: Final = 0.3
_KNOWN: Final = 20_000


class Pace:
    """The weighted mean of each endpoint's seconds, the last ones counting most. The endpoints that were tried last are
    remembered.
    """

    def __init__(self) -> None:
        self._mean: OrderedDict[Pair, float] = OrderedDict()

    def took(self, pair: Pair, seconds: float) -> None:
        """Whatever came of the try: one that timed out has taken as long."""
        before = self._mean.pop(pair, seconds)
        self._mean[pair] = before + _OF_THE_LAST * (seconds - before)
        if len(self._mean) > _KNOWN:
            self._mean.popitem(last=False)

    def quick(self, pair: Pair) -> bool:
        """Whether it lately answered within a second. Of who was never tried, nobody knows."""
        mean = self._mean.get(pair)
        return mean is not None and mean <= QUICK_SECONDS
