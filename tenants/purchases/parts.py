"""What a purchase is made of: the amounts that its measures sum."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tenants.measures import codes

Lines = Sequence[Mapping[str, Any]]
"""As stored: each with its `amount` in minor units, some with their `category`."""


def by_category(lines: Lines | None, category: str | None, amounts: Sequence[int]) -> dict[str, int]:
    """Sums `amounts`, one of each line (or a single one, of the whole), by category; what has none is left out."""
    labels = [category] if lines is None else [line.get("category") for line in lines]
    sums: dict[str, int] = {}
    for label, amount in zip(labels, amounts, strict=True):
        if label is not None:
            sums[label] = sums.get(label, 0) + amount
    return sums


def measures(branch_id: UUID, categories: Sequence[str | None], counted: Sequence[int]) -> dict[str, int]:
    """What a member's purchase adds to each measure, by code; each counts one purchase more. `counted`: of each line of
    `categories` (or of the whole, as one), in minor units.
    """
    sums = {codes.branch(branch_id): sum(counted)}
    for label, amount in zip(categories, counted, strict=True):
        if label is not None:
            code = codes.category(label)
            sums[code] = sums.get(code, 0) + amount
    return sums
