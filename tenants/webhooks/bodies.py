"""Bodies and queries of `/v1/webhooks`."""

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from saas.errors import InvalidValueError
from saas.field_types import clean_text
from saas.outgoing.addresses import OutgoingUrl
from saas.validation import AwareDatetime, Body, ChangeBody, ListQuery
from tenants.events.choosing import require_choice
from tenants.events.types import TYPES

LONGEST_OVERLAP: Final = 168
_DESCRIPTION: Final = 500


def known_type(name: str) -> str:
    """Raises InvalidValueError `unknown-event-type`."""
    if name not in TYPES:
        raise InvalidValueError("unknown-event-type")
    return name


KnownType = Annotated[str, StringConstraints(max_length=100), AfterValidator(known_type)]
EventType = Annotated[str, StringConstraints(max_length=100), AfterValidator(require_choice)]
"""A type, or all of a noun: `purchase.*`."""
EventTypes = Annotated[
    list[EventType], Field(min_length=1, max_length=100), AfterValidator(lambda names: sorted({*names}))
]
Description = Annotated[str, StringConstraints(min_length=1, max_length=_DESCRIPTION), AfterValidator(clean_text)]
DeliveryState = Literal["waiting", "delivered", "failed"]


class NewWebhook(Body):
    """`types` null: every type, also those to come."""

    url: OutgoingUrl
    types: EventTypes | None = None
    description: Description | None = None
    enabled: bool = True


class WebhookChange(ChangeBody):
    """What is left out stays. `types` null: every type."""

    CLEARABLE: ClassVar[frozenset[str]] = frozenset({"types", "description"})

    url: OutgoingUrl | None = None
    types: EventTypes | None = None
    description: Description | None = None
    enabled: bool | None = None


class RotateBody(Body):
    """For how long the secret before signs along; 0: it is over at once."""

    overlap_hours: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP)] = 24


class TestBody(Body):
    """Which type's example to send; none: one that the endpoint takes."""

    type: KnownType | None = None


class ReplayBody(Body):
    """Either `failed`: what failed or waits for another try, or all events from `from` (to `to`), whether they were
    delivered or not, or never sent there. `from` and `to` narrow `failed` too.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["failed"], "properties": {"failed": {"const": True}}},
                {"required": ["from"], "properties": {"from": {"not": {"type": "null"}}}},
            ]
        }
    )

    failed: bool = False
    from_: AwareDatetime | None = Field(default=None, alias="from")
    to: AwareDatetime | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.failed and self.from_ is None:
            raise InvalidValueError("required", at="/from")
        if self.from_ is not None and self.to is not None and self.to <= self.from_:
            raise InvalidValueError("ends-before-it-begins", at="/to")
        return self


class DeliveryQuery(ListQuery):
    """Filters of the log."""

    state: DeliveryState | None = None
    type: Annotated[str, StringConstraints(max_length=100)] | None = None
