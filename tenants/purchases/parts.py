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


def measures(branch_id: UUID, amount: int, lines: Lines | None, category: str | None = None) -> dict[str, int]:
    """What a member's purchase adds to each measure, by code, in minor units; each counts one purchase more."""
    amounts = [amount] if lines is None else [line["amount"] for line in lines]
    found = {codes.category(label): part for label, part in by_category(lines, category, amounts).items()}
    return {codes.branch(branch_id): amount, **found}
