"""How an amount that names no lines is given back over them."""

from collections.abc import Sequence


def spread(amount: int, left: Sequence[int]) -> list[int]:
    """`amount` over lines of which `left` is left, pro rata and rounded down; the last line that has something left
    takes the rest, as far as it has it, then the one before it. In minor units.

    Raises ValueError for more than is left altogether, or nothing.
    """
    whole = sum(left)
    if not 0 < amount <= whole:
        raise ValueError(f"{amount} of {whole}")
    shares = [amount * part // whole for part in left]
    rest = amount - sum(shares)
    for line in reversed(range(len(left))):
        more = min(rest, left[line] - shares[line])
        shares[line] += more
        rest -= more
    return shares
