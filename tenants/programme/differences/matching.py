"""Which item of an older list is which of a newer one, and which of them have changed their places."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Matched:
    """Places (older, newer) of what both have, in the newer order; of what only one has; and of the newer places those
    that stand elsewhere among what both have: the fewest that explain the order.
    """

    pairs: tuple[tuple[int, int], ...]
    removed: tuple[int, ...]
    added: tuple[int, ...]
    moved: frozenset[int]


def by_key(old: Sequence[Hashable], new: Sequence[Hashable]) -> Matched:
    """Equal keys are the same item; of repeated ones the first is the first."""
    return matched(old, new, lambda a, b: a == b)


def matched(old: Sequence[_Item], new: Sequence[_Item], *same: Callable[[_Item, _Item], bool]) -> Matched:
    """`same`: from the strictest test to the most lenient; an older item takes the first newer one left that passes."""
    of: dict[int, int] = {}  # newer place → older place
    left = list(range(len(old)))
    for test in same:
        for i in list(left):
            j = next((j for j, item in enumerate(new) if j not in of and test(old[i], item)), None)
            if j is not None:
                of[j] = i
                left.remove(i)
    pairs = tuple((of[j], j) for j in range(len(new)) if j in of)
    stays = _longest_rising([i for i, _ in pairs])
    moved = frozenset(j for place, (_, j) in enumerate(pairs) if place not in stays)
    added = tuple(j for j in range(len(new)) if j not in of)
    return Matched(pairs, tuple(left), added, moved)


def _longest_rising(values: Sequence[int]) -> set[int]:
    """The places of a longest rising subsequence."""
    best: list[list[int]] = []  # at each place, the longest that ends there
    for n, value in enumerate(values):
        before: list[int] = max((best[m] for m in range(n) if values[m] < value), key=len, default=[])
        best.append([*before, n])
    longest: list[int] = max(best, key=len, default=[])
    return set(longest)
