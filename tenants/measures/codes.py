"""The codes of the measures. What each sums is said in the migration that makes `measure_day`."""

from typing import Final
from uuid import UUID

CATEGORY: Final = "category"
BRANCH: Final = "branch"
ACTIVITY: Final = "activity"
REFERRAL: Final = "referral"
TOP_UP: Final = "top_up"
POINTS: Final = "points"


def category(label: str) -> str:
    """What was bought of one category."""
    return f"{CATEGORY}:{label}"


def branch(branch_id: UUID | str) -> str:
    """What was bought at one branch; the id as its canonical text."""
    return f"{BRANCH}:{branch_id}"


def activity(kind: str | None) -> str:
    """Activities of one kind, or of all kinds."""
    return ACTIVITY if kind is None else f"{ACTIVITY}:{kind}"
