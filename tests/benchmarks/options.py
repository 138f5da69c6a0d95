"""What a run was asked for."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """`members`: of the chain that is recalculated. `quick`: small sizes, to see that everything works."""

    members: int
    quick: bool


def say(line: str) -> None:
    """Progress: beside the table, not in it."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
