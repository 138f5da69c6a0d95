"""Whole numbers out of texts that anybody may have written."""

from typing import Final

LONGEST: Final = 15
"""More digits than any number of ours has; Python itself refuses to read thousands of them."""


def number_of(text: str) -> int | None:
    """The number that plain digits say, no sign; None for anything else: ², ٣, and digits without end."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST else None
