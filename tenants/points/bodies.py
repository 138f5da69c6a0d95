"""What callers send about points."""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, model_validator

from saas.errors import InvalidValueError
from saas.field_types import Reason
from saas.validation import ExternalId, LocalDate
from tenants.members.named import OfMember

MOST_POINTS: Final = 10**9


class _AtBranch(OfMember):
    """`external_id`: the caller's own number of it, unique for ever."""

    branch_id: UUID | None = None
    external_id: ExternalId | None = None


class AdjustBody(_AtBranch):
    """Points given (above 0) or taken (below 0) by hand. `expires_on`: the last day of those given; without it they
    live as long as any that are earned today.
    """

    points: Annotated[int, Field(strict=True, ge=-MOST_POINTS, le=MOST_POINTS)]
    reason: Reason
    expires_on: LocalDate | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.points == 0:
            raise InvalidValueError("not-zero", at="/points")
        if self.expires_on is not None and self.points < 0:
            raise InvalidValueError("only-of-points-given", at="/expires_on")
        return self


class RedeemBody(_AtBranch):
    """Points spent at the counter, without a purchase and without a reward of the catalogue."""

    points: Annotated[int, Field(strict=True, ge=1, le=MOST_POINTS)]
    reason: Reason | None = None
