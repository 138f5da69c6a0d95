"""What callers send about activities."""

from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from saas.errors import InvalidValueError
from saas.validation import AwareDatetime, Body, ExternalId
from tenants.activities.values import ActivityData, ActivityValue
from tenants.members.bodies import Phone

KIND: Final = r"[a-z][a-z0-9_-]{0,31}"
"""As the programme writes the kinds that it declares."""
Kind = Annotated[str, StringConstraints(pattern=f"^{KIND}$")]


class ActivityBody(Body):
    """Something that a member did. `occurred_at`: now, where left out."""

    member_id: UUID | None = None
    phone: Phone | None = None
    card_no: ExternalId | None = None
    branch_id: UUID | None = None
    kind: Kind
    external_id: ExternalId
    occurred_at: AwareDatetime | None = None
    value: ActivityValue = None
    data: ActivityData = None

    @model_validator(mode="after")
    def _one_member(self) -> Self:
        given = sum(x is not None for x in (self.member_id, self.phone, self.card_no))
        if given > 1:
            raise InvalidValueError("one-of-identifiers", at="/member_id")
        if given == 0:
            raise InvalidValueError("identifier-missing", expected="member_id, phone, card_no")
        return self


class ActivityBatchBody(Body):
    """Up to 1,000 activities, each checked by itself."""

    items: list[Any] = Field(min_length=1)
