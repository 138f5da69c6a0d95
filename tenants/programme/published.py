"""How a version of the programme came into force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Transition = Literal["now", "up_only", "next_schedule", "next_purchase", "grandfather"]
"""When members get the tier that a new version gives them; `grandfather`: never by the publish itself."""

Lineage = Mapping[str, Mapping[str, str]]
"""By ladder: every code of it whose code or rank ever changed, and the code that it is now."""


@dataclass(frozen=True, slots=True)
class Published:
    """`transition` None: it moves nobody (the first rules, a roll-back). Instants are of the tenant's clock, None for
    rules that aren't in force.
    """

    transition: Transition | None = None
    published_at: datetime | None = None
    effective_at: datetime | None = None
    lineage: Lineage = field(default_factory=dict)
    rolled_back_to: int | None = None
