"""What callers send about points."""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from saas.errors import InvalidValueError
from saas.field_types import clean_line
from saas.validation import Body, ExternalId, LocalDate
from tenants.members.bodies import Phone

MOST_POINTS: Final = 10**9
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(clean_line)]


class _OfMember(Body):
    """`external_id`: the caller's own number of it, unique for ever."""

    member_id: UUID | None = None
    phone: Phone | None = None
    card_no: ExternalId | None = None
    branch_id: UUID | None = None
    external_id: ExternalId | None = None

    @model_validator(mode="after")
    def _one_member(self) -> Self:
        given = sum(x is not None for x in (self.member_id, self.phone, self.card_no))
        if given > 1:
            raise InvalidValueError("one-of-identifiers", at="/member_id")
        if given == 0:
            raise InvalidValueError("identifier-missing", expected="member_id, phone, card_no")
        return self


class AdjustBody(_OfMember):
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


class RedeemBody(_OfMember):
    """Points spent at the counter, without a purchase and without a reward of the catalogue."""

    points: Annotated[int, Field(strict=True, ge=1, le=MOST_POINTS)]
    reason: Reason | None = None
