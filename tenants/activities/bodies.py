"""What callers send about activities."""

from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from saas.validation import AwareDatetime, Body, ExternalId
from tenants.activities.values import ActivityData, ActivityValue
from tenants.members.named import OfMember

KIND: Final = r"[a-z][a-z0-9_-]{0,31}"
"""As the programme writes the kinds that it declares."""
Kind = Annotated[str, StringConstraints(pattern=f"^{KIND}$")]


class ActivityBody(OfMember):
    """Something that a member did. `occurred_at`: now, where left out."""

    branch_id: UUID | None = None
    kind: Kind
    external_id: ExternalId
    occurred_at: AwareDatetime | None = None
    value: ActivityValue = None
    data: ActivityData = None


class ActivityBatchBody(Body):
    """Up to 1,000 activities, each checked by itself."""

    items: list[Any] = Field(min_length=1)
