"""What a task's rule says: what the branch does with each member of some tiers, or of a segment, and how often.

Templates bring rules in this shape; a chain's own are made in it too.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from tenants.programme.strict import Code, Codes, Names, Strict, by_tag


class EveryDays(Strict):
    type: Literal["days"]
    days: int = Field(ge=1, le=366)


class EveryMonths(Strict):
    type: Literal["months"]
    months: int = Field(ge=1, le=24)


class ByCampaign(Strict):
    """No rhythm of its own: when a campaign gives a reason."""

    type: Literal["campaign"]


AnyRhythm = EveryDays | EveryMonths | ByCampaign
Rhythm = Annotated[AnyRhythm, by_tag("type", "unknown-rhythm", EveryDays, EveryMonths, ByCampaign)]


class Task(Strict):
    """Something for the branch to do with each member of some tiers, or of a segment, again and again."""

    code: Code
    names: Names
    ladder: Code | None = None
    tiers: Codes = ()
    segment: Code | None = None
    every: Rhythm

    @model_validator(mode="after")
    def _with_whom(self) -> Self:
        if not for_somebody(self.ladder, self.tiers, self.segment):
            raise PydanticCustomError("task-for-whom", "A task is for a ladder's tiers or for a segment")
        return self


def for_somebody(ladder: str | None, tiers: tuple[str, ...], segment: str | None) -> bool:
    """Whether it names either tiers of a ladder or a segment."""
    by_tier = ladder is not None and bool(tiers)
    return by_tier != (segment is not None) and (ladder is None) == (not tiers)
