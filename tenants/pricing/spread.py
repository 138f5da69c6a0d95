"""An amount over lines: pro rata, rounded down, the last line takes the rest."""

from collections.abc import Sequence


def spread(amount: int, weights: Sequence[int], room: Sequence[int] | None = None) -> list[int]:
    """`amount` over lines, pro rata to `weights` and rounded down; the last line takes the rest, as far as it has room,
    then the one before it. No line gets more than its `room` (default: its weight). In minor units.

    Raises ValueError for less than nothing, or more than there is room for.
    """
    room = weights if room is None else room
    whole = sum(weights)
    if not 0 <= amount <= sum(room):
        raise ValueError(f"{amount} of {sum(room)}")
    shares = [min(amount * weight // whole, most) if whole else 0 for weight, most in zip(weights, room, strict=True)]
    rest = amount - sum(shares)
    for line in range(len(shares) - 1, -1, -1):
        if not rest:
            break
        more = min(rest, room[line] - shares[line])
        shares[line] += more
        rest -= more
    return shares
