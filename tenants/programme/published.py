"""How a version of the programme came into force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Transition = Literal["now", "up_only", "next_schedule", "next_purchase", "grandfather"]
"""When members get the tier that a new version gives them; `grandfather`: never by the publish itself."""

Lineage = Mapping[str, Mapping[str, str]]
"""By ladder: every code of it whose code or rank ever changed, and the code that it is now."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """What the last run, as of `at`, did under rules of before that renew until the next schedule without a word: a
    validity that was over on `day`, its T, has begun anew that day and lasts `until`.
    """

    at: datetime
    day: date
    until: date


Kept = Mapping[str, Sequence[Renewed]]
"""By ladder, in their order: what such runs did to validities, which no row tells."""


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
    kept: Kept = field(default_factory=dict)
