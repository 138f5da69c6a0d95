"""Who may have how many requests in the air: no chain's servers, and not all the slow ones together, hold up the rest.

All endpoints that are slow, or of which nobody knows yet, share half of the places: however many of them there are, the
events of the others find room.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from tenants.webhooks.pace import Pair

AT_ONCE: Final = 256
OF_THE_SLOW: Final = AT_ONCE // 2
OF_A_CHAIN: Final = 20  # no fewer than it may have endpoints: each has a place
OF_AN_ENDPOINT: Final = 8
OF_A_FAILING_ONE: Final = 1
_NOBODY: Final = (UUID(int=0), UUID(int=0))


class Sharing:
    """The places of one dispatcher. It remembers whose turn it was last, so that everybody's comes."""

    def __init__(self) -> None:
        self._quick_turn = self._slow_turn = _NOBODY

    def rooms(self, due: Mapping[Pair, bool], out: Counter[Pair], quick: Collection[Pair]) -> dict[Pair, int]:
        """How many more of each endpoint may go now, only those that may. `due` says of each whether its last try
        failed; `out`: what is in the air already; `quick`: who answers quickly. The slow ones divide evenly what is
        left of their half; what they don't use is the others'.
        """
        round_ = _Round(due, out)
        slow = sum(n for pair, n in out.items() if pair not in quick)
        waiting = _in_turn([pair for pair in due if pair not in quick], self._slow_turn)
        free = max(0, min(round_.free, OF_THE_SLOW - slow))
        even = max(1, free // max(1, len(waiting)))
        for pair in waiting:
            got = round_.give(pair, min(even, free))
            if got:
                free, self._slow_turn = free - got, pair
        for pair in _in_turn([pair for pair in due if pair in quick], self._quick_turn):
            if round_.give(pair, OF_AN_ENDPOINT):
                self._quick_turn = pair
        return round_.rooms


class _Round:
    def __init__(self, due: Mapping[Pair, bool], out: Counter[Pair]) -> None:
        self.rooms: dict[Pair, int] = {}
        self.free = AT_ONCE - out.total()
        self._due, self._out = due, out
        self._of_chain = Counter(tenant_id for tenant_id, _ in out.elements())
        self._endpoints = Counter(tenant_id for tenant_id, _ in due)

    def give(self, pair: Pair, most: int) -> int:
        """Up to `most` places: a chain's endpoints share what the chain may have."""
        share = OF_A_FAILING_ONE if self._due[pair] else OF_A_CHAIN // self._endpoints[pair[0]]
        own = min(OF_AN_ENDPOINT, max(1, share)) - self._out[pair]
        room = min(own, most, OF_A_CHAIN - self._of_chain[pair[0]], self.free)
        if room <= 0:
            return 0
        self.rooms[pair] = room
        self._of_chain[pair[0]] += room
        self.free -= room
        return room


def _in_turn(pairs: list[Pair], last: Pair) -> list[Pair]:
    return sorted(pairs, key=lambda one: (one <= last, one))
